// Generations: built, swapped in, drained, shut down, replaced by new bytes. docs/plugin-abi.md items 22, 23.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("generations") struct Generations {
        private func install(_ zoo: Zoo, _ version: Int, _ names: String...) throws {
            for name in names { try zoo.install(name, "versions.c", "VERSION=\"\(version)\"") }
        }

        /// What is heard of a plugin that nobody asked.
        private let unusedLife = ["v: version 1 registers", "v: version 1 shuts down after 0 calls, hook shutdown"]

        @Test("new bytes under the same name are new code, old connections keep the old one, each ends with its last")
        func replaced() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                try zoo.load("v")
                let old = zoo.connect()
                #expect(old.ask(mail) == .cont)
                try install(zoo, 2, "v")
                try zoo.load("v")
                let new = zoo.connect()
                #expect(new.ask(mail) == .cont)
                #expect(old.ask(mail) == .cont)
                let calls = ["1 registers", "1, call 1", "2 registers", "2, call 1", "1, call 2"]
                #expect(zoo.heard() == calls.map { "v: version \($0)" })
                old.end()
                #expect(zoo.heard() == ["v: version 1 shuts down after 2 calls, hook shutdown"])
                #expect(zoo.log.messages(HARAKA_LOG_NOTICE) == ["plugin generation 1 has ended"])
                #expect(zoo.loop.run { zoo.host.liveGenerations.map(\.number) } == [2])
                new.end()
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("the same file loaded again has its own variables, also after earlier generations are gone")
        func ownState() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                for _ in 0..<12 {
                    try zoo.load("v")
                    let client = zoo.connect()
                    #expect(client.ask(mail) == .cont)
                    client.end()
                    #expect(zoo.heard().contains("v: version 1, call 1"))
                }
                for version in 2..<6 {
                    try install(zoo, version, "v")
                    try zoo.load("v")
                    #expect(zoo.connect().ask(mail) == .cont)
                    #expect(zoo.heard().contains("v: version \(version), call 1"))
                }
            }
        }

        @Test("constructors run once for each generation")
        func constructors() throws {
            try withZoo { zoo in
                try zoo.install("c", "static_init.c")
                try zoo.load("c")
                try zoo.load("c")
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.heard() == ["c: constructed 1"])
            }
        }

        @Test("haraka_shutdown runs once for each plugin, in reverse order")
        func reverseOrder() throws {
            try withZoo { zoo in
                try install(zoo, 1, "a", "b", "c")
                try zoo.load("a", "b", "c")
                _ = zoo.heard()
                #expect(zoo.stop())
                #expect(zoo.stop())
                let order = ["c", "b", "a"].map { "\($0): version 1 shuts down after 0 calls, hook shutdown" }
                #expect(zoo.heard() == order)
            }
        }

        @Test("a retired generation that nobody uses ends at once")
        func unused() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                try zoo.load("v")
                _ = zoo.heard()
                try zoo.load("v")
                #expect(zoo.heard() == unusedLife)
            }
        }

        @Test("a build that fails leaves the running set as it was, shuts down what it began and revokes the rest")
        func failedBuild() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                let running = try zoo.load("v")
                let client = zoo.connect()
                _ = zoo.heard()
                try zoo.install("sick", "refuses_to_load.c", "STATUS=HARAKA_E_IO")
                #expect(zoo.refusal("v", "sick", "v") == "plugin sick: its haraka_register refused with HARAKA_E_IO")
                let heard = zoo.heard()
                let left = ["data", "function", "pointer", "post", "timer"].map { "sick: destroyed \($0)" }
                #expect(heard.filter { $0.hasPrefix("sick") }.sorted() == left)
                #expect(heard.filter { $0.hasPrefix("v") } == unusedLife)
                zoo.loop.advance(100)
                #expect(zoo.loop.run { zoo.host.generation } === running)
                #expect(client.ask(mail) == .cont)
                #expect(zoo.heard() == ["v: version 1, call 1"])
            }
        }

        @Test("a generation that was built and is not wanted is shut down")
        func discarded() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                let generation = try zoo.build(["v"])
                let isDone = ZooFlag()
                zoo.loop.run { zoo.host.discard(generation) { isDone.raise() } }
                #expect(isDone.isRaised)
                #expect(zoo.heard() == unusedLife)
                #expect(zoo.loop.run { zoo.host.liveGenerations.isEmpty })
            }
        }

        @Test("a shutdown that takes its time is awaited, plugin after plugin")
        func slowShutdown() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                try zoo.install("slow", "slow_shutdown.c", "DELAY=1000")
                try zoo.load("v", "slow")
                _ = zoo.heard()
                #expect(!zoo.stop())
                #expect(zoo.heard() == ["slow: shuts down"])
                zoo.loop.advance(1000)
                let said = [
                    "slow: destroyed shutdown", "slow: destroyed timer", "slow: done: SUCCESS",
                    "v: version 1 shuts down after 0 calls, hook shutdown",
                ]
                #expect(zoo.heard().sorted() == said)
                #expect(zoo.loop.run { zoo.host.liveGenerations.isEmpty })
            }
        }

        @Test("a shutdown that never ends is bounded: 5 s at a stop, 30 s at a reload", arguments: [true, false])
        func boundedShutdown(isStop: Bool) throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                try zoo.install("slow", "slow_shutdown.c", "DELAY=0")
                try zoo.load("v", "slow")
                if isStop { #expect(!zoo.stop(within: 5000)) } else { try zoo.load("v") }
                _ = zoo.heard()
                zoo.loop.advance(isStop ? 4000 : 29_000)
                #expect(zoo.heard().isEmpty)
                zoo.loop.advance(1100)
                let said = ["slow: cancelled shutdown", "slow: destroyed shutdown"]
                #expect(zoo.heard() == said + ["v: version 1 shuts down after 0 calls, hook shutdown"])
                let line = "Plugin slow timed out on hook shutdown - make sure it calls the callback"
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == [line])
            }
        }

        @Test("above eight live generations the clients of the oldest ones are sent away, each generation once")
        func eviction() throws {
            try withZoo { zoo in
                try install(zoo, 1, "v")
                let evicted = ZooNumbers()
                zoo.loop.run { zoo.host.onEvict = { evicted.append($0.number) } }
                var clients: [ZooClient] = []
                for _ in 1...8 {
                    try zoo.load("v")
                    clients.append(zoo.connect())
                }
                #expect(evicted.all.isEmpty)
                try zoo.load("v")
                #expect(evicted.all == [1])
                clients.append(zoo.connect())
                try zoo.load("v")
                #expect(evicted.all == [1, 2])
                #expect(zoo.loop.run { zoo.host.liveGenerations.filter(\.isEvicted).map(\.number) } == [1, 2])
                clients[0].end()
                #expect(zoo.loop.run { zoo.host.liveGenerations.map(\.number) } == Array(2...10))
            }
        }

        @Test("without plugins, and before there is a generation, every hook ends in CONT")
        func empty() throws {
            try withZoo { zoo in
                #expect(zoo.connect().ask(mail) == .cont)
                try zoo.commit(zoo.build([]))
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(zoo.stop())
            }
        }
    }
}

/// Numbers that are collected on the loop.
private final class ZooNumbers: @unchecked Sendable {
    private let lock = ZooLock()
    private var numbers: [Int] = []
    var all: [Int] { lock.with { numbers } }
    func append(_ number: Int) { lock.with { numbers.append(number) } }
}
