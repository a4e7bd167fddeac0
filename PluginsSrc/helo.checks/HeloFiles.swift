// The files, which are read again when they change: all of a file, or none of it.
import HarakaPluginKit

/// helo.checks.ini, helo.checks.allow and helo.checks.regexps.
final class HeloFiles {
    private static let patternFile = "helo.checks.regexps"
    private let plugin: Plugin
    private(set) var settings: HeloSettings
    private(set) var patterns = PatternList()

    /// When the plugin is loaded there is nothing else to fall back to, so what is bad is left out and the rest counts.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        settings = readSettings(plugin)
        for mistake in settings.mistakes { plugin.log(.error, "helo.checks.ini: \(mistake); the default counts") }
        let (patterns, mistakes) = PatternList.read(plugin.config.lines(Self.patternFile), plugin)
        self.patterns = patterns
        for mistake in mistakes { plugin.log(.error, "\(Self.patternFile):\(mistake.line): left out: \(mistake.why)") }
    }

    /// From now on everything follows its files.
    func watch() {
        for name in ["helo.checks.ini", "helo.checks.allow"] {
            plugin.config.watch(name) { [self] in settingsChanged(name) }
        }
        plugin.config.watch(Self.patternFile) { [self] in patternsChanged() }
    }

    /// helo.checks.ini, or helo.checks.allow, which belongs to it.
    private func settingsChanged(_ name: String) {
        let new = readSettings(plugin)
        if let mistake = new.mistakes.first {
            return plugin.log(.error, "\(name): all stays as it was: helo.checks.ini: \(mistake)")
        }
        settings = new
        plugin.log(.info, "\(name) has changed")
    }

    /// All expressions, or none.
    private func patternsChanged() {
        let (new, mistakes) = PatternList.read(plugin.config.lines(Self.patternFile), plugin)
        if let mistake = mistakes.first {
            return plugin.log(
                .error, "\(Self.patternFile) stays as it was: line \(mistake.line): \(mistake.why)")
        }
        patterns = new
        plugin.log(.info, "\(Self.patternFile) has changed")
    }
}

private func readSettings(_ plugin: Plugin) -> HeloSettings {
    let allowed = plugin.config.list("helo.checks.allow")
    return HeloSettings(
        ini: plugin.config.ini("helo.checks.ini"), allowed: (0..<allowed.count).map { allowed[$0].text })
}
