// Configuration for plugins: read, and watched. plugin.h "configuration".

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// More files than any plugin has.
    private static let maximumWatches = 1000

    func fillConfiguration() {
        table.pointee.config_get = { me, name, type, booleans, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let view = host.view(me) else { return host.badHandle("self") }
            guard let out, let name = name.text, let booleans = booleans.text, !name.isEmpty,
                (HARAKA_CONFIG_BY_NAME...HARAKA_CONFIG_HJSON).contains(type)
            else { return HARAKA_E_ARGUMENT }
            if view.plugin.isRegistering, view.plugin.filesRead.count < PluginHost.maximumWatches {
                view.plugin.filesRead.insert(name)
            }
            let package = view.object.package
            if view.plugin.fileForms.count < PluginHost.maximumWatches { view.plugin.fileForms[name] = (type, package) }
            let wanted = WantedFile(name: name, type: type, booleans: booleans)
            return host.lend(wanted, host.suppliedFile(name, type, for: view.plugin), view, out)
        }
        table.pointee.user_config_get = { me, user, name, type, booleans, later, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let view = host.view(me) else { return host.badHandle("self") }
            guard let out, let user, let name = name.text, let booleans = booleans.text, !name.isEmpty,
                (HARAKA_CONFIG_BY_NAME...HARAKA_CONFIG_HJSON).contains(type),
                user.pointee.size >= MemoryLayout<haraka_address>.size, let address = user.pointee.address.text,
                later == nil || PluginCallback(later) != nil
            else { return HARAKA_E_ARGUMENT }
            guard !view.plugin.isRevoked else { return HARAKA_E_REVOKED }
            let key = SuppliedConfiguration.Key(name: name, type: type, user: address)
            guard let known = host.suppliedFile(key, for: view.plugin, later: PluginCallback(later)) else {
                out.pointee = haraka_value()
                return HARAKA_PENDING
            }
            let wanted = WantedFile(name: name, type: type, booleans: booleans)
            return host.lend(wanted, known ?? host.suppliedFile(name, type, for: view.plugin), view, out)
        }
        table.pointee.config_watch = { me, name, callback in
            PluginHost.withPlugin(me) { host, plugin in
                guard let name = name.text, !name.isEmpty, let callback = PluginCallback(callback) else {
                    return HARAKA_E_ARGUMENT
                }
                guard plugin.watches[name] != nil || plugin.watches.count < PluginHost.maximumWatches else {
                    return HARAKA_E_LIMIT
                }
                host.doom(plugin.watches.updateValue(callback, forKey: name)?.pendingDestroy(of: plugin))
                host.settleIfOutside()
                return HARAKA_SUCCESS
            }
        }
    }

    private struct WantedFile {
        let name: String
        let type: Int32
        let booleans: String
    }

    /// Reads a file for a plugin, or takes what another plugin gave in its place.
    private func lend(
        _ wanted: WantedFile, _ given: SuppliedFile?, _ view: PluginView, _ out: UnsafeMutablePointer<haraka_value>
    ) -> Int32 {
        let (name, type, package) = (wanted.name, wanted.type, view.object.package)
        let (value, problems) =
            if let given {
                configuration.get(name, type: type, booleans: wanted.booleans, package: package, supplied: given)
            } else {
                configuration.get(name, type: type, booleans: wanted.booleans, package: package)
            }
        for problem in problems { warn(HARAKA_LOG_ERROR, view.plugin.name, "-", problem) }
        out.pointee = arena.lend(value)
        guard !problems.isEmpty, configuration.isRefused(name, type: type, package: package) else {
            return HARAKA_SUCCESS
        }
        // An empty list of local domains that nobody wanted would refuse all mail for good.
        if view.plugin.isRegistering, view.plugin.loadError == nil {
            view.plugin.loadError = "its configuration cannot be used: \(problems[0])"
        }
        return HARAKA_E_IO
    }

    /// Files of the configuration have changed: runs what the plugins of every live generation have left for them.
    /// `names` as plugins give them: relative to config/. On the loop.
    public func configurationChanged(_ names: [String]) {
        let generations = liveGenerations + (builder.map { [$0.generation] } ?? [])
        for plugin in generations.flatMap(\.plugins) where plugin.hasRegistered {
            for name in names {
                // Looked up each time: a callback may replace or end others.
                guard !plugin.isRevoked, let callback = plugin.watches[name], canBeRead(name, plugin) else { continue }
                enter(plugin, .config) { callback.run() }
            }
        }
    }

    /// False, and said in the log: the plugin keeps what it has.
    private func canBeRead(_ name: String, _ plugin: Plugin) -> Bool {
        guard let (type, package) = plugin.fileForms[name] else { return true }
        let (_, problems) = configuration.get(name, type: type, booleans: "", package: package)
        guard !problems.isEmpty, configuration.isRefused(name, type: type, package: package) else { return true }
        warn(HARAKA_LOG_ERROR, plugin.name, "-", "\(problems[0]); \(plugin.name) keeps what it has read before")
        return false
    }

    /// Plugins of the current generation that have read one of these files while they registered, or watch it: who does
    /// not watch what it has read must be loaded anew to notice a change. On the loop.
    public func configurationReaders(_ names: [String]) -> [(plugin: String, file: String, watches: Bool)] {
        (generation?.plugins ?? []).flatMap { plugin in
            names.filter { plugin.filesRead.contains($0) || plugin.watches[$0] != nil }.map { name in
                (plugin.name, name, plugin.watches[name] != nil)
            }
        }
    }
}
