// A generation that is built while clients are served: one plugin per turn of the loop.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

/// How a build went.
private final class Outcome: @unchecked Sendable {
    private let lock = ZooLock()
    private var results: [Result<Generation, PluginLoadError>] = []

    func add(_ result: Result<Generation, PluginLoadError>) { lock.with { results.append(result) } }
    var all: [Result<Generation, PluginLoadError>] { lock.with { results } }
    var errors: [String] {
        all.compactMap { result in
            if case .failure(let error) = result { return "\(error)" }
            return nil
        }
    }
}

extension ZooTests {
    @Suite("building while serving") struct Builds {
        private func prepared(_ zoo: Zoo, _ names: [String]) throws -> PreparedPlugins {
            for name in names { try zoo.install(name, "versions.c", "VERSION=\"\(name)\"") }
            return try PluginLoader(roots: [zoo.folder]).prepare(names) { _ in 30 }
        }

        @Test("between two plugins the loop does other things")
        func turns() throws {
            try withZoo { zoo in
                let prepared = try prepared(zoo, ["a", "b", "c"])
                let outcome = Outcome()
                let log = zoo.log
                zoo.loop.run {
                    zoo.host.build(prepared, then: outcome.add)
                    #expect(zoo.host.status().generations.map(\.state) == [.building])
                    for _ in 0..<4 {
                        zoo.loop.execute { log.log(HARAKA_LOG_PROTOCOL, uuid: "-", origin: "loop", "turn") }
                    }
                }
                let heard = zoo.heard()
                #expect(
                    heard.filter { $0 != "loop: turn" } == ["a", "b", "c"].map { "\($0): version \($0) registers" })
                #expect(heard.firstIndex(of: "loop: turn").map { $0 < 2 } == true)
                let generation = try #require(outcome.all.first).get()
                #expect(generation.names == ["a", "b", "c"])
                #expect(outcome.all.count == 1)
                #expect(zoo.loop.run { zoo.host.builder == nil })
            }
        }

        @Test("one build at a time")
        func once() throws {
            try withZoo { zoo in
                let prepared = try prepared(zoo, ["a"])
                let outcome = Outcome()
                zoo.loop.run {
                    zoo.host.build(prepared, then: outcome.add)
                    zoo.host.build(prepared, then: outcome.add)
                    #expect(throws: PluginLoadError("", "plugins are being loaded already")) {
                        try zoo.host.build(prepared)
                    }
                }
                zoo.loop.drain()
                #expect(outcome.errors == ["plugins are being loaded already"])
                #expect(outcome.all.count == 2)
            }
        }

        @Test("a plugin that refuses ends it: the others are shut down, all are unmapped, the next build may begin")
        func refused() throws {
            try withZoo { zoo in
                try zoo.install("sick", "refuses_to_load.c", "STATUS=HARAKA_E_IO")
                let outcome = Outcome()
                let first = try prepared(zoo, ["a", "b"])
                let sick = try zoo.prepare("a", "sick", "b")
                zoo.loop.run { zoo.host.build(sick, then: outcome.add) }
                let heard = zoo.heard()
                #expect(outcome.errors == ["plugin sick: its haraka_register refused with HARAKA_E_IO"])
                #expect(heard.contains("a: version a shuts down after 0 calls, hook shutdown"))
                #expect(!heard.contains("b: version b registers"))
                #expect(zoo.unloaded == 2)
                zoo.loop.run { zoo.host.build(first, then: outcome.add) }
                zoo.loop.drain()
                #expect(outcome.all.count == 2)
                #expect(outcome.errors.count == 1)
            }
        }

        @Test("a stop ends a build that is under way, and waits for what it had loaded")
        func stopped() throws {
            try withZoo { zoo in
                try zoo.install("slow", "slow_shutdown.c", "DELAY=1000")
                let prepared = try zoo.prepare("slow")
                let outcome = Outcome()
                let isDone = ZooFlag()
                let many = try self.prepared(zoo, ["a", "b", "c", "d"])
                let host = zoo.host
                zoo.loop.run {
                    host.build(prepared.adding(many), then: outcome.add)
                    zoo.loop.execute {
                        host.stop(within: 5000) { isDone.raise() }
                    }
                }
                zoo.loop.drain()
                #expect(outcome.errors == ["the server is stopping"])
                #expect(outcome.all.count == 1)
                #expect(!zoo.heard().contains("a: version a registers"))
                #expect(!isDone.isRaised)
                zoo.loop.advance(1000)
                #expect(isDone.isRaised)
                #expect(zoo.loop.run { zoo.host.endingGenerations.isEmpty })
                #expect(throws: PluginLoadError("", "the server is stopping")) {
                    try zoo.loop.run { () throws(PluginLoadError) in _ = try zoo.host.build(many) }
                }
            }
        }

        @Test("a stop hurries a generation that is shutting down already")
        func hurried() throws {
            try withZoo { zoo in
                try zoo.install("slow", "slow_shutdown.c", "DELAY=0")
                try zoo.load("slow")
                try zoo.commit(zoo.build([]))
                #expect(zoo.loop.run { zoo.host.endingGenerations.count } == 1)
                #expect(!zoo.stop(within: 2000))
                _ = zoo.heard()
                zoo.loop.advance(2100)
                #expect(zoo.heard() == ["slow: cancelled shutdown", "slow: destroyed shutdown"])
                #expect(zoo.loop.run { zoo.host.endingGenerations.isEmpty })
            }
        }
    }
}

extension PreparedPlugins {
    /// These, and then others.
    fileprivate func adding(_ others: PreparedPlugins) -> PreparedPlugins {
        var all = self
        all.places += others.places
        return all
    }
}
