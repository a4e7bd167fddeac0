// dns-list.ini.
import HarakaPluginKit

/// The whole file.
struct Settings {
    /// In the order of the file, each once.
    private(set) var zones: [Zone] = []
    /// Whether the first list that decides ends a search.
    private(set) var endsWithFirst = false
    /// Minutes.
    private(set) var periodicChecks: Int64 = 30
    /// Milliseconds for all answers.
    private(set) var limit: Int64 = 5000
    /// Hooks that end with OK for a client on an allow list.
    private(set) var acceptingHooks = ["connect"]
    /// Whether somebody has asked for what takes Redis.
    private(set) var wantsStatistics = false
    private(set) var mistakes: [String] = []

    init(_ ini: ValueView) {
        var reader = SwitchReader(ini)
        reader.read("stats", "enable", &wantsStatistics)
        mistakes = reader.mistakes
        readZones(ini)
        readSearch(ini["main"]["search"])
        readTimes(ini["main"])
        readHooks(ini["main"]["accept"])
    }

    /// A list, or names with commas between them.
    private mutating func readZones(_ ini: ValueView) {
        let value = ini["main"]["zones"]
        var names: [String] = []
        if let text = value.string { names = text.words }
        value.forEach { names += $0.text.string.words }
        for name in names.map({ $0.asciiLowercased }) where !zones.contains(where: { $0.name == name }) {
            guard isName(name) else {
                mistakes.append("[main] zones: \(name) is no domain")
                continue
            }
            var zone = Zone(name, zones.count)
            mistakes += zone.read(ini)
            zones.append(zone)
        }
    }

    private mutating func readSearch(_ value: ValueView) {
        guard !value.isNull else { return }
        switch value.text.trimmed.asciiLowercased {
        case "first": endsWithFirst = true
        case "all": endsWithFirst = false
        default: mistakes.append("[main] search is neither first nor all")
        }
    }

    private mutating func readTimes(_ main: ValueView) {
        if !main["periodic_checks"].isNull {
            let minutes = main["periodic_checks"].integer(or: -1)
            if (0...10_080).contains(minutes) {
                periodicChecks = minutes
            } else {
                mistakes.append("[main] periodic_checks is no number of minutes up to 10080")
            }
        }
        if !main["timeout"].isNull {
            let seconds = main["timeout"].number(or: -1)
            if seconds > 0, seconds <= 300 {
                limit = max(1, Int64(seconds * 1000))
            } else {
                mistakes.append("[main] timeout is no number of seconds up to 300")
            }
        }
    }

    private mutating func readHooks(_ value: ValueView) {
        guard let text = value.string else { return }
        let hooks = text.words.map { $0.asciiLowercased }
        let known = ["connect", "helo", "ehlo", "mail"]
        guard hooks.allSatisfy({ known.contains($0) }) else {
            return mistakes.append("[main] accept: none of \(known.joined(by: ", "))")
        }
        acceptingHooks = hooks
    }
}

/// Labels of letters, digits, hyphens and underscores, with dots between them.
private func isName(_ name: String) -> Bool {
    let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return name.utf8.count <= 200 && labels.count > 1
        && labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy {
                    ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D || $0 == 0x5F
                }
        }
}
