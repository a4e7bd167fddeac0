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
    /// Of all plugins, whatever role has them: the server's hooks are asked once.
    var hooks = HookTable()
    /// Of each role's plugins, in the order of its list; empty: there is one list for all.
    var roleHooks: [String: HookTable] = [:]
    /// Names listed in config/plugins, after replacement, in order.
    public internal(set) var names: [String] = []
    public internal(set) var connectionCount = 0
    /// Questions about queued mails that are open.
    var openQuestions = 0
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

    /// The hooks of connections of that role. One without a list of its own has that of the role without a name.
    func hooks(of role: String) -> HookTable { roleHooks[role] ?? roleHooks[""] ?? hooks }

    /// All plugins have registered: each role has its own, in the order of its list. What else knows no role has the first.
    func setRoles(_ roles: [(role: String, plugins: [String])]) {
        for (role, plugins) in roles { roleHooks[role] = hooks.only(plugins) }
        if let first = roles.first, roleHooks[""] == nil { roleHooks[""] = roleHooks[first.role] }
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
