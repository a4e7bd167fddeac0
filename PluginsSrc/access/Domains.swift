// access.domains: domains that are not wanted anywhere, and exceptions.
import HarakaPluginKit

/// The entries of `access.domains`: `example.com` is refused, `!example.com` is welcome, and so are mail addresses.
struct Domains {
    private let welcome: TextSet, refused: TextSet

    var count: Int { welcome.count + refused.count }

    init(_ entries: [Text] = []) {
        func isException(_ entry: Text) -> Bool { entry.bytes.first == UInt8(ascii: "!") }
        welcome = TextSet(
            copying: entries.filter(isException).map { Text(UnsafeRawBufferPointer(rebasing: $0.bytes.dropFirst())) })
        refused = TextSet(copying: entries.filter { !isException($0) })
    }

    /// The address decides, or else the nearest of the domain and its parents: a list of organizational domains, as
    /// Haraka has it, would have to be kept up to date.
    func judge(domain: Text, _ address: Text?) -> Verdict {
        if let address, let verdict = verdict(about: address) { return verdict }
        var rest = domain.bytes[...]
        if rest.last == UInt8(ascii: ".") { rest.removeLast() }
        while !rest.isEmpty {
            if let verdict = verdict(about: Text(UnsafeRawBufferPointer(rebasing: rest))) { return verdict }
            guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else { break }
            rest = rest[(dot + 1)...]
        }
        return .unlisted
    }

    /// An exception wins over an entry of the same name. Nil: the name is not listed.
    private func verdict(about name: Text) -> Verdict? {
        if welcome.contains(name) { return .welcome }
        return refused.contains(name) ? .refused : nil
    }
}

/// The file, and what it held when it last was in order.
final class DomainFile {
    static let name = "access.domains"
    private let plugin: Plugin
    private var domains = Domains()

    /// A bad line is left out when the plugin is loaded.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (domains, mistakes) = read()
        self.domains = domains
        for mistake in mistakes { plugin.log(.error, "\(Self.name):\(mistake.line): left out: \(mistake.why)") }
    }

    /// From now on the list follows its file.
    func watch() { plugin.config.watch(Self.name) { [self] in changed() } }

    func judge(domain: Text, _ address: Text?) -> Verdict { domains.judge(domain: domain, address) }

    /// All lines, or none.
    private func changed() {
        let (new, mistakes) = read()
        if let mistake = mistakes.first {
            return plugin.log(.error, "\(Self.name) stays as it was: line \(mistake.line): \(mistake.why)")
        }
        domains = new
        plugin.log(.info, "\(Self.name) has changed: \(new.count) entries")
    }

    /// What the file says now, and what is wrong with it.
    private func read() -> (Domains, [ListMistake]) {
        var mistakes: [ListMistake] = []
        var good: [Text] = []
        for line in plugin.config.lines(Self.name) {
            if let why = EntryKind.domains.mistake(in: line.text) {
                mistakes.append(line.mistake(why))
            } else {
                good.append(line.text)
            }
        }
        return (Domains(good), mistakes)
    }
}
