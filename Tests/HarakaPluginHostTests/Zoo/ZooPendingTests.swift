// Answers that come later: from timers, threads and other hooks, too late, or never.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

extension Zoo {
    /// A client of the plugin `pending` whose hook is open, and one that tells the plugin what to do.
    func open(_ question: Question = mail, timeout: Double = 30) throws -> (ZooClient, ZooClient) {
        try install("p", "pending.c")
        try load("p", timeout: timeout)
        let client = connect("FIRST")
        client.beginTransaction()
        #expect(client.ask(question) == nil)
        if question == mail { #expect(heard() == ["p: SUCCESS", "p: again STATE"]) }
        return (client, connect("OTHER"))
    }
}

extension ZooTests {
    @Suite("pending answers") struct Pending {
        @Test("a hook is answered from a timer, and what was left for a cancel is destroyed")
        func timer() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open()
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
                let (client, other) = try zoo.open()
                other.command("THREAD", "906")
                #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("from a thread"))])
                #expect(zoo.heard() == ["p: thread SUCCESS", "p: destroyed mail"])
            }
        }

        @Test("a hook is answered from inside another client's hook")
        func otherHook() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open()
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
                let count = 10_000
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
                let (client, other) = try zoo.open()
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

        @Test("when the client leaves the plugin is told once, and its answer is HARAKA_E_GONE")
        func clientLeft() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open()
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
                let (client, other) = try zoo.open()
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
                let (client, other) = try zoo.open()
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
                let (client, other) = try zoo.open()
                #expect(client.ask(.resetTransaction) == nil)
                #expect(zoo.heard() == ["p: cancelled mail: GONE", "p: destroyed mail"])
                other.command("HOOK", "906")
                #expect(client.lateVerdicts.count == 1)
            }
        }

        @Test("a pending answer of a retired generation is taken, and the connection stays with that generation")
        func retired() throws {
            try withZoo { zoo in
                let (client, other) = try zoo.open()
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
                let (client, other) = try zoo.open()
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
