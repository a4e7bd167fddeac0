// dns/1: plugin.h.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

private func mx(_ name: String) -> NameAnswer {
    var answer = NameAnswer(NameQuestion(name, 15), .found)
    answer.security = .secure
    answer.ttl = 60
    answer.canonical = "real.example"
    answer.records = [
        NameRecord(type: 15, ttl: 60, priority: 5, text: "a.example", data: [0, 5, 1, 97, 0]),
        NameRecord(type: 15, ttl: 61, priority: 10, text: ".", data: []),
    ]
    return answer
}

extension ZooTests {
    @Suite("names") struct NameTests {
        /// A client of the plugin `n`, and who answers it.
        func open(_ zoo: Zoo, _ mode: String = "answer") throws -> (ZooClient, ZooResolver) {
            let resolver = ZooResolver()
            resolver.known["known.example"] = mx("known.example")
            zoo.loop.run { zoo.host.resolver = resolver }
            try zoo.install("n", "names.c", options: ["-pthread"])
            try zoo.load("n")
            let client = zoo.connect()
            client.command("MODE", mode)
            return (client, resolver)
        }

        let told = " 15 ttl 60 -> real.example '' 15/60/5/a.example/5 15/61/10/./0"

        @Test("a host without a resolver does not offer it")
        func absent() throws {
            try withZoo { zoo in
                try zoo.install("n", "names.c", options: ["-pthread"])
                #expect(
                    zoo.refusal("n")?.contains("HARAKA_E_UNSUPPORTED") == true
                        || zoo.refusal("n")?.contains("dns/1") == true)
            }
        }

