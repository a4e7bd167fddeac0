// haraka_register of one plugin, and what comes of it.

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// The mapped object of a file, mapped once per generation.
    func object(_ sealed: SealedPlugin, in generation: Generation) throws(PluginLoadError) -> PluginObject {
        if let object = generation.objects[sealed.name] { return object }
        depth += 1
        defer { depth -= 1 }
        do throws(PluginLoadError) {
            let object = try PluginObject(sealed, generation: generation.number, faults: faults)
            generation.objects[sealed.name] = object
            return object
        } catch {
            // Its constructors have run, and it may not go.
            if PluginObject.isMapped(sealed), error.message != PluginObject.mappedAlready { inert += 1 }
            throw error
        }
    }

    /// Registers a plugin of its own for that object.
    func register(_ object: PluginObject, in generation: Generation, timeout: Double) throws(PluginLoadError) {
        let milliseconds = Plugin.milliseconds(timeout)
        let plugin = try makePlugin(object, in: generation, timeout: milliseconds)
        plugin.isRegistering = true
        let status = runRegister(plugin.views[0])
        plugin.isRegistering = false
        checkFaults()
        if let error = plugin.loadError { throw PluginLoadError(plugin.name, error) }
        guard status >= 0 else {
            throw PluginLoadError(plugin.name, "its haraka_register refused with \(statusName(status))")
        }
        try resolve(plugin)
        plugin.hasRegistered = true
    }

    /// Puts a stand-in where a plugin would be.
    func register(_ standIn: StandIn, in generation: Generation) throws(PluginLoadError) {
        let plugin = try makePlugin(PluginObject(standIn, faults: faults), in: generation, timeout: 0)
        let places = standIn.places
        for place in places {
            let method = PluginMethod(function: StandIn.function, context: nil, view: plugin.views[0])
            plugin.generation.hooks.add(
                Handler(method: method, methodName: "(out of order)", priority: place.priority), to: place.hook)
        }
        plugin.hasRegistered = true
        let hooks = places.map(\.hook).joined(separator: " ")
        let text = "plugin \(standIn.name) is out of order (\(standIn.reason)): refusing for now on \(hooks)"
        warn(HARAKA_LOG_CRIT, standIn.name, "-", text)
    }

    private func makePlugin(
        _ object: PluginObject, in generation: Generation, timeout: Int64
    ) throws(PluginLoadError) -> Plugin {
        let plugin = try Plugin(object, generation: generation, handle: { self.plugins.insert($0) }, timeout: timeout)
        identities.withLock { $0[plugin.handle.bits] = plugin.identity }
        generation.add(plugin)
        return plugin
    }

    /// Calls `haraka_register` of the view's object with the view's plugin as `self`.
    func runRegister(_ view: PluginView) -> Int32 {
        guard let address = view.object.function("haraka_register") else { return HARAKA_E_ABI }
        typealias Register = @convention(c) (UnsafePointer<haraka_host>?, haraka_self) -> Int32
        let register = unsafeBitCast(address, to: Register.self)
        return enter(view.plugin, .register) { register(UnsafePointer(table), view.selfHandle) }
    }

    /// Looks up the registered methods, now that children have added all their overrides; then adds the `hook_*`
    /// exports.
    private func resolve(_ plugin: Plugin) throws(PluginLoadError) {
        for registration in plugin.registrations {
            let method: PluginMethod
            var name = "(function)"
            switch registration.target {
            case .function(let given): method = given
            case .named(let wanted):
                guard let found = plugin.method(wanted) else {
                    throw PluginLoadError(
                        plugin.name,
                        "registers the method \(wanted) on the hook \(registration.hook), but has no such method")
                }
                method = found
                name = wanted
            }
            add(method, name, to: registration.hook, priority: registration.priority, of: plugin)
        }
        for name in automaticHooks(of: plugin) {
            guard let method = plugin.method(name) else { continue }
            add(method, name, to: String(name.dropFirst(5)), priority: 0, of: plugin)
        }
    }

    private func automaticHooks(of plugin: Plugin) -> [String] {
        let all = plugin.views.flatMap { view in
            view.object.exports.filter { $0.hasPrefix("hook_") } + view.methods.keys.filter { $0.hasPrefix("hook_") }
        }
        return Set(all).sorted()
    }

    private func add(_ method: PluginMethod, _ name: String, to hook: String, priority: Int32, of plugin: Plugin) {
        _ = faults.hook(hook)
        // The hooks of AUTH are asked by the plugins that offer it; any other name may be a slip of the pen, unless the
        // plugin's note has it, too.
        if Hook(name: hook) == nil, !plugin.views.contains(where: { $0.object.announces(hook) }) {
            let text = "registers on \(hook), a hook that only plugins ask (ask_hook, NEXT_HOOK)"
            warn(HARAKA_LOG_NOTICE, plugin.name, "-", text)
        }
        plugin.generation.hooks.add(Handler(method: method, methodName: name, priority: priority), to: hook)
    }
}

extension PluginObject {
    /// Its note names that hook, with or without a priority.
    fileprivate func announces(_ hook: String) -> Bool {
        file?.verified.note.hooks.contains { $0 == hook || $0.hasPrefix("\(hook):") } ?? false
    }
}
