// From names in config/plugins to a generation: find, seal, check (any thread), then map and register (on the loop).

import HarakaCore
import HarakaPluginABI

/// What config/plugins asks for, found and checked; nothing of it has run.
public struct PreparedPlugins: Sendable {
    public internal(set) var plugins: [SealedPlugin] = []
    /// Parents that notes name, so that they are sealed off the loop too.
    var parents: [String: SealedPlugin] = [:]
    /// Plugins that refuse to register are skipped too.
    var ignoresBad = false
    /// Seconds per plugin name.
    public var timeouts: [String: Double] = [:]
    /// Lines for the log: replaced names, repeated names, warnings of checks, plugins that are skipped.
    public internal(set) var notices: [(level: Int32, text: String)] = []

    /// Hooks that the notes of a plugin's parents name and its own does not.
    public func parentHooks(of plugin: SealedPlugin) -> [String] {
        let own = Set(plugin.verified.note.hooks)
        return plugin.verified.note.parents.flatMap { parents[$0]?.verified.note.hooks ?? [] }.filter {
            !own.contains($0)
        }
    }
}

/// Finds and checks. Any thread; runs no instruction of a plugin.
public struct PluginLoader: Sendable {
    public static let abi = ABIVersion(major: UInt32(HARAKA_ABI_MAJOR), minor: UInt32(HARAKA_ABI_MINOR))

    let finder: PluginFinder
    /// `ignore_bad_plugins`: a plugin that does not load is skipped.
    let ignoresBad: Bool

    public init(roots: [String], ignoresBad: Bool = false) {
        finder = PluginFinder(roots: roots)
        self.ignoresBad = ignoresBad
    }

    /// Seals and checks one file, to look at its note.
    public static func inspect(_ name: PluginName, _ location: PluginLocation) throws(PluginLoadError) -> SealedPlugin {
        try SealedPlugin(name: name, location: location, abi: abi)
    }

    /// Prepares the plugins that `names` lists. Throws at the first that cannot be loaded.
    public func prepare(_ names: [String], timeout: (String) -> Double) throws(PluginLoadError) -> PreparedPlugins {
        var prepared = PreparedPlugins()
        prepared.ignoresBad = ignoresBad
        var seen: Set<String> = []
        for listed in names {
            do throws(PluginLoadError) {
                let (name, location) = try locate(listed, &prepared)
                guard seen.insert(name.text).inserted else {
                    prepared.notices.append((HARAKA_LOG_WARN, "plugin \(name.text) is listed twice; it runs once"))
                    continue
                }
                let sealed = try SealedPlugin(name: name, location: location, abi: PluginLoader.abi)
                try addParents(of: sealed, to: &prepared)
                for warning in sealed.verified.warnings {
                    prepared.notices.append((HARAKA_LOG_WARN, "plugin \(name.text): \(warning)"))
                }
                prepared.timeouts[name.text] = timeout(name.text)
                prepared.plugins.append(sealed)
            } catch {
                guard ignoresBad else { throw error }
                prepared.notices.append((HARAKA_LOG_CRIT, "\(error); skipped because of ignore_bad_plugins"))
            }
        }
        return prepared
    }

    /// The file of a plugin, by today's name or a former one.
    func locate(_ listed: String, _ prepared: inout PreparedPlugins) throws(PluginLoadError) -> (
        PluginName, PluginLocation
    ) {
        let name = try PluginLoader.name(listed)
        if let location = try existing(name) { return (name, location) }
        guard let replacement = PluginName.replacement(for: name.text) ?? installedReplacement(name.text) else {
            throw PluginLoadError(name.text, notFound(name))
        }
        let newName = try PluginLoader.name(replacement)
        guard let location = try existing(newName) else {
            throw PluginLoadError(name.text, "has been replaced by '\(replacement)', which is not installed")
        }
        let notice = "\(name.text) has been replaced by '\(replacement)'. Please update config/plugins"
        prepared.notices.append((HARAKA_LOG_NOTICE, notice))
        return (newName, location)
    }

    private func notFound(_ name: PluginName) -> String {
        let places = finder.roots.map { "\($0)/\(name.text).so" }.joined(separator: " or ")
        return "not found: there is no \(places)"
    }

    static func name(_ text: String) throws(PluginLoadError) -> PluginName {
        do { return try PluginName(text) } catch { throw PluginLoadError(text, "\(error)") }
    }

    /// Nil: not there. Throws: there, but not to be used.
    private func existing(_ name: PluginName) throws(PluginLoadError) -> PluginLocation? {
        do { return try finder.find(name) } catch {
            if error.isNotFound { return nil }
            throw PluginLoadError(name.text, "\(error)")
        }
    }

