// Plugins that do what they must not. None may bring the host down, and each is named in the log.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("misuse") struct Misuse {
        private func load(_ zoo: Zoo, _ source: String) throws -> ZooClient {
            zoo.loop.run {
                zoo.host.resolver = ZooResolver()
                zoo.host.outbound = ZooOutbound()
                zoo.host.smtpClients = ZooSMTPClients()
            }
            try zoo.install("m", source, options: ["-pthread"])
            try zoo.load("m")
            let client = zoo.connect()
            client.beginTransaction()
            return client
        }

        @Test("every function that is for the loop refuses on another thread")
        func wrongThread() throws {
            try withZoo { zoo in
                let client = try load(zoo, "wrong_thread.c")
                #expect(client.answer(mail) != nil)
                // `complete` is for any thread: with the code 300 it ended the hook.
                #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("plugin failed"))])
                #expect(zoo.heard() == ["m: 84 refused, table has 60 slots, 60 called"])
            }
        }

        @Test("random, stale, foreign and zero handles, and NULL, are errors and never memory")
        func spray() throws {
            try withZoo { zoo in
                let client = try load(zoo, "sprays.c")
                zoo.log.level = 8
                client.command("NOTHING")
                #expect(zoo.heard() == ["m: 7 harmless"])
                for _ in 0..<20 {
                    let other = zoo.connect()
                    other.beginTransaction()
                    _ = other.ask(mail)
                    other.end()
                    _ = client.ask(mail)
                    client.command("AGAIN")
                }
                zoo.loop.advance(1)
                #expect(zoo.log.lines.contains { $0.level == HARAKA_LOG_ERROR && $0.message.contains("names nothing") })
            }
        }

        @Test("a handle of another kind with the same place is not taken for a plugin's")
        func foreignKind() throws {
            try withZoo { zoo in
                let client = try load(zoo, "notes.c")
                zoo.loop.run {
                    let state = client.connection.pluginState as? ConnectionState
                    #expect(zoo.host.view(haraka_self(bits: state?.handle.bits ?? 0)) == nil)
                    let own = zoo.host.generation?.plugins.first?.handle.bits ?? 0
                    #expect(zoo.host.view(haraka_self(bits: own)) != nil)
                    #expect(zoo.host.object(haraka_object(bits: own)) == nil)
                    #expect(zoo.host.view(haraka_self(bits: own | 5 << 54)) == nil)
                }
            }
        }

        @Test("a handle of a connection or transaction that is over names nothing, though its place is taken again")
        func stale() throws {
            try withZoo { zoo in
                let client = try load(zoo, "notes.c")
                client.command("GET", "transaction")
                let old = zoo.loop.run {
                    let connection = client.connection.pluginState as? ConnectionState
                    let transaction = client.connection.transaction?.pluginState as? TransactionState
                    return [connection?.handle.bits, transaction?.handle.bits].compactMap { $0 }
                }
                #expect(old.count == 2)
                client.end()
                let other = zoo.connect()
                other.beginTransaction()
                other.command("GET", "transaction")
                zoo.loop.run { for bits in old { #expect(zoo.host.object(haraka_object(bits: bits)) == nil) } }
            }
        }

        @Test("host functions may be called inside every callback")
        func reentrancy() throws {
            try withZoo { zoo in
                let client = try load(zoo, "reenters.c")
                #expect(client.ask(.rcptOK(mailArguments)) == Verdict(.ok))
                client.command("TIMER")
                client.command("JOB")
                zoo.loop.advance(1)
                #expect(client.ask(mail) == nil)
                client.leave()
                client.end()
                #expect(zoo.stop())
                let heard = Set(zoo.heard())
                for place in ["register", "hook", "timer", "job", "cancel", "shutdown", "pointer", "data", "posted"] {
                    #expect(heard.contains("m: \(place)"))
                }
                #expect(heard.contains("m: arguments GONE"))
                zoo.loop.run {
                    #expect(zoo.host.doomed.isEmpty)
                    #expect(zoo.host.waiting.isEmpty)
                    #expect(zoo.host.ready.isEmpty)
                    #expect(zoo.host.depth == 0)
                }
            }
        }

        @Test("values that are too deep, hold themselves, or are too much are refused, the rest is copied")
        func nesting() throws {
            try withZoo { zoo in
                let client = try load(zoo, "nests.c")
                #expect(client.ask(mail) == .cont)
                let said = [
                    "32 deep SUCCESS", "33 deep LIMIT", "1000 deep LIMIT", "itself LIMIT", "map of itself LIMIT",
                    "doubling LIMIT", "wide LIMIT", "negative LIMIT", "no items ARGUMENT", "no type ARGUMENT",
                    "no value ARGUMENT", "long LIMIT", "no text ARGUMENT",
                ]
                #expect(zoo.heard() == said.map { "m: \($0)" })
                client.command("BIG")
                let big = ["many keys SUCCESS", "50000, the last is 99999", "16 MiB SUCCESS", "17 MiB LIMIT"]
                #expect(zoo.heard() == big.map { "m: \($0)" })
            }
        }

        @Test("cancelling and ending a run twice is harmless, and an ended run refuses for now")
        func endedRun() throws {
            try withZoo { zoo in
                try zoo.install("m", "order.c")
                try zoo.load("m")
                let client = zoo.connect()
                zoo.loop.run {
                    let state = client.connection.pluginState as? ConnectionState
                    let run = state?.hookRun()
                    #expect(zoo.host.ask(mail, client.connection) == .cont)
                    run?.cancel(as: .gone)
                    run?.cancel(as: .gone)
                    run?.end()
                    run?.end()
                    #expect(zoo.host.ask(mail, client.connection) == Verdict(.denySoft, PluginReply("plugin failed")))
                }
            }
        }
    }
}
