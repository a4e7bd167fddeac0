// The set of plugins that a connection began with. docs/plugin-abi.md items 22, 23.

import HarakaCore

/// All plugins of one load of config/plugins, and the connections that use them. On the loop.
///
/// Not a value: connections hold on to it, and the last one that goes ends it.
public final class Generation {
    public let number: Int
    var plugins: [Plugin] = []
    var objects: [String: PluginObject] = [:]
    var hooks = HookTable()
    /// Names listed in config/plugins, after replacement, in order.
    public internal(set) var names: [String] = []
    public internal(set) var connectionCount = 0
    /// Idle clients are asked to come back (421): too many generations are alive.
    public internal(set) var isEvicted = false
    var isRetired = false
    /// `haraka_shutdown` of its plugins has begun.
    var hasEnded = false

    init(number: Int) { self.number = number }

    /// Which plugins each hook asks, in order: hooks of the core first, then custom ones by name.
    public var summary: [HookSummary] {
        let known = Hook.allCases.map { ($0.name, hooks[$0]) }
        let custom = hooks.custom.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return (known + custom).filter { !$0.1.isEmpty }.map { name, handlers in
            HookSummary(hook: name, rows: handlers.map(HookSummary.Row.init))
        }
    }
}

/// One hook in what `haraka -o` prints.
public struct HookSummary: Sendable {
    public struct Row: Sendable, Equatable {
        public let plugin: String
        public let method: String
        public let priority: Int
        public let timeoutSeconds: Double

        init(_ handler: Handler) {
            plugin = handler.plugin.name
            method = handler.methodName
            priority = Int(handler.priority)
            timeoutSeconds = Double(handler.plugin.timeout) / 1000
        }
    }
    public let hook: String
    public let rows: [Row]
}
