// Answers that come later: from timers, threads and other hooks, too late, or never.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

extension ZooTests {
    @Suite("pending answers") struct Pending {
        /// A client whose `mail` hook is open, and one that tells the plugin what to do.
        private func open(_ zoo: Zoo, _ question: Question = mail, timeout: Double = 30) throws -> (ZooClient, ZooClient) {
            try zoo.install("p", "pending.c")
            try zoo.load("p", timeout: timeout)
            let client = zoo.connect("FIRST")
            client.beginTransaction()
            #expect(client.ask(question) == nil)
            if question == mail { #expect(zoo.heard() == ["p: SUCCESS", "p: again STATE"]) }
            return (client, zoo.connect("OTHER"))
        }

        @Test("a hook is answered from a timer, and what was left for a cancel is destroyed")
        func timer() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                other.command("TIMER", "902")
                zoo.loop.advance(999)
                #expect(client.lateVerdicts.isEmpty)
                zoo.loop.advance(1)
                #expect(client.lateVerdicts == [Verdict(.deny, PluginReply("from a timer"))])
                #expect(zoo.heard() == ["p: timer SUCCESS", "p: destroyed mail", "p: destroyed timer"])
                #expect(zoo.loop.pendingTimers == 0)
            }
        }

        @Test("a hook is answered from another thread")
        func thread() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                other.command("THREAD", "906")
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("from a thread"))])
                #expect(zoo.heard() == ["p: thread SUCCESS", "p: destroyed mail"])
            }
        }

        @Test("a hook is answered from inside another client's hook")
        func otherHook() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                #expect(other.command("HOOK", "903") == Verdict(.ok))
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("from another hook"))])
                #expect(zoo.heard() == ["p: SUCCESS", "p: destroyed mail"])
            }
        }

        @Test("hooks that answer each other in a long row use no stack")
        func row() throws {
            try withZoo { zoo in
                try zoo.install("chain", "answers_in_a_row.c")
                try zoo.load("chain")
                let count = 3000
                let clients = (0..<count).map { zoo.connect("\($0)") }
                let first = zoo.connect()
                // Each client's next hook answers the client before it.
                zoo.loop.run {
                    for client in clients {
                        client.onCompleted = { [unowned client] _ in _ = zoo.host.ask(.data, client.connection) }
                        #expect(zoo.host.ask(mail, client.connection) == nil)
                    }
                    _ = zoo.host.ask(.data, first.connection)
                }
                #expect(clients.allSatisfy { $0.lateVerdicts == [.cont] })
                #expect(zoo.heard() == ["chain: \(count) answered"])
            }
        }

        @Test("a second, later answer is HARAKA_E_ANSWERED and named in the log, from any thread")
        func twice() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                other.command("THREAD", "906")
                #expect(client.lateVerdicts.count == 1)
                other.command("THREAD", "902")
                other.command("HOOK", "902")
                #expect(client.lateVerdicts.count == 1)
                #expect(
                    zoo.heard() == ["p: thread SUCCESS", "p: destroyed mail", "p: thread ANSWERED", "p: ANSWERED"])
                let line = "p plugin ran callback multiple times - ignoring subsequent calls (on hook mail)"
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == [line, line])
            }
        }

        @Test("after its time limit a hook refuses for now, the plugin is told, and a late answer is HARAKA_E_TIMED_OUT")
        func timeLimit() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo, timeout: 2)
                zoo.loop.advance(1999)
                #expect(client.lateVerdicts.isEmpty)
                zoo.loop.advance(1)
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("plugin timeout"))])
                #expect(zoo.heard() == ["p: cancelled mail: TIMED_OUT", "p: destroyed mail"])
                let line = "Plugin p timed out on hook mail - make sure it calls the callback"
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == [line])
                other.command("HOOK", "906")
                #expect(zoo.heard() == ["p: TIMED_OUT"])
                #expect(client.lateVerdicts.count == 1)
                let late = "p answered after its time limit on hook mail; the answer is ignored"
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == [late, late])
            }
        }

        @Test("after a time limit the next hook is asked as if nothing had been")
        func afterTimeLimit() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo, timeout: 2)
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
                let (client, other) = try open(zoo, timeout: 0)
                other.command("DEADLINE")
                zoo.loop.advance(1_000_000_000)
                #expect(client.lateVerdicts.isEmpty)
                other.command("THREAD", "906")
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("from a thread"))])
                other.command("DEADLINE")
                let heard = zoo.heard().filter { !$0.contains("thread") }
                #expect(heard == ["p: SUCCESS none", "p: destroyed mail", "p: ANSWERED ?"])
                let summary = try zoo.build(["p"], timeout: 0.0001).summary
                #expect(summary.first?.rows.map(\.timeoutSeconds) == [0.001])
                #expect(try zoo.build(["p"], timeout: .nan).summary.first?.rows.map(\.timeoutSeconds) == [30])
                #expect(try zoo.build(["p"], timeout: .infinity).summary.first?.rows.map(\.timeoutSeconds) == [1e9])
            }
        }

        @Test("a plugin may ask how long it has, and for the arguments again")
        func deadline() throws {
            try withZoo { zoo in
                let (_, other) = try open(zoo)
                other.command("DEADLINE")
                other.command("ARGUMENTS")
                #expect(zoo.heard() == ["p: SUCCESS 30 s", "p: SUCCESS [<joe|example.com>,{}]"])
            }
        }

        @Test("when the client leaves the plugin is told once, and its answer is HARAKA_E_GONE")
        func clientLeft() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                client.leave()
                #expect(zoo.heard() == ["p: cancelled mail: GONE", "p: destroyed mail"])
                client.leave()
                other.command("HOOK", "906")
                other.command("THREAD", "906")
                #expect(zoo.heard() == ["p: GONE", "p: thread GONE"])
                #expect(client.lateVerdicts.isEmpty)
                client.end()
                #expect(zoo.heard().isEmpty)
                #expect(zoo.loop.pendingTimers == 0)
            }
        }

        @Test("a connection that ends without warning cancels as well")
        func ended() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                client.end()
                #expect(zoo.heard() == ["p: cancelled mail: GONE", "p: destroyed mail"])
                other.command("TIMER", "902")
                zoo.loop.advance(60_000)
                #expect(zoo.heard() == ["p: timer GONE", "p: destroyed timer"])
            }
        }

        @Test("required hooks run after the client has left and are not cancelled; others are not asked any more")
        func requiredHooks() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                client.leave()
                _ = zoo.heard()
                #expect(client.ask(mail) == .cont)
                #expect(client.ask(.resetTransaction) == nil)
                zoo.loop.run { zoo.host.cancel(client.connection) }
                other.command("HOOK", "906")
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("from another hook"))])
            }
        }

        @Test("a required hook that starts while another hook waits cancels that one")
        func requiredHookCancels() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                #expect(client.ask(.resetTransaction) == nil)
                #expect(zoo.heard() == ["p: cancelled mail: GONE", "p: destroyed mail"])
                other.command("HOOK", "906")
                #expect(client.lateVerdicts.count == 1)
            }
        }

        @Test("a pending answer of a retired generation is taken, and the connection stays with that generation")
        func retired() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                let first = zoo.loop.run { zoo.host.generation }
                try zoo.load("p")
                #expect(zoo.loop.run { zoo.host.generation(of: client.connection) } === first)
                other.command("HOOK", "906")
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("from another hook"))])
                #expect(zoo.heard() == ["p: SUCCESS", "p: destroyed mail"])
            }
        }

        @Test("at a plain stop an open hook is revoked: it refuses for now, and later hooks do too")
        func revoked() throws {
            try withZoo { zoo in
                let (client, other) = try open(zoo)
                #expect(zoo.stop())
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("server is stopping"))])
                #expect(zoo.heard() == ["p: cancelled mail: REVOKED", "p: destroyed mail"])
                #expect(other.command("HOOK", "906") == Verdict(.denySoft, PluginReply("server is stopping")))
                #expect(client.ask(.resetTransaction) == .cont)
                let line = "Plugin p had not answered the hook mail when it ended; revoked"
                #expect(zoo.log.messages(HARAKA_LOG_WARN) == [line])
            }
        }

        @Test("skip_plugins leaves a plugin out for the rest of the transaction")
        func skipPlugins() throws {
            try withZoo { zoo in
                try zoo.install("a", "order.c")
                try zoo.install("b", "order.c")
                try zoo.load("a", "b")
                let client = zoo.connect()
                client.beginTransaction()
                zoo.loop.run { _ = client.connection.transaction?.notes.set("skip_plugins", .list([.text("a")])) }
                #expect(client.ask(mail) == .cont)
                client.beginTransaction()
                #expect(client.ask(mail) == .cont)
                #expect(zoo.heard() == ["b: seen", "a: seen", "b: seen"])
            }
        }
    }
}
