// fcrdns.ini.
import HarakaPluginKit

/// The whole file.
struct Settings: Equatable {
    private(set) var rejectsNoRDNS = false, rejectsNoFCrDNS = false, rejectsInvalidTLD = false, rejectsGeneric = false
    /// Milliseconds for each round of lookups.
    private(set) var limit: Int64 = 29_000
    private(set) var mistakes: [String] = []

    init(_ ini: ValueView) {
        var reader = SwitchReader(ini)
        reader.read("reject", "no_rdns", &rejectsNoRDNS)
        reader.read("reject", "no_fcrdns", &rejectsNoFCrDNS)
        reader.read("reject", "invalid_tld", &rejectsInvalidTLD)
        reader.read("reject", "generic_rdns", &rejectsGeneric)
        mistakes = reader.mistakes
        let seconds = ini["main"]["timeout"]
        guard !seconds.isNull else { return }
        let number = seconds.number(or: -1)
        if number > 0, number <= 300 {
            limit = max(1, Int64(number * 1000))
        } else {
            mistakes.append("[main] timeout is no number of seconds up to 300")
        }
    }
}

/// The settings in force.
final class LiveSettings {
    private static let file = "fcrdns.ini"
    private let plugin: Plugin
    private(set) var now: Settings

    /// When the plugin is loaded there is nothing else to fall back to, so what is bad does not count and the rest does.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        now = Settings(plugin.config.ini(Self.file))
        for mistake in now.mistakes { plugin.log(.error, "\(Self.file): \(mistake); the default counts") }
    }

    /// From now on they follow the file.
    func watch() { plugin.config.watch(Self.file) { [self] in changed() } }

    /// All keys, or none.
    private func changed() {
        let new = Settings(plugin.config.ini(Self.file))
        if let mistake = new.mistakes.first {
            return plugin.log(.error, "\(Self.file): all stays as it was: \(mistake)")
        }
        now = new
        plugin.log(.info, "\(Self.file) has changed")
    }
}
