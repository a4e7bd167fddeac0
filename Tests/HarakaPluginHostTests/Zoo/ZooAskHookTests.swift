// Asking other plugins inside a hook: plugin.h "ask_hook".

import CHarakaFault
import Foundation
import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("asking other plugins") struct AskHookTests {
        private func open(_ zoo: Zoo, _ mode: String) throws -> ZooClient {
            try zoo.install("h", "asks_hooks.c")
            try zoo.load("h")
            let client = zoo.connect()
            client.command("MODE", mode)
            return client
        }

        private let seen = #"h: auth_plain in auth_plain: ["plain","user","s3cret"]"#

        @Test("its plugins are asked when the one that asks has returned, and their verdict comes with its words")
        func verdict() throws {
            try withZoo { zoo in
                let client = try open(zoo, "deny")
                #expect(client.command("ASK", "auth_plain") == Verdict(.deny, PluginReply("the password is s3cret")))
                let told = "h: decided: 902 1 'the password is s3cret' 0 0.0.0 null"
                #expect(zoo.heard() == ["h: SUCCESS", seen, told, "h: destroyed decided"])
                #expect(zoo.loop.run { client.connection.pluginState != nil })
            }
        }

        @Test("nobody decides: CONT; nobody is there: HARAKA_E_ABSENT; a hook of the core's: HARAKA_E_ARGUMENT")
        func nobody() throws {
            try withZoo { zoo in
                let client = try open(zoo, "cont")
                #expect(client.command("ASK", "my-own") == Verdict(.deny))
                #expect(zoo.heard().contains("h: decided: 900 0 '' 0 0.0.0 null"))
                for hook in ["auth_login", "nobody", "mail", "", "unrecognized_command"] {
                    client.command("AT_ONCE", hook)
                }
                #expect(zoo.heard() == ["ABSENT", "ABSENT", "ARGUMENT", "ARGUMENT", "ARGUMENT"].map { "h: \($0)" })
            }
        }

        @Test("a plugin may take its time; its words, its code, its status and its value arrive")
        func pending() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                #expect(client.command("ASK", "auth-plain") == nil)
                #expect(client.lateVerdicts.isEmpty)
                zoo.connect("OTHER").command("INNER", "903")
                let reply = PluginReply(
                    lines: ["later"], code: 454, status: EnhancedStatus(class: 4, subject: 7, detail: 0),
                    value: .integer(7))
                #expect(client.lateVerdicts == [Verdict(.denySoft, reply)])
                #expect(
                    zoo.heard()
                        == [
                            "h: SUCCESS", "h: auth_plain in auth-plain: [\"plain\",\"user\",\"s3cret\"]", "h: SUCCESS",
                            "h: decided: 903 1 'later' 454 4.7.0 7", "h: destroyed inner", "h: destroyed decided",
                        ])
            }
        }

        @Test("its time limit is its own, and the one of the hook that waits stands still")
        func timeLimit() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.command("ASK", "auth_plain")
                zoo.loop.advance(29_000)
                zoo.connect("OTHER").command("LEFT")
                zoo.loop.advance(2000)
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("plugin timeout"))])
                let heard = zoo.heard()
                #expect(heard.contains("h: SUCCESS much"))
                #expect(heard.contains("h: cancelled inner"))
                #expect(heard.contains("h: decided: 903 1 'plugin timeout' 0 0.0.0 null"))
                let line = "Plugin h timed out on hook auth_plain - make sure it calls the callback"
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == [line])
            }
        }

        @Test("the client leaves: both are cancelled, and each context goes once")
        func leaves() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.command("ASK", "auth_plain")
                client.leave()
                zoo.connect("OTHER").command("INNER", "906")
                zoo.connect("THIRD").command("OUTER")
                let heard = zoo.heard()
                #expect(heard.filter { $0 == "h: cancelled inner" }.count == 1)
                #expect(heard.filter { $0 == "h: destroyed inner" }.count == 1)
                #expect(heard.filter { $0 == "h: destroyed decided" }.count == 1)
                #expect(Array(heard.suffix(2)) == ["h: GONE", "h: GONE"])
                #expect(client.lateVerdicts.isEmpty)
                #expect(zoo.loop.pendingTimers == 0)
            }
        }

        @Test("the hook that waits is answered otherwise: who was asked is told, and his answer is too late")
        func answeredMeanwhile() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.command("ASK", "auth_plain")
                zoo.connect("OTHER").command("OUTER")
                #expect(client.lateVerdicts == [Verdict(.ok)])
                zoo.connect("THIRD").command("INNER", "906")
                let heard = zoo.heard()
                #expect(
                    heard.filter { $0.contains("cancelled") || $0.contains("destroyed") }.sorted() == [
                        "h: cancelled inner", "h: destroyed decided", "h: destroyed inner",
                    ])
                #expect(heard.last == "h: GONE")
            }
        }

        @Test("answered before it has begun: nobody is asked")
        func atOnce() throws {
            try withZoo { zoo in
                let client = try open(zoo, "ok")
                #expect(client.command("AT_ONCE", "auth_plain") == Verdict(.ok))
                #expect(zoo.heard() == ["h: SUCCESS", "h: destroyed decided"])
            }
        }

        @Test("one at a time for each hook")
        func twice() throws {
            try withZoo { zoo in
                let client = try open(zoo, "ok")
                #expect(client.command("TWICE", "auth_plain") == Verdict(.ok))
                #expect(Array(zoo.heard().prefix(2)) == ["h: SUCCESS", "h: STATE"])
            }
        }

        @Test("a hook that asks itself comes to an end")
        func depth() throws {
            try withZoo { zoo in
                let client = try open(zoo, "ok")
                #expect(client.command("ASK", "deeper") == Verdict(.ok))
                let heard = zoo.heard()
                #expect(heard.contains("h: LIMIT after 8"))
                #expect(heard.filter { $0 == "h: 906 from below" }.count == 7)
            }
        }

        @Test("a generation that ends destroys both contexts once")
        func revoked() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                client.command("ASK", "auth_plain")
                #expect(zoo.stop())
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("server is stopping"))])
                let heard = zoo.heard()
                #expect(heard.filter { $0 == "h: destroyed inner" }.count == 1)
                #expect(heard.filter { $0 == "h: destroyed decided" }.count == 1)
            }
        }

        @Test("what a plugin asks others is no business of deny and ok", arguments: ["auth_plain", "my-own"])
        func isPrivate(hook: String) throws {
            try withZoo { zoo in
                try zoo.install("d", "deny.c", "CODE=906")
                try zoo.install("h", "asks_hooks.c")
                try zoo.load("d", "h")
                let client = zoo.connect()
                client.command("MODE", "deny")
                client.command("ASK", hook)
                let heard = zoo.heard()
                #expect(heard.contains("h: decided: 902 1 'the password is s3cret' 0 0.0.0 null"))
                // Of the plugin's own hook it hears.
                #expect(heard.filter { $0.hasPrefix("d: ") }.count == 1)
            }
        }

        @Test(
            "no line of the log holds what was asked or answered, and the fault page neither",
            arguments: ["deny", "pending"])
        func secrets(mode: String) throws {
            try withZoo { zoo in
                zoo.log.level = HARAKA_LOG_DATA
                let client = try open(zoo, mode)
                client.command("ASK", "auth_plain")
                if mode == "pending" { client.leave() }
                client.command("AUTH", "PLAIN AHVzZXIAczNjcmV0")
                let lines = zoo.log.lines.filter { $0.level != HARAKA_LOG_PROTOCOL }.map(\.message)
                // The plugin's own answer of its own hook is what it gives the client.
                let own = lines.filter { !$0.contains("hook=unrecognized_command") }
                let leaks = own.filter { $0.contains("s3cret") } + lines.filter { $0.contains("AHVzZXIAczNjcmV0") }
                #expect(leaks.isEmpty)
                if mode == "deny" {
                    let line = "hook=auth_plain plugin=h function=(function) params=[hidden] retval=DENY msg=[hidden]"
                    #expect(own.contains(line))
                }
                let page = zoo.loop.run {
                    Data(bytes: zoo.host.faults.page, count: MemoryLayout<haraka_fault_page>.size)
                }
                #expect(page.range(of: Data("s3cret".utf8)) == nil)
                #expect(page.range(of: Data("CLIENT".utf8)) != nil)
            }
        }

        @Test(
            "what follows AUTH and its mechanism is a secret",
            arguments: [
                ("AUTH", "PLAIN AHUAcA==", "AUTH,PLAIN [hidden]"), ("auth", "login", "auth,login"),
                ("AUTH", "", "AUTH"),
                ("AUTH", "AHUAcA==", "AUTH,[hidden]"), ("Auth", "s3cret more", "Auth,[hidden]"),
                ("XFOO", "bar", "XFOO,bar"),
                ("AUTH", "  PLAIN\tx", "AUTH,PLAIN [hidden]"),
            ])
        func mask(word: String, rest: String, shown: String) {
            #expect(Question.unrecognizedCommand(word: word, rest: rest).parameterText() == shown)
            #expect(Question.named("any", word: word, rest: rest).parameterText() == shown)
        }
    }
}
