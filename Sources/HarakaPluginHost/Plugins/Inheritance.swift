// `haraka_inherits`: a parent's object, run on behalf of a child. docs/plugin-abi.md item 9.

import HarakaPluginABI

/// Why a parent cannot be had: what the plugin is told, and what the administrator.
private struct InheritanceError: Error {
    let status: Int32
    let message: String
}

extension PluginHost {
    /// Maps the parent if need be and runs its `haraka_register` with the child as `self`. A failure refuses to load
    /// the child, whatever that makes of the status: half a plugin is none.
    func inherit(_ child: PluginView, _ listed: String) -> Int32 {
        let plugin = child.plugin
        do throws(InheritanceError) {
            guard plugin.isRegistering, let generation = builder?.generation, let prepared = builder?.prepared else {
                return HARAKA_E_STATE
            }
            let sealed = try parent(of: child, listed, prepared)
            guard plugin.views.count < maximumViews else {
                throw InheritanceError(
                    status: HARAKA_E_LIMIT, message: "has more than \(maximumViews - 1) parents")
            }
            let view = plugin.addView(
                try PluginHost.or(HARAKA_E_ABI, sealed.name) { () throws(PluginLoadError) in
                    try object(sealed, in: generation)
                }, child: child)
            let status = runRegister(view)
            guard status >= 0 else {
                let message = "its parent \(sealed.name) refused with \(statusName(status))"
                throw InheritanceError(status: status, message: message)
            }
            return HARAKA_SUCCESS
        } catch {
            // The first one: those that follow are what the plugins between make of it.
            plugin.loadError = plugin.loadError ?? error.message
            return error.status
        }
    }

    /// What was found and checked off the loop because the note names it; otherwise finds and checks it now.
    private func parent(
        of child: PluginView, _ listed: String, _ prepared: PreparedPlugins
    ) throws(InheritanceError) -> SealedPlugin {
        let wanted = try PluginHost.or(HARAKA_E_ARGUMENT, listed) { () throws(PluginLoadError) in
            try PluginLoader.name(listed)
        }
        if let known = prepared.sealed(wanted.text) {
            try checkLineage(child, known.name)
            return known
        }
        let loader = PluginLoader(roots: finder.roots)
        var found = prepared
        let (name, location) = try PluginHost.or(HARAKA_E_ABSENT, listed) { () throws(PluginLoadError) in
            try loader.locate(listed, &found)
        }
        try checkLineage(child, name.text)
        if let known = prepared.sealed(name.text) { return known }
        return try PluginHost.or(HARAKA_E_ABI, listed) { () throws(PluginLoadError) in
            try SealedPlugin(name: name, location: location, abi: PluginLoader.abi)
        }
    }

    private func checkLineage(_ child: PluginView, _ name: String) throws(InheritanceError) {
        guard child.lineage.contains(name) else { return }
        let way = (child.lineage.reversed() + [name]).joined(separator: " <- ")
        throw InheritanceError(status: HARAKA_E_LIMIT, message: "inherits itself: \(way)")
    }

    /// What goes wrong with a parent while it is looked for, checked or mapped, as this status.
    private static func or<Value>(
        _ status: Int32, _ parent: String, _ body: () throws(PluginLoadError) -> Value
    ) throws(InheritanceError) -> Value {
        do { return try body() } catch {
            throw InheritanceError(status: status, message: "its parent \(parent): \(error.message)")
        }
    }
}
