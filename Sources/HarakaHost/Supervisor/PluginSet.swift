// The plugins that all workers are to have: made from files, changed by what crashes have taught.

import HarakaConfig
import HarakaPluginHost
import HarakaSupervisor

/// One load of config/plugins and of the lists of roles, sealed and numbered.
struct PluginSet {
    let number: Int
    /// What the files say.
    let listed: PreparedPlugins
    /// What workers load: the same, but for plugins that crashed too often.
    let prepared: PreparedPlugins

    var names: [String] { prepared.plugins.map(\.name) }

    /// What a worker is sent.
    var message: (fields: [String], descriptors: [Int32]) {
        let manifest = prepared.manifest
        return (["\(number)"] + manifest.fields, manifest.descriptors)
    }
}

extension Configuration {
    /// What is loaded, and which clients get what of it.
    var roleLists: [RoleList] { lists.map { RoleList($0.entries.map(\.name), file: $0.file, roles: $0.roles) } }
}

extension Supervisor {
    /// Reads, seals and checks what config/plugins and the lists of roles have, then applies the measures that hold.
    func makeSet(_ configuration: Configuration) throws -> PluginSet {
        let loader = PluginLoader(roots: folder.pluginRoots, ignoresBad: configuration.smtp.ignoreBadPlugins)
        let prepared = try loader.prepare(configuration.roleLists) { [folder] name in
            configuration.timeouts[name]
                ?? readPluginTimeout(from: folder.configDirectory(ofPlugin: name), plugin: name).seconds
        }
        for notice in prepared.notices { log(.init(rawValue: Int(notice.level)) ?? .notice, notice.text) }
        for plugin in prepared.plugins { ledger.observe(plugin: plugin.name, hash: plugin.verified.hash) }
        lastNumber += 1
        return PluginSet(number: lastNumber, listed: prepared, prepared: try applyingMeasures(to: prepared))
    }

    /// The current set once more in fresh memory, with the measures that hold now.
    func remakeSet() throws -> PluginSet? {
        guard let current else { return nil }
        lastNumber += 1
        let listed = try current.listed.resealed()
        return PluginSet(number: lastNumber, listed: listed, prepared: try applyingMeasures(to: listed))
    }

    private func applyingMeasures(to prepared: PreparedPlugins) throws -> PreparedPlugins {
        var result = prepared
        for plugin in prepared.plugins {
            guard let measure = ledger.measure(for: plugin.name, hash: plugin.verified.hash) else { continue }
            result = try applying(measure, of: plugin, to: result)
        }
        return result
    }

    private func applying(
        _ measure: Measure, of plugin: SealedPlugin, to prepared: PreparedPlugins
    ) throws -> PreparedPlugins {
        switch measure.action {
        case .stop: return prepared
        case .skip: return prepared.removing(plugin.name)
        case .previous:
            if let old = previous[plugin.name], old.verified.hash != plugin.verified.hash {
                return prepared.replacing(plugin.name, with: try old.resealed())
            }
            _ = ledger.previousIsMissing(plugin: plugin.name, hash: plugin.verified.hash)
        case .tempfail: break
        }
        let noted = plugin.verified.note.hooks + prepared.parentHooks(of: plugin)
        let hooks = StandIn.hooks(forTempfail: knownHooks[plugin.name] ?? [], noted: noted)
        // None of them can hold mail back: left out, it lets nothing pass that it would have stopped.
        guard !hooks.isEmpty else { return prepared.removing(plugin.name) }
        return prepared.standingIn(for: plugin.name, hooks: hooks, reason: measure.reason)
    }
}