        @Test("a remembered answer comes as soon as the plugin has returned, in the same turn of the loop")
        func remembered() throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                zoo.loop.run {
                    #expect(
                        zoo.host.ask(.unrecognizedCommand(word: "ASK", rest: "KNOWN.example."), client.connection)
                            == nil)
                    #expect(client.verdicts == [Verdict(.ok)])
                }
                #expect(zoo.heard() == ["n: SUCCESS", "n: bound: 0 1 known.example\(told)", "n: destroyed bound"])
                #expect(resolver.lookups.isEmpty)
            }
        }

        @Test("another comes when it comes, and the hook's time limit bounds it")
        func lookedUp() throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                #expect(client.command("ASK", "Other.example") == nil)
                #expect(resolver.lookups.map(\.question) == [NameQuestion("other.example", 15)])
                #expect(resolver.lookups.map(\.milliseconds) == [30_000])
                #expect(!resolver.lookups[0].strict)
                zoo.loop.run { resolver.answer(0, mx("other.example")) }
                #expect(client.lateVerdicts == [Verdict(.ok)])
                #expect(zoo.heard() == ["n: SUCCESS", "n: bound: 0 1 other.example\(told)", "n: destroyed bound"])
                #expect(zoo.loop.pendingTimers == 0)
            }
        }

        @Test("a shorter limit of the plugin's counts, and strict is handed on")
        func options() throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                #expect(client.ask(mail) == nil)
                client.command("STRICT", "x.example")
                client.command("ALONE", "y.example")
                #expect(resolver.lookups.map(\.milliseconds) == [500, 1234, 3_600_000])
                #expect(resolver.lookups.map(\.strict) == [false, true, false])
            }
        }

        @Test("the frame names the hook while the answer is told, or that it is a lookup")
        func frames() throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo, "x")
                nonisolated(unsafe) var seen: [String] = []
                let faults = zoo.host.faults
                zoo.log.observe { _ in
                    let frame = faults.running.pointee
                    seen.append(
                        "\(faults.pluginName(frame.plugin) ?? "-") \(faults.hookName(frame.hook) ?? "-") \(frame.connection)"
                    )
                }
                _ = client.ask(mail)
                zoo.connect("OTHER").command("ALONE", "y.example")
                zoo.loop.run {
                    resolver.answer(0, mx("a"))
                    resolver.answer(1, mx("b"))
                }
                #expect(seen.contains("n lookup 0"))
                #expect(seen.contains("n mail 1"))
                #expect(seen[0] == "n unrecognized_command 2")
                _ = zoo.heard()
            }
        }

        @Test(
            "a name that is none is answered so, and nobody is asked",
            arguments: ["", ".", "a..b", "a b", "a\\b", "\u{7f}"])
        func badName(name: String) throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                client.command("ASK", name)
                #expect(client.lateVerdicts == [Verdict(.deny)])
                #expect(resolver.lookups.isEmpty)
                #expect(zoo.heard()[1].hasPrefix("n: bound: 6 0 \(name) 15"))
            }
        }

        @Test(
            "the hook ends: its lookups are cancelled, and their callbacks do not run", arguments: ["ANSWER", "THREAD"])
        func hookEnds(command: String) throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                client.command("TWO", "x.example")
                zoo.connect("OTHER").command(command)
                #expect(client.lateVerdicts == [Verdict(.ok)])
                #expect(resolver.lookups.map(\.isCancelled) == [true, true])
                #expect(
                    zoo.heard().filter { $0.hasPrefix("n: destroyed") }.sorted() == [
                        "n: destroyed bound", "n: destroyed second",
                    ])
            }
        }

        @Test(
            "the client leaves; the time limit is over; the answer was CONT at once",
            arguments: ["leave", "limit", "cont"])
        func ends(how: String) throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                client.command(how == "cont" ? "CONT" : "ASK", "x.example")
                if how == "leave" { client.leave() }
                if how == "limit" { zoo.loop.advance(31_000) }
                #expect(resolver.lookups.map(\.isCancelled) == [true])
                #expect(zoo.heard().filter { $0 == "n: destroyed bound" }.count == 1)
            }
        }

        @Test("an answer that comes when a thread has just answered is given to nobody")
        func race() throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo)
                client.command("ASK", "x.example")
                let other = zoo.connect("OTHER")
                zoo.loop.run {
                    _ = zoo.host.ask(.unrecognizedCommand(word: "THREAD", rest: ""), other.connection)
                    resolver.answer(0, mx("x.example"))
                }
                #expect(client.lateVerdicts == [Verdict(.ok)])
                let heard = zoo.heard()
                #expect(!heard.contains { $0.hasPrefix("n: bound") })
                #expect(heard.filter { $0 == "n: destroyed bound" }.count == 1)
            }
        }

        @Test("a lookup for no hook outlives them, and can be cancelled once")
        func cancel() throws {
            try withZoo { zoo in
                let (client, resolver) = try open(zoo, "cancel")
                client.command("ALONE", "x.example")
                client.end()
                let other = zoo.connect("OTHER")
                other.command("CANCEL")
                other.command("CANCEL")
                #expect(resolver.lookups[0].isCancelled)
                #expect(zoo.heard() == ["n: SUCCESS", "n: SUCCESS", "n: destroyed alone", "n: HANDLE"])
                // Inside of its own callback it is over already.
                other.command("ALONE", "y.example")
                zoo.loop.run { resolver.answer(1, mx("y.example")) }
                #expect(
                    zoo.heard() == ["n: SUCCESS", "n: alone: 0 1 y.example\(told)", "n: HANDLE", "n: destroyed alone"])
            }
        }

        @Test("the generation ends: lookups are cancelled, and the log says how many at debug")
        func revoked() throws {
            try withZoo { zoo in
                zoo.log.level = HARAKA_LOG_PROTOCOL
                let (client, resolver) = try open(zoo)
                client.command("ALONE", "x.example")
                client.end()
                #expect(zoo.stop())
                #expect(resolver.lookups[0].isCancelled)
                #expect(zoo.heard() == ["n: SUCCESS", "n: destroyed alone"])
                #expect(zoo.log.messages(HARAKA_LOG_WARN).isEmpty)
                #expect(zoo.log.messages(HARAKA_LOG_DEBUG).contains("lookups given up at its end: 1"))
            }
        }
    }
}
