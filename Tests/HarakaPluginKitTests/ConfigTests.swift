// Configuration files, read and watched.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Config")
    struct ConfigTests {
        let host = FakeHost.shared

        @Test("each kind of file is asked for by its type")
        func types() {
            FakeHost.register { plugin in
                _ = plugin.config.ini("a")
                _ = plugin.config.list("b")
                _ = plugin.config.json("c")
                _ = plugin.config.yaml("d")
                _ = plugin.config.hjson("e")
            }
            let types = [
                HARAKA_CONFIG_INI, HARAKA_CONFIG_LIST, HARAKA_CONFIG_JSON, HARAKA_CONFIG_YAML, HARAKA_CONFIG_HJSON,
            ]
            #expect(host.reads == zip(["a", "b", "c", "d", "e"], types).map { "\($0) \($1)" })
        }

        @Test("what watches a file runs at each of its changes and goes with the plugin")
        func watched() {
            let before = Counter.count
            FakeHost.register { plugin in
                let made = Counter()
                let isWatched = plugin.config.watch("a.ini") {
                    made.changes += plugin.config.ini("a.ini").integer(or: 0)
                }
                #expect(isWatched)
            }
            host.change("a.ini")
            host.change("b.ini")
            host.change("a.ini")
            #expect(Counter.total == 3)
            #expect(Counter.count == before + 1)
            host.revoke()
            #expect(Counter.count == before)
        }

        @Test("the same name again lets go of what ran before; so does a watch that is refused")
        func replaced() {
            let before = Counter.count
            FakeHost.register { plugin in
                let one = Counter()
                let two = Counter()
                plugin.config.watch("a.ini") { one.changes += 1 }
                plugin.config.watch("a.ini") {}
                FakeHost.shared.status = HARAKA_E_LIMIT
                let isWatched = plugin.config.watch("b.ini") { two.changes += 1 }
                #expect(!isWatched)
            }
            #expect(Counter.count == before)
            host.revoke()
        }
    }
}

/// Counts, and knows how many of its kind there are.
private final class Counter {
    nonisolated(unsafe) static var count = 0
    nonisolated(unsafe) static var total: Int64 = 0
    var changes: Int64 = 0 { didSet { Counter.total += changes - oldValue } }

    init() { Counter.count += 1 }
    deinit { Counter.count -= 1 }
}
