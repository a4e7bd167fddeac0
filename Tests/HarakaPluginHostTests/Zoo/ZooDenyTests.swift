// The `deny` hook: told about refusals, it may pardon. docs/hooks.md `deny`.

import HarakaCore
import Testing

extension ZooTests {
    @Suite("deny") struct Deny {
        private func load(_ zoo: Zoo, refusal: Int, deny: Int, _ defines: String...) throws -> ZooClient {
            try zoo.install("refuses", "refuses.c", "CODE=\(refusal)")
            try zoo.install("after", "order.c", "PRIORITY=5")
            try zoo.install("deny", "deny.c", options: (["CODE=\(deny)"] + defines).map { "-D\($0)" })
            try zoo.load("refuses", "after", "deny")
            return zoo.connect()
        }

        private func told(_ code: Int) -> String {
            #"deny: deny [\#(code),"go away","refuses","hook_mail",[<joe|example.com>,{}],"mail"]"#
        }

        @Test("OK pardons: the plugins that were not asked yet are asked", arguments: [902, 903, 904, 909])
        func pardon(code: Int) throws {
            try withZoo { zoo in
                let client = try load(zoo, refusal: code, deny: 906)
                #expect(client.ask(mail) == Verdict(.cont))
                #expect(zoo.heard() == [told(code), "after: seen"])
            }
        }

        @Test("the words of a pardon are those of the last plugin, if nobody was left to be asked")
        func words() throws {
            try withZoo { zoo in
                try zoo.install("refuses", "refuses.c", "CODE=902")
                try zoo.install("deny", "deny.c", "CODE=906")
                try zoo.load("refuses", "deny")
                #expect(zoo.connect().ask(mail) == Verdict(.cont, PluginReply("pardon")))
            }
        }

        @Test("any other answer leaves the refusal as it was", arguments: [900, 902, 903, 904, 905, 909, 910, 12])
        func refusalStays(code: Int) throws {
            try withZoo { zoo in
                let client = try load(zoo, refusal: 902, deny: code)
                #expect(client.ask(mail) == Verdict(.deny, PluginReply("go away")))
                #expect(zoo.heard() == [told(902)])
            }
        }

        @Test("a pardon may come later")
        func later() throws {
            try withZoo { zoo in
                let client = try load(zoo, refusal: 902, deny: 906, "LATER")
                #expect(client.ask(mail) == nil)
                zoo.loop.advance(10)
                #expect(client.lateVerdicts == [.cont])
                #expect(zoo.heard() == [told(902), "after: seen"])
            }
        }

        @Test("a deny hook that never answers lets the refusal stand")
        func never() throws {
            try withZoo { zoo in
                let client = try load(zoo, refusal: 902, deny: 906, "LATER")
                #expect(client.ask(mail) == nil)
                zoo.loop.run { zoo.host.cancel(client.connection) }
                #expect(client.ask(mail) == nil)
                // The first timer answers a question that was withdrawn, the second one this question.
                zoo.loop.advance(10)
                #expect(client.lateVerdicts == [.cont])
            }
        }

        @Test("OK and DISCONNECT do not ask the deny hook", arguments: [(906, HookCode.ok), (905, .disconnect)])
        func others(number: Int, code: HookCode) throws {
            try withZoo { zoo in
                let client = try load(zoo, refusal: number, deny: 906)
                #expect(client.ask(mail) == Verdict(code, PluginReply("go away")))
                #expect(zoo.heard().isEmpty)
            }
        }
    }
}
