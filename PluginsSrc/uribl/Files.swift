// uribl.ini and uribl.excludes, which are read again when they change: all of a file, or none of it.
import HarakaPluginKit

/// Loop thread only.
final class Files {
    private static let name = "uribl.ini", excludes = "uribl.excludes"
    private let plugin: Plugin
    private(set) var settings = Settings()
    private var excluded = TextSet()
    /// Lists that gave an answer that none gives, with that answer: said once.
    private var said: Set<String> = []

    /// When the plugin is loaded there is nothing else to fall back to, so what is bad does not count and the rest does.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (settings, mistakes) = read()
        self.settings = settings
        for mistake in mistakes { plugin.log(.error, "\(Self.name): \(mistake); that does not count") }
        excluded = TextSet(copying: plugin.config.lines(Self.excludes).map { $0.text })
    }

    /// From now on everything follows its files.
    func watch() {
        plugin.config.watch(Self.name) { [self] in settingsChanged() }
        plugin.config.watch(Self.excludes) { [self] in
            excluded = TextSet(copying: plugin.config.lines(Self.excludes).map { $0.text })
            plugin.log(.info, "\(Self.excludes) has changed: \(excluded.count) domains")
        }
    }

    private func settingsChanged() {
        let (new, mistakes) = read()
        if let mistake = mistakes.first { return plugin.log(.error, "\(Self.name): all stays as it was: \(mistake)") }
        (settings, said) = (new, [])
        plugin.log(.info, "\(Self.name) has changed: \(new.lists.count) lists")
    }

    /// Expressions are compiled here: what is no expression is a mistake, and its list is left out.
    private func read() -> (Settings, [String]) {
        var settings = Settings()
        var mistakes = settings.read(plugin.config.ini(Self.name))
        settings.compile { source in
            do throws(PluginError) {
                let pattern = try Pattern(plugin, source)
                return { pattern.matches($0) }
            } catch {
                mistakes.append("validate: \(error.cause)")
                return nil
            }
        }
        return (settings, mistakes)
    }

    /// Whether a domain, or one above it, is in uribl.excludes.
    func isExcluded(_ subject: Subject) -> Bool {
        guard case .domain(let domain) = subject, excluded.count > 0 else { return false }
        let bytes = Array(domain.utf8)
        return bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                if excluded.contains(Text(UnsafeRawBufferPointer(rebasing: rest))) { return true }
                guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else { return false }
                rest = rest[(dot + 1)...]
            }
            return false
        }
    }

    /// A list answered what none means. One line for each list and answer.
    func hasTrouble(_ list: BlockList, _ address: String) {
        guard said.count < 1000, said.insert(list.name + " " + address).inserted else { return }
        plugin.log(.warn, "\(list.name) answers \(address), which does not count")
    }
}
