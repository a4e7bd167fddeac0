// Time limits of hooks: each plugin's own, and what happens when they are over.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("time limits") struct TimeLimits {
        @Test("after its time limit a hook refuses, the plugin is told, and a late answer is HARAKA_E_TIMED_OUT")
        func timeLimit() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open(timeout: 2)
                zoo.loop.advance(1999)
                #expect(client.lateVerdicts.isEmpty)
                zoo.loop.advance(1)
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("plugin timeout"))])
                #expect(zoo.heard() == ["p: cancelled mail: TIMED_OUT", "p: destroyed mail"])
                let line = "Plugin p timed out on hook mail - make sure it calls the callback"
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == [line])
                other.command("HOOK", "906")
                // Its own later hooks do not make it forget.
                client.command("HOOK", "906")
                #expect(zoo.heard() == ["p: TIMED_OUT", "p: TIMED_OUT"])
                #expect(client.lateVerdicts.count == 1)
                let late = "p answered after its time limit on hook mail; the answer is ignored"
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == [late, late, late])
            }
        }

        @Test("after a time limit the next hook is asked as if nothing had been")
        func afterTimeLimit() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open(timeout: 2)
                zoo.loop.advance(2000)
                #expect(client.ask(.queue) == nil)
                other.command("HOOK", "906")
                #expect(client.lateVerdicts.last == Verdict(.ok, PluginReply("from another hook")))
                #expect(client.ask(mail) == nil)
                client.leave()
                #expect(client.lateVerdicts.count == 2)
            }
        }

        @Test("limits are each plugin's own, and 0 is none")
        func limits() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open(timeout: 0)
                other.command("DEADLINE")
                zoo.loop.advance(1_000_000_000)
                #expect(client.lateVerdicts.isEmpty)
                other.command("THREAD", "906")
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("from a thread"))])
                other.command("DEADLINE")
                let heard = zoo.heard().filter { !$0.contains("thread") }
                #expect(heard == ["p: SUCCESS none", "p: destroyed mail", "p: ANSWERED ?"])
                try zoo.install("q", "pending.c")
                let prepared = try PluginLoader(roots: [zoo.folder]).prepare(["p", "q"]) { $0 == "p" ? 1.5 : 0 }
                let both = try zoo.loop.run { () throws(PluginLoadError) in try zoo.host.build(prepared) }.summary
                #expect(both.first?.rows.map(\.timeoutSeconds) == [1.5, 0])
                let summary = try zoo.build(["p"], timeout: 0.0001).summary
                #expect(summary.first?.rows.map(\.timeoutSeconds) == [0.001])
                #expect(try zoo.build(["p"], timeout: .nan).summary.first?.rows.map(\.timeoutSeconds) == [30])
                #expect(try zoo.build(["p"], timeout: .infinity).summary.first?.rows.map(\.timeoutSeconds) == [1e9])
            }
        }

        @Test("a plugin may ask how long it has, and for the arguments again")
        func deadline() throws {
            try withZoo { zoo in
                let (_, other) = try zoo.open()
                other.command("DEADLINE")
                other.command("ARGUMENTS")
                #expect(zoo.heard() == ["p: SUCCESS 30 s", "p: SUCCESS [<joe|example.com>,{}]"])
            }
        }
    }
}
