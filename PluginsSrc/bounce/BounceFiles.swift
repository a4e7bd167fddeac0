// The files, which are read again when they change: all of a file, or none of it.
import HarakaPluginKit

/// bounce.ini, bounce_bad_rcpt and bounce_whitelist.json.
final class BounceFiles {
    private let plugin: Plugin
    private(set) var settings: BounceSettings
    private(set) var badRecipients: TextSet
    private(set) var whitelist: Whitelist

    /// When the plugin is loaded there is nothing else to fall back to, so what is bad is left out and the rest counts.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        settings = BounceSettings(ini: plugin.config.ini("bounce.ini"))
        let (recipients, lines) = readBadRecipients(plugin.config.lines("bounce_bad_rcpt"))
        badRecipients = recipients
        let (whitelist, entries) = readWhitelist(plugin.config.json("bounce_whitelist.json"))
        self.whitelist = whitelist
        for mistake in settings.mistakes { plugin.log(.error, "bounce.ini: \(mistake); the default counts") }
        for mistake in lines { plugin.log(.error, "bounce_bad_rcpt:\(mistake.line): left out: \(mistake.why)") }
        for mistake in entries { plugin.log(.error, "bounce_whitelist.json: left out: \(mistake)") }
        sayWhatIsMissing()
    }

    /// From now on everything follows its files.
    func watch() {
        plugin.config.watch("bounce.ini") { [self] in settingsChanged() }
        plugin.config.watch("bounce_bad_rcpt") { [self] in badRecipientsChanged() }
        plugin.config.watch("bounce_whitelist.json") { [self] in whitelistChanged() }
    }

    /// A slip could refuse every bounce: all keys, or none.
    private func settingsChanged() {
        let new = BounceSettings(ini: plugin.config.ini("bounce.ini"))
        if let mistake = new.mistakes.first { return keep("bounce.ini", mistake) }
        settings = new
        plugin.log(.info, "bounce.ini has changed")
        sayWhatIsMissing()
    }

    private func badRecipientsChanged() {
        let (new, mistakes) = readBadRecipients(plugin.config.lines("bounce_bad_rcpt"))
        if let mistake = mistakes.first { return keep("bounce_bad_rcpt", "line \(mistake.line): \(mistake.why)") }
        badRecipients = new
        plugin.log(.info, "bounce_bad_rcpt has changed: \(new.count) addresses")
    }

    private func whitelistChanged() {
        let (new, mistakes) = readWhitelist(plugin.config.json("bounce_whitelist.json"))
        if let mistake = mistakes.first { return keep("bounce_whitelist.json", mistake) }
        whitelist = new
        plugin.log(.info, "bounce_whitelist.json has changed: \(new.count) recipients")
    }

    /// One line per mistake and process, and nothing else happens.
    private func keep(_ file: String, _ why: String) { plugin.log(.error, "\(file) stays as it was: \(why)") }

    /// Who has switched something on should not believe that it works.
    private func sayWhatIsMissing() {
        if settings.wantsSPF { plugin.log(.warn, "bounce.ini: bounce_spf is without effect: there is no SPF yet") }
    }
}

/// One address per line.
func readBadRecipients(_ lines: [ListLine]) -> (TextSet, [ListMistake]) {
    func isAddress(_ line: ListLine) -> Bool {
        line.text.bytes.contains(UInt8(ascii: "@")) && !line.text.bytes.contains { $0 <= 0x20 }
    }
    let mistakes = lines.filter { !isAddress($0) }.map { $0.mistake("\($0.text.string): no mail address") }
    return (TextSet(copying: lines.filter(isAddress).map { $0.text }), mistakes)
}
