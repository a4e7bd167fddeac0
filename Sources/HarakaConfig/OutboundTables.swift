// outbound.ini: sections whose keys are domains, and the files that stood for single keys of it.

/// `[schedule]` and the domains of `[concurrency]`, which ``SettingsReader`` would take for unknown keys.
struct OutboundTables {
    static let names = ["schedule", "concurrency"]
    /// The keys of `[concurrency]` that are no domains.
    private static let settings = ["start", "max", "rest", "rest_max"]

    private(set) var intervals: [String: String] = [:]
    private(set) var sites: [String: Int] = [:]
    private var findings: [Diagnostic] = []

    /// Moves the domains out of what was read, and `temp_fail_intervals` if it is wrong. What is to be said of them
    /// stands with the other findings.
    mutating func take(from parsed: inout Parsed, _ check: OutboundFile.IntervalsCheck) {
        guard var sections = parsed.value.map else { return }
        defer {
            parsed.value = .map(sections)
            parsed.diagnostics += findings
        }
        let general = Entry(ConfigKey("main", "temp_fail_intervals"), sections["main"]?["temp_fail_intervals"], parsed)
        if let text = general.value, !text.isEmpty, !isWell(text, general, check), var keys = sections["main"]?.map {
            keys["temp_fail_intervals"] = nil
            sections["main"] = .map(keys)
        }
        for name in Self.names {
            guard var keys = sections[name]?.map else { continue }
            for key in keys.keys where name != "concurrency" || !Self.isSetting(key) {
                let entry = Entry(ConfigKey(name, key), keys[key], parsed)
                if name == "schedule" { takeIntervals(entry, check) } else { takeSite(entry) }
                keys[key] = nil
            }
            sections[name] = .map(keys)
        }
    }

    /// A domain has a dot, but for `localhost` and its like; what resembles a setting is left for it to be complained
    /// about.
    private static func isSetting(_ key: String) -> Bool {
        settings.contains(key) || (!key.contains(".") && NearestName.to(key, among: settings) != nil)
    }

    /// One line of such a section.
    private struct Entry {
        let key: ConfigKey
        /// nil: a list, or a key without `=`.
        let value: String?
        let source: Source

        init(_ key: ConfigKey, _ value: ConfigValue?, _ parsed: Parsed) {
            self.key = key
            source = parsed.sources[key]?.last ?? Source(file: parsed.file)
            self.value = value?.list == nil ? source.written ?? value?.text : nil
        }
    }

    private mutating func takeIntervals(_ entry: Entry, _ check: OutboundFile.IntervalsCheck) {
        guard let domain = domain(entry) else { return }
        guard let text = entry.value else {
            return report(entry, "expected \(entry.key.key)=intervals, as in 1m, 5m*2")
        }
        if isWell(text, entry, check) { intervals[domain] = text }
    }

    /// Whether the text is a schedule. If it is none, that has been said.
    private mutating func isWell(_ text: String, _ entry: Entry, _ check: OutboundFile.IntervalsCheck) -> Bool {
        guard let mistake = check(text) else { return true }
        report(entry, mistake.expected, after: text.utf8.prefix(mistake.offset))
        return false
    }

    private mutating func takeSite(_ entry: Entry) {
        guard let domain = domain(entry) else { return }
        guard let count = entry.value.flatMap({ Int($0) }), (1...100_000).contains(count) else {
            return report(entry, "expected a whole number, 1 to 100000")
        }
        sites[domain] = count
    }

    /// The key in lower case; nil: it is no domain, and that has been said.
    private mutating func domain(_ entry: Entry) -> String? {
        let domain = entry.key.key.lowercased()
        let isWell = !domain.hasPrefix(".") && !domain.hasSuffix(".") && !domain.contains("@") && !domain.contains("/")
        if isWell { return domain }
        let message =
            "\"\(domain.prefix(60))\" is no domain: expected one such as example.com"
        findings.append(Diagnostic(.error, entry.source, message))
        return nil
    }

    private mutating func report(_ entry: Entry, _ expected: String, after: Substring.UTF8View = ""[...].utf8) {
        let shown = entry.value.map { "is \"\($0.prefix(60))\"" } ?? "has no single value"
        let column = entry.source.valueColumn &+ Substring(after).unicodeScalars.count
        findings.append(Diagnostic(.error, entry.source, at: column, "\(entry.key) \(shown): \(expected)"))
    }
}

/// Haraka's former files of one value each: `outbound.KEY` counts where outbound.ini does not set KEY.
struct FormerValues {
    private let directory: ConfigDirectory
    private let parsed: Parsed
    private(set) var findings: [Diagnostic] = []

    init(_ directory: ConfigDirectory, besides parsed: Parsed) {
        self.directory = directory
        self.parsed = parsed
    }

    /// The file's value; nil: it is not there, or outbound.ini has the key.
    mutating func text(_ key: String) -> String? { value(key)?.text }

    mutating func bool(_ key: String, default standard: Bool) -> Bool {
        guard let file = value(key), let text = file.text else { return standard }
        if Scalar.isTrue(text) { return true }
        if !Scalar.isFalse(text) { findings.append(file.rejected("expected true or false")) }
        return Scalar.isFalse(text) ? false : standard
    }

    mutating func integer(_ key: String, default standard: Int, in range: ClosedRange<Int>) -> Int {
        guard let file = value(key), let text = file.text else { return standard }
        if let number = Int(text), range.contains(number) { return number }
        findings.append(file.rejected("expected a whole number, \(range.lowerBound) to \(range.upperBound)"))
        return standard
    }

    /// What a value should have been.
    mutating func reject(_ key: String, _ expected: String) {
        guard let file = value(key) else { return }
        findings.append(file.rejected(expected))
    }

    private mutating func value(_ key: String) -> SingleValue? {
        guard parsed.value["main", key] == nil else { return nil }
        let file = SingleValue(directory.get("outbound.\(key)", .value))
        for finding in file.diagnostics where !findings.contains(finding) { findings.append(finding) }
        return file
    }
}
