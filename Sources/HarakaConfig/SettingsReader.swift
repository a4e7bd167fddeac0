// Keys of an ini file into typed settings: every key has a default, every mistake a finding.

/// Reads one of the core's own ini files key by key.
///
/// A key that is absent has its built-in default, so that deleting a key, a section or the file always works. A key
/// of the wrong type or range is an error that says what was expected, and has its default too. What was never asked
/// for is unknown, and ``finish(moved:)`` says so, with the name that was probably meant.
struct SettingsReader {
    private let parsed: Parsed
    private var findings: [Diagnostic]
    /// The keys asked for so far, by section: the known ones.
    private var known: [String: [String]] = ["main": []]

    init(_ parsed: Parsed) {
        self.parsed = parsed
        findings = parsed.diagnostics
    }

    /// Whether the file sets a key, rightly or not.
    func isSet(_ key: ConfigKey) -> Bool {
        parsed.value[key.section, key.key] != nil
    }

    /// The sections of the file in its order, `main` among them: for files whose sections have names of the user's.
    var sections: [String] {
        (parsed.value.map ?? [:]).entries.filter { $1.map != nil }.map(\.0)
    }

    /// A whole number within `range`.
    mutating func integer(_ key: ConfigKey, default standard: Int, in range: ClosedRange<Int>) -> Int {
        guard let value = scalar(key) else { return standard }
        if let number = Int(value), range.contains(number) { return number }
        let upTo = range.upperBound == .max ? "or more" : "to \(range.upperBound)"
        reject(key, "expected a whole number, \(range.lowerBound) \(upTo)")
        return standard
    }

    /// A number of seconds, with or without a fraction.
    mutating func seconds(_ key: ConfigKey, default standard: Double, in range: ClosedRange<Double>) -> Double {
        guard let value = scalar(key) else { return standard }
        if let number = Double(value), range.contains(number) { return number }
        reject(key, "expected seconds, \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))")
        return standard
    }

    /// A boolean: `true yes ok enabled on 1` or `false no disabled off 0`, in any case. Unlike a declared boolean, any
    /// other word is an error and not false.
    mutating func bool(_ key: ConfigKey, default standard: Bool) -> Bool {
        guard let value = scalar(key) else { return standard }
        if Scalar.isTrue(value) { return true }
        if Scalar.isFalse(value) { return false }
        reject(key, "expected true or false")
        return standard
    }

    /// One of an enumeration's names, in any case.
    mutating func choice<Choice>(_ key: ConfigKey, default standard: Choice) -> Choice
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        guard let value = scalar(key) else { return standard }
        if let choice = Choice(rawValue: value.lowercased()) { return choice }
        reject(key, "expected " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        return standard
    }

    /// A text as written; nil where the key is absent or empty.
    mutating func text(_ key: ConfigKey) -> String? {
        guard let value = scalar(key), !value.isEmpty else { return nil }
        return value
    }

    /// The texts of a list (`key[]=value`); a plain `key=value` counts as a list of one.
    mutating func texts(_ key: ConfigKey) -> [String] {
        note(key)
        guard let value = parsed.value[key.section, key.key] else { return [] }
        if let items = value.list {
            let sources = parsed.sources[key] ?? []
            return items.enumerated().map { index, item in
                (index < sources.count ? sources[index].written : nil) ?? item.text ?? ""
            }
        }
        return text(key).map { [$0] } ?? []
    }

    /// Reports a key's value, which starts at the element `index` of its list: an error, and its place.
    mutating func reject(_ key: ConfigKey, _ expected: String, element index: Int? = nil) {
        let sources = parsed.sources[key] ?? []
        let place = index.flatMap { $0 < sources.count ? sources[$0] : nil } ?? sources.last
        let source = place ?? Source(file: parsed.file)
        let value = parsed.value[key.section, key.key]
        let element = index.flatMap { number in value?.list.flatMap { number < $0.count ? $0[number] : nil } }
        let written = source.written ?? (element ?? value)?.text
        let shown = written.map { "is \"\($0.prefix(60))\"" } ?? "has no single value"
        findings.append(Diagnostic(.error, source, at: source.valueColumn, "\(key) \(shown): \(expected)"))
    }

    /// Adds a remark about a key, with its place.
    mutating func warn(_ key: ConfigKey, _ message: String) {
        let source = parsed.sources[key]?.last ?? Source(file: parsed.file)
        findings.append(Diagnostic(.warning, source, message))
    }

    /// Where the file sets a key that means nothing in its section, says so.
    mutating func ignore(_ key: ConfigKey, _ message: String) {
        guard isSet(key) else { return }
        note(key)
        warn(key, message)
    }

    /// All findings, those about unknown sections and keys among them, in the order of the file.
    ///
    /// - Parameter moved: Keys of older releases and where they are now.
    mutating func finish(moved: [ConfigKey: String] = [:]) -> [Diagnostic] {
        let sections = parsed.value.map ?? [:]
        for (section, content) in sections.entries {
            guard case .map(let keys) = content else {
                warn(ConfigKey(section, ""), "\(section) is not used: expected a section, a map of keys")
                continue
            }
            guard let names = known[section] else {
                let message = "[\(section)] is no section of this file"
                unknown(ConfigKey(section, ""), message, among: known.keys.sorted())
                continue
            }
            for key in keys.keys where !names.contains(key) {
                let place = ConfigKey(section, key)
                if let now = moved[place] {
                    warn(place, "\(place) is not used: it is now \(now)")
                } else {
                    unknown(place, "\(key) is no key of [\(section)]", among: names)
                }
            }
        }
        return Self.sorted(findings)
    }

    /// Warns of a name that was never asked for, and suggests one that was.
    private mutating func unknown(_ place: ConfigKey, _ message: String, among names: [String]) {
        let isSection = place.key.isEmpty
        let meant = NearestName.to(isSection ? place.section : place.key, among: names)
        warn(place, message + (meant.map { "; did you mean \(isSection ? "[\($0)]" : $0)?" } ?? ""))
    }

    /// In the order of files and lines; findings without a line come first.
    private static func sorted(_ findings: [Diagnostic]) -> [Diagnostic] {
        findings.enumerated().sorted { a, b in
            (a.element.file, a.element.line, a.offset) < (b.element.file, b.element.line, b.offset)
        }.map(\.element)
    }

    /// The text of a key that has one scalar; nil where it is absent. A bare key or a list is an error.
    private mutating func scalar(_ key: ConfigKey) -> String? {
        note(key)
        guard let value = parsed.value[key.section, key.key] else { return nil }
        if let text = value.list == nil ? parsed.sources[key]?.last?.written ?? value.text : nil { return text }
        reject(key, "expected \(key.key)=value")
        return nil
    }

    /// From now on the section is a known one, also without keys.
    mutating func knowSection(_ name: String) {
        known[name, default: []] += []
    }

    /// From now on the key is a known one.
    private mutating func note(_ key: ConfigKey) {
        known[key.section, default: []].append(key.key)
    }

    /// `300` for 300.0: nobody writes the fraction.
    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? String(number)
    }
}