    /// An installed plugin whose note says that it replaces `name`.
    private func installedReplacement(_ name: String) -> String? {
        for (candidate, location) in finder.all() {
            guard let sealed = try? SealedPlugin(name: candidate, location: location, abi: PluginLoader.abi) else {
                continue
            }
            if sealed.verified.note.replaces.contains(name) { return candidate.text }
        }
        return nil
    }

    private func addParents(of sealed: SealedPlugin, to prepared: inout PreparedPlugins) throws(PluginLoadError) {
        for listed in sealed.verified.note.parents {
            let (name, location) = try locate(listed, &prepared)
            guard prepared.parents[name.text] == nil, prepared.parents.count < 64 else { continue }
            let parent = try SealedPlugin(name: name, location: location, abi: PluginLoader.abi)
            prepared.parents[name.text] = parent
            try addParents(of: parent, to: &prepared)
        }
    }
}

extension PluginHost {
    /// Maps and registers all plugins of `prepared` as a new generation, in the shadow: nobody uses it yet. On the loop.
    /// Throws if one refuses; what was registered until then is revoked.
    public func build(_ prepared: PreparedPlugins) throws(PluginLoadError) -> Generation {
        lastNumber += 1
        let generation = Generation(number: lastNumber)
        building = (generation, prepared)
        defer { building = nil }
        for sealed in prepared.plugins {
            do throws(PluginLoadError) {
                let object = try object(sealed, in: generation)
                try register(object, in: generation, timeout: prepared.timeouts[sealed.name] ?? 30)
                generation.names.append(sealed.name)
            } catch {
                guard prepared.ignoresBad else {
                    abandon(generation)
                    throw error
                }
                drop(sealed.name, from: generation)
                warn(HARAKA_LOG_CRIT, "core", "-", "\(error); skipped because of ignore_bad_plugins")
            }
        }
        return generation
    }

    /// A plugin refused: it is revoked; those before it were registered, so they are shut down.
    private func abandon(_ generation: Generation) {
        for plugin in generation.plugins where !plugin.hasRegistered { revoke(plugin, quietly: true) }
        generation.plugins.removeAll { !$0.hasRegistered }
        settleIfOutside()
        discard(generation)
    }

    /// Takes one plugin out of a generation that is being built.
    private func drop(_ name: String, from generation: Generation) {
        for plugin in generation.plugins where plugin.name == name {
            revoke(plugin, quietly: true)
            generation.hooks.remove(plugin)
        }
        generation.plugins.removeAll { $0.name == name }
        settleIfOutside()
    }

    /// The mapped object of a file, mapped once per generation.
    func object(_ sealed: SealedPlugin, in generation: Generation) throws(PluginLoadError) -> PluginObject {
        if let object = generation.objects[sealed.name] { return object }
        let object = try PluginObject(sealed)
        generation.objects[sealed.name] = object
        return object
    }

    private func register(_ object: PluginObject, in generation: Generation, timeout: Double) throws(PluginLoadError) {
        // Not a number means no limit that could be kept: the default. A tiny limit is not "none".
        let seconds = timeout.isNaN ? 30 : timeout
        let milliseconds = seconds <= 0 ? 0 : max(1, Int64(min(seconds, 1e9) * 1000))
        let plugin = try Plugin(
            object, generation: generation, handle: { self.plugins.insert($0) }, timeout: milliseconds)
        identities.withLock { $0[plugin.handle.bits] = plugin.identity }
        generation.plugins.append(plugin)
        plugin.isRegistering = true
        let status = runRegister(plugin.views[0])
        plugin.isRegistering = false
        if let error = plugin.loadError { throw PluginLoadError(plugin.name, error) }
        guard status >= 0 else {
            throw PluginLoadError(plugin.name, "its haraka_register refused with \(statusName(status))")
        }
        try resolve(plugin)
        plugin.hasRegistered = true
    }

    /// Calls `haraka_register` of the view's object with the view's plugin as `self`.
    func runRegister(_ view: PluginView) -> Int32 {
        guard let address = view.object.function("haraka_register") else { return HARAKA_E_ABI }
        typealias Register = @convention(c) (UnsafePointer<haraka_host>?, haraka_self) -> Int32
        let register = unsafeBitCast(address, to: Register.self)
        return enter(view.plugin, hook: "register") { register(UnsafePointer(table), view.selfHandle) }
    }

    /// Looks up the registered methods, now that children have added all their overrides; then adds the `hook_*` exports.
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
        if Hook(name: hook) == nil {
            let text = "registers on \(hook), a hook that the core does not ask (NEXT_HOOK can reach it)"
            warn(HARAKA_LOG_NOTICE, plugin.name, "-", text)
        }
        plugin.generation.hooks.add(Handler(method: method, methodName: name, priority: priority), to: hook)
    }
}
