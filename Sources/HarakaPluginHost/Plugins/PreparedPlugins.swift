// What is to be loaded, found and checked, and what a supervisor makes of it before workers get it.

import Glibc

/// What config/plugins asks for, found and checked; nothing of it has run.
public struct PreparedPlugins: Sendable {
    /// A place in the order of config/plugins.
    enum Place: Sendable {
        case plugin(SealedPlugin)
        case standIn(StandIn)

        var name: String {
            switch self {
            case .plugin(let plugin): plugin.name
            case .standIn(let standIn): standIn.name
            }
        }
    }

    /// Each once, whatever lists it stands in.
    var places: [Place] = []
    /// The plugins of each role, in the order of its list; empty: all clients have the same.
    public internal(set) var roles: [(role: String, plugins: [String])] = []
    /// Parents that notes name, so that they are sealed off the loop too.
    var parents: [String: SealedPlugin] = [:]
    /// Plugins that refuse to register are skipped too.
    var ignoresBad = false
    /// Seconds per plugin name.
    public var timeouts: [String: Double] = [:]
    /// Lines for the log: replaced names, repeated names, warnings of checks, plugins that are skipped.
    public internal(set) var notices: [(level: Int32, text: String)] = []

    init() {}

    /// A line for the log, once.
    mutating func note(_ level: Int32, _ text: String) {
        if !notices.contains(where: { $0.text == text }) { notices.append((level, text)) }
    }

    /// The plugins that are to be loaded, in the order of config/plugins.
    public var plugins: [SealedPlugin] {
        places.compactMap { place in
            if case .plugin(let plugin) = place { return plugin }
            return nil
        }
    }

    /// The file of that name, as a parent or in the list.
    func sealed(_ name: String) -> SealedPlugin? { parents[name] ?? plugins.first { $0.name == name } }

    /// All names of config/plugins, in order, with those that are out of order.
    public var names: [String] { places.map(\.name) }

    /// Hooks that the notes of a plugin's parents name and its own does not.
    public func parentHooks(of plugin: SealedPlugin) -> [String] {
        let own = Set(plugin.verified.note.hooks)
        return plugin.verified.note.parents.flatMap { parents[$0]?.verified.note.hooks ?? [] }.filter {
            !own.contains($0)
        }
    }

    // MARK: from process to process

    /// What a worker needs to load the same bytes. Its descriptors stay this value's: keep it until they are sent.
    public var manifest: PluginManifest {
        var manifest = PluginManifest()
        manifest.ignoresBad = ignoresBad
        manifest.notices = notices
        manifest.roles = roles
        for place in places {
            switch place {
            case .plugin(let plugin): manifest.entries.append(entry(plugin, .plugin))
            case .standIn(let standIn):
                var entry = PluginManifest.Entry(.tempfail, name: standIn.name, origin: standIn.reason)
                entry.hooks = standIn.hooks
                manifest.entries.append(entry)
            }
        }
        manifest.entries += parents.values.sorted { $0.name < $1.name }.map { entry($0, .parent) }
        return manifest
    }

    private func entry(_ plugin: SealedPlugin, _ kind: PluginManifest.Entry.Kind) -> PluginManifest.Entry {
        var entry = PluginManifest.Entry(kind, name: plugin.name, origin: plugin.location.path)
        entry.root = plugin.location.root
        entry.packageFolder = plugin.location.packageFolder
        entry.hash = plugin.hash
        entry.timeout = timeouts[plugin.name] ?? 30
        entry.descriptor = plugin.descriptor
        return entry
    }

    /// Takes over what another process of this server has prepared. Owns all descriptors of `manifest` from now on,
    /// also if it throws. Any thread; maps nothing as code.
    public init(_ manifest: PluginManifest, abi: ABIVersion = PluginLoader.abi) throws(PluginLoadError) {
        ignoresBad = manifest.ignoresBad
        notices = manifest.notices
        roles = manifest.roles
        var rest = manifest.entries[...]
        do throws(PluginLoadError) {
            while let entry = rest.popFirst() { try add(entry, abi) }
        } catch {
            for entry in rest where entry.descriptor >= 0 { close(entry.descriptor) }
            throw error
        }
    }

    private mutating func add(_ entry: PluginManifest.Entry, _ abi: ABIVersion) throws(PluginLoadError) {
        switch entry.kind {
        case .plugin:
            places.append(.plugin(try SealedPlugin(inherited: entry, abi: abi)))
            timeouts[entry.name] = entry.timeout
        case .parent: parents[entry.name] = try SealedPlugin(inherited: entry, abi: abi)
        case .tempfail:
            places.append(.standIn(StandIn(name: entry.name, hooks: entry.hooks, reason: entry.origin)))
        }
    }

    /// The same bytes in fresh memory files: for a process that has mapped these already. Any thread; copies.
    public func resealed() throws(PluginLoadError) -> PreparedPlugins {
        var copy = self
        for (index, place) in places.enumerated() {
            if case .plugin(let plugin) = place { copy.places[index] = .plugin(try plugin.resealed()) }
        }
        for (name, parent) in parents { copy.parents[name] = try parent.resealed() }
        return copy
    }

    // MARK: policies

    /// With other bytes for a plugin (and for a parent of that name). As it was, if there is none.
    public func replacing(_ name: String, with plugin: SealedPlugin) -> PreparedPlugins {
        var copy = self
        copy.places = places.map { $0.name == name ? .plugin(plugin) : $0 }
        if parents[name] != nil { copy.parents[name] = plugin }
        return copy
    }

    /// Without that plugin. Its children still find it as their parent.
    public func removing(_ name: String) -> PreparedPlugins {
        var copy = self
        copy.places.removeAll { $0.name == name }
        return copy
    }

    /// With a stand-in that refuses for now in the plugin's place.
    ///
    /// - Parameters:
    ///   - hooks: where it refuses, as in ``StandIn/hooks``; empty: on the hooks that its note and its symbols name
    ///   - reason: for the log and for `haraka status`
    public func standingIn(for name: String, hooks: [String], reason: String) -> PreparedPlugins {
        var copy = self
        copy.places = places.map { place in
            guard place.name == name else { return place }
            var hooks = hooks
            if hooks.isEmpty, case .plugin(let plugin) = place {
                hooks = plugin.knownHooks
                hooks += parentHooks(of: plugin).filter { !hooks.contains($0) }
            }
            return .standIn(StandIn(name: name, hooks: hooks, reason: reason))
        }
        return copy
    }
}
