// The files, which are read again when they change.
import HarakaPluginKit

/// attachment.ini and the three lists, and what all mails share. Loop thread only.
final class CheckFiles {
    let plugin: Plugin
    let turns = Turns()
    private(set) var settings: Settings
    private let types = PatternList("attachment.ctype.regex")
    private let names = PatternList("attachment.filename.regex")
    private let archivedNames = PatternList("attachment.archive.filename.regex")

    init(_ plugin: Plugin) throws(PluginError) {
        self.plugin = plugin
        settings = try Settings(of: plugin)
        for list in [types, names, archivedNames] { list.read(plugin) }
    }

    /// From now on everything follows its files.
    func watch() {
        plugin.config.watch("attachment.ini") { [self] in settingsChanged() }
        for list in [types, names, archivedNames] {
            plugin.config.watch(list.file) { [plugin] in
                list.read(plugin)
                plugin.log(.info, "\(list.file) has changed")
            }
        }
    }

    /// As the files are now. A mail that is being looked at keeps the settings it began with.
    var rules: Rules {
        Rules(
            disallowed: settings.disallowedExtensions,
            typeMatches: { [types] in types.matches($0) }, nameMatches: { [names] in names.matches($0) },
            archivedNameMatches: { [archivedNames] in archivedNames.matches($0) })
    }

    private func settingsChanged() {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "attachment.ini has changed")
        } catch {
            plugin.log(.error, "attachment.ini: all stays as it was: \(error.cause)")
        }
    }
}

/// A file of expressions, one per line, without case. Loop thread only.
final class PatternList {
    let file: String
    private var patterns: [Pattern] = []

    init(_ file: String) { self.file = file }

    func matches(_ subject: String) -> Bool { patterns.contains { $0.matches(subject) } }

    /// What is no expression is named and left out. Read as data, because a list has lost its line numbers.
    func read(_ plugin: Plugin) {
        let lines = plugin.config.data(file)
        var good: [String] = []
        for index in 0..<lines.count {
            let text = lines[index].text.trimmed
            guard let first = text.bytes.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            do throws(PluginError) {
                _ = try Pattern(plugin, text.string, caseless: true)
                good.append(text.string)
            } catch {
                plugin.log(.error, "\(file):\(index + 1): left out: \(error.cause)")
            }
        }
        patterns = portions(of: good).flatMap { compiled(plugin, $0) }
    }
}

/// One for all of them, because few patterns are asked sooner than many; or one for each, if they disturb each other.
private func compiled(_ plugin: Plugin, _ sources: [String]) -> [Pattern] {
    if let all = try? Pattern(plugin, alternatives(sources), caseless: true) { return [all] }
    return sources.compactMap { try? Pattern(plugin, $0, caseless: true) }
}

/// `(?|a|b)`: what matches one of them. Groups are counted anew in each, so that `\1` means what it did alone.
func alternatives(_ sources: [String]) -> String {
    var all = "(?|"
    for (index, source) in sources.enumerated() { all += index == 0 ? source : "|" + source }
    return all + ")"
}

/// Sources in portions: a compiled expression has a largest size, which a long list would exceed.
func portions(of sources: [String], bytes limit: Int = 4096) -> [[String]] {
    var portions: [[String]] = []
    var size = limit
    for source in sources {
        if size + source.utf8.count > limit {
            portions.append([])
            size = 0
        }
        portions[portions.count - 1].append(source)
        size += source.utf8.count
    }
    return portions
}
