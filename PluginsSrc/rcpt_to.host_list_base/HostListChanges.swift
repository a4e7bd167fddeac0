// Files that change while the server runs: a whole new list, or the old one.
import HarakaPluginKit

extension HostLists {
    /// In force from the next command on, also on connections that are open. `host_list.anti_spoof` belongs to
    /// `load_host_list` as in Haraka, but has a file of its own, so a mistake in one does not hold up the other.
    func watchHosts() {
        plugin.config.watch("host_list") { [self] in hostsChanged() }
        plugin.config.watch("host_list.anti_spoof") { [self] in antiSpoofChanged() }
    }

    /// A child that wants no expressions never asks for them, and is not told of changes either.
    func watchPatterns() {
        plugin.config.watch("host_list_regex") { [self] in patternsChanged() }
    }

    /// Half a list would refuse for good the mail of those who are missing: a file with a mistake is not used at all.
    private func hostsChanged() {
        if let line = plugin.config.lines("host_list").first(where: { isNonsense($0.text) }) {
            return keep("host_list", "\(line.text.string): no domain (line \(line.number))")
        }
        loadHosts()
        plugin.log(.info, "host_list has changed: \(hosts.count) hosts")
    }

    /// A slip here would open or shut the door for everybody, so only plain words count.
    private func antiSpoofChanged() {
        let text = antiSpoof()
        guard let isOn = truth(of: text) else {
            return keep("host_list.anti_spoof", "\(text.string): neither true nor false")
        }
        refusesSpoofing = isOn
        plugin.log(.info, "host_list.anti_spoof has changed: \(isOn)")
    }

    /// All are tried before the first one is used.
    private func patternsChanged() {
        let (new, mistakes) = readPatterns()
        if let mistake = mistakes.first { return keep("host_list_regex", "\(mistake.why) (line \(mistake.line))") }
        patterns = new
        plugin.log(.info, "host_list_regex has changed: \(new.count) expressions")
    }

    /// One line per mistake and process, and nothing else happens.
    private func keep(_ file: String, _ why: String) {
        plugin.log(.error, "\(file) stays as it was: \(why)")
    }
}

/// Whether a line of `host_list` can be no domain's. Generous: it is for slips of the pen, and for files that were
/// something else; what is merely no name that exists does no harm.
func isNonsense(_ line: Text) -> Bool {
    line.trimmed.bytes.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }
}
