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
            let (value, problems) = host.configuration.get(name, type: type, booleans: booleans, package: package)
            for problem in problems { host.warn(HARAKA_LOG_ERROR, view.plugin.name, "-", problem) }
            out.pointee = host.arena.lend(value)
            return HARAKA_SUCCESS
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

    /// Files of the configuration have changed: runs what the plugins of every live generation have left for them.
    /// `names` as plugins give them: relative to config/. On the loop.
    public func configurationChanged(_ names: [String]) {
        let generations = liveGenerations + (builder.map { [$0.generation] } ?? [])
        for plugin in generations.flatMap(\.plugins) where plugin.hasRegistered {
            for name in names {
                // Looked up each time: a callback may replace or end others.
                guard !plugin.isRevoked, let callback = plugin.watches[name] else { continue }
                enter(plugin, .config) { callback.run() }
            }
        }
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
