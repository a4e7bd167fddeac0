// From names in config/plugins to files that are found, sealed and checked. What is mapped then:
// GenerationBuilder.swift.

import HarakaPluginABI

/// One list of plugins, and who uses it.
public struct RoleList: Sendable {
    /// Sections of smtp.ini; the one without a name is `[main]`.
    public let roles: [String]
    /// In config/.
    public let file: String
    /// In the order in which they are asked.
    public let names: [String]

    public init(_ names: [String], file: String = "plugins", roles: [String] = [""]) {
        self.names = names
        self.file = file
        self.roles = roles
    }

    /// For messages.
    fileprivate var place: String { file == "plugins" ? "" : " in config/\(file)" }
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
        try prepare([RoleList(names)], timeout: timeout)
    }

    /// The same for several lists, each of certain roles. A plugin that stands in more than one is loaded once.
    public func prepare(_ lists: [RoleList], timeout: (String) -> Double) throws(PluginLoadError) -> PreparedPlugins {
        var prepared = PreparedPlugins()
        prepared.ignoresBad = ignoresBad
        for list in lists {
            var found: [String] = []
            for listed in list.names {
                do throws(PluginLoadError) {
                    guard let name = try prepare(listed, of: list, timeout, &prepared) else { continue }
                    guard !found.contains(name) else {
                        prepared.note(HARAKA_LOG_WARN, "plugin \(name) is listed twice\(list.place); it runs once")
                        continue
                    }
                    found.append(name)
                } catch {
                    guard ignoresBad else { throw error }
                    prepared.note(HARAKA_LOG_CRIT, "\(error); skipped because of ignore_bad_plugins")
                }
            }
            // With one list there are no roles to tell apart.
            if lists.count > 1 { prepared.roles += list.roles.map { ($0, found) } }
        }
        return prepared
    }

    /// The name that it has today; nil: it is left out.
    private func prepare(
        _ listed: String, of list: RoleList, _ timeout: (String) -> Double, _ prepared: inout PreparedPlugins
    ) throws(PluginLoadError) -> String? {
        if try isPointless(listed, list, &prepared) { return nil }
        let (name, location) = try locate(listed, &prepared, list.file)
        guard !prepared.places.contains(where: { $0.name == name.text }) else { return name.text }
        let sealed = try SealedPlugin(name: name, location: location, abi: PluginLoader.abi)
        try addParents(of: sealed, to: &prepared)
        for warning in sealed.verified.warnings { prepared.note(HARAKA_LOG_WARN, "plugin \(name.text): \(warning)") }
        prepared.timeouts[name.text] = timeout(name.text)
        prepared.places.append(.plugin(sealed))
        return name.text
    }

    /// A plugin of Haraka's without a use here, which nobody has built all the same: it is left out, and a notice says why.
    private func isPointless(
        _ listed: String, _ list: RoleList, _ prepared: inout PreparedPlugins
    ) throws(PluginLoadError) -> Bool {
        guard let why = PluginName.pointlessness(of: listed), try existing(PluginLoader.name(listed)) == nil else {
            return false
        }
        prepared.note(HARAKA_LOG_WARN, "plugin \(listed) \(why); it is left out. Remove it from config/\(list.file)")
        return true
    }

    /// The file of a plugin, by today's name or a former one.
    func locate(
        _ listed: String, _ prepared: inout PreparedPlugins, _ file: String = "plugins"
    ) throws(PluginLoadError) -> (PluginName, PluginLocation) {
        let name = try PluginLoader.name(listed)
        if let location = try existing(name) { return (name, location) }
        guard let replacement = PluginName.replacement(for: name.text) ?? installedReplacement(name.text) else {
            throw PluginLoadError(name.text, notFound(name))
        }
        let newName = try PluginLoader.name(replacement)
        guard let location = try existing(newName) else {
            throw PluginLoadError(name.text, "has been replaced by '\(replacement)', which is not installed")
        }
        let notice = "\(name.text) has been replaced by '\(replacement)'. Please update config/\(file)"
        prepared.note(HARAKA_LOG_NOTICE, notice)
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
