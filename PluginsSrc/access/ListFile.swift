// One file with a list, which is read again when it changes: a whole new list, or the old one.
import HarakaPluginKit

/// What is in a list: entries, networks, or expressions.
struct ListContent {
    var entries = TextSet()
    var networks = IPNetworks()
    var patterns = PatternList()

    /// Whether a subject is listed. The expressions come last: they cost a match each, the others a look-up.
    func contains(_ subject: Text) -> Bool {
        if subject.isEmpty { return false }
        return entries.contains(subject) || networks.contains(subject) || patterns.matches(subject)
    }
}

/// One list file, and what it held when it last was in order.
final class ListFile {
    /// How its lines are read.
    enum Form {
        case entries(EntryKind)
        case patterns
    }

    let name: String
    private let plugin: Plugin
    private let form: Form
    private(set) var content = ListContent()

    /// When the plugin is loaded there is nothing else to fall back to, so a bad line is left out and the others count.
    init(_ plugin: Plugin, _ name: String, _ form: Form) {
        (self.plugin, self.name, self.form) = (plugin, name, form)
        let (content, mistakes) = read()
        self.content = content
        for mistake in mistakes { plugin.log(.error, "\(name):\(mistake.line): left out: \(mistake.why)") }
    }

    /// From now on the list follows its file.
    func watch() { plugin.config.watch(name) { [self] in changed() } }

    func contains(_ subject: Text) -> Bool { content.contains(subject) }

    /// Half a list of who is kept out would let the others in, and the other way round: all lines, or none.
    private func changed() {
        let (new, mistakes) = read()
        if let mistake = mistakes.first {
            return plugin.log(.error, "\(name) stays as it was: line \(mistake.line): \(mistake.why)")
        }
        content = new
        plugin.log(.info, "\(name) has changed")
    }

    /// What the file says now, and what is wrong with it.
    private func read() -> (ListContent, [ListMistake]) {
        let lines = plugin.config.lines(name)
        switch form {
        case .entries(let kind): return readEntries(lines, kind)
        case .patterns:
            let (patterns, mistakes) = PatternList.read(lines, plugin)
            return (ListContent(patterns: patterns), mistakes)
        }
    }
}

/// Reads lines of entries; networks are told from names by what they are.
func readEntries(_ lines: [ListLine], _ kind: EntryKind) -> (ListContent, [ListMistake]) {
    var content = ListContent()
    var mistakes: [ListMistake] = []
    var good: [Text] = []
    for line in lines {
        if let why = kind.mistake(in: line.text) {
            mistakes.append(line.mistake(why))
        } else if case .clients = kind, let network = IPNetwork(line.text) {
            content.networks.insert(network)
        } else {
            good.append(line.text)
        }
    }
    content.entries = TextSet(copying: good)
    return (content, mistakes)
}
