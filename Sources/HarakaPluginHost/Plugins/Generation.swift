// The set of plugins that a connection began with. docs/plugin-abi.md items 22, 23.

import HarakaCore

/// All plugins of one load of config/plugins, and the connections that use them. On the loop.
///
/// Not a value: connections hold on to it, and the last one that goes ends it.
public final class Generation {
    public let number: Int
    /// Those that are asked, in the order of config/plugins.
    var plugins: [Plugin] = []
    /// These and those that were taken out again because they did not register.
    private(set) var allPlugins: [Plugin] = []
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
    /// While that lasts.
    var shutdown: GenerationShutdown?
    /// Who waits for it to be over.
    var whenEnded: [() -> Void] = []

    init(number: Int) { self.number = number }

    func add(_ plugin: Plugin) {
        plugins.append(plugin)
        allPlugins.append(plugin)
    }

    /// Which plugins each hook asks, in order: hooks of the core first, then custom ones by name.
    public var summary: [HookSummary] {
        hooks.all.filter { !$0.handlers.isEmpty }.map { name, handlers in
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
