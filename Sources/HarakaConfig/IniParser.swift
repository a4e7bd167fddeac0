// Haraka's ini dialect: sections of key=value, with continuation lines, arrays and declared booleans.

/// Reads ini files.
///
/// Comments start with `;` or `#` and have a line of their own. A line is `[section]`, `key=value` or a bare `key`;
/// `\` at its end continues it. Keys before the first section belong to `main`. `key[]=value` appends to a list. Of
/// two lines with one key the later wins. What fits none of this is reported and skipped. A section or key named
/// `__proto__` is ordinary data here.
public enum IniParser {
    /// Reads `bytes`; `file` is named in findings.
    ///
    /// - Parameter booleans: Haraka's boolean declarations: `section.key`, `+section.key`, `*.key`, ...
    /// - Returns: A map of sections, `main` always among them, each a map of keys. Not UTF-8: one error, and the value
    ///   of an empty file.
    public static func parse(_ bytes: [UInt8], file: String, booleans: [String] = []) -> Parsed {
        let declarations = BooleanDeclarations(booleans)
        var parsed = parseLayer(bytes, file: file, declarations)
        declarations.fill(&parsed.value)
        return parsed
    }

    /// Reads one layer of several: declared booleans are converted, but not yet filled in.
    static func parseLayer(_ bytes: [UInt8], file: String, _ declarations: BooleanDeclarations) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) {
            return Parsed(ConfigType.ini.missing, file: file, [problem])
        }
        var reading = IniReading(file: file, declarations: declarations)
        for line in TextLines(bytes) { reading.take(line) }
        return reading.finish()
    }
}

/// The state of reading one ini file: the sections so far, the current one, and a line that is being continued.
private struct IniReading {
    /// What findings name.
    let file: String
    let declarations: BooleanDeclarations
    /// The sections in order: their names, what they hold, and the place of each name.
    private var names = ["main"]
    private var sections: [OrderedMap] = [[:]]
    private var places = ["main": 0]
    /// The section that keys belong to now.
    private var current = 0
    /// The number of the first line of what is being continued, and its text so far.
    private var begunLine: Int?
    private var begun: [UInt8] = []
    private var findings = Findings()
    private var sources: [ConfigKey: [Source]] = [:]

    init(file: String, declarations: BooleanDeclarations) {
        self.file = file
        self.declarations = declarations
    }

    /// Takes the next line of the file.
    ///
    /// Comments and blank lines may stand between a line and its continuation, as in Haraka.
    mutating func take(_ line: TextLine) {
        if line.isBlankOrComment { return }
        if let name = sectionName(line) {
            endContinuation()
            return enter(name, line)
        }
        let continues = continuation(line)
        if begunLine == nil && continues == nil { return takeKey(line) }
        begunLine = begunLine ?? line.number
        begun += line.bytes.dropLast(continues ?? 0)
        if continues == nil { takeBegun() }
    }

    /// The sections, once all lines are taken.
    mutating func finish() -> Parsed {
        endContinuation()
        var map = OrderedMap()
        for (name, section) in zip(names, sections) { map[name] = .map(section) }
        return Parsed(.map(map), file: file, findings.diagnostics, sources: sources)
    }

    /// How many bytes the continuation mark at a line's end takes; nil where there is none.
    private func continuation(_ line: TextLine) -> Int? {
        guard let last = line.bytes.lastIndex(where: { $0 != 0x20 && $0 != 0x09 }) else { return nil }
        return line.bytes[last] == Byte.backslash ? line.bytes.endIndex &- last : nil
    }

    /// Nothing follows the line that is being continued: it counts as it stands.
    private mutating func endContinuation() {
        guard let number = begunLine else { return }
        let line = TextLine(number: number, bytes: begun[...])
        findings.add(.warning, line.source(file), "this line ends in \"\\\" but no line continues it")
        takeBegun()
    }

    /// The continued line is whole.
    private mutating func takeBegun() {
        let line = TextLine(number: begunLine ?? 0, bytes: begun[...])
        begunLine = nil
        begun = []
        takeKey(line)
    }

    /// The name in `[name]`, without white space around it; nil where the line is no section.
    private func sectionName(_ line: TextLine) -> String? {
        let bytes = line.bytes.trimmed
        guard bytes.first == Byte.open, bytes.firstIndex(of: Byte.close) == bytes.indices.last else { return nil }
        return String(decoding: bytes.dropFirst().dropLast().trimmed, as: UTF8.self)
    }

    /// Makes a section the current one. Its later keys are added to those of the first time.
    private mutating func enter(_ name: String, _ line: TextLine) {
        sources[ConfigKey(name, ""), default: []].append(line.source(file))
        if let place = places[name] {
            current = place
            return
        }
        current = names.count
        places[name] = current
        names.append(name)
        sections.append([:])
    }

    /// A line that is neither comment nor section: `key`, white space, and perhaps `=` and a value.
    private mutating func takeKey(_ line: TextLine) {
        let bytes = line.bytes.trimmed
        let keyEnd = bytes.firstIndex { !Byte.isKey($0) } ?? bytes.endIndex
        let sign = bytes[keyEnd...].firstIndex { !Byte.isSpace($0) } ?? bytes.endIndex
        let hasValue = sign < bytes.endIndex && bytes[sign] == Byte.equals
        guard keyEnd > bytes.startIndex, hasValue || sign == bytes.endIndex else { return reject(line, at: sign) }
        // Haraka takes `[main` for a bare key; it is a section whose bracket was forgotten.
        if !hasValue, bytes.first == Byte.open, !bytes.contains(Byte.close) { return reject(line, at: bytes.endIndex) }

        var source = line.source(file)
        if hasValue {
            let value = bytes[(sign &+ 1)...].trimmed
            source.valueColumn = line.column(of: value.startIndex)
            source.written = String(decoding: value, as: UTF8.self)
        }
        store(String(decoding: bytes[..<keyEnd], as: UTF8.self), source)
    }

    /// The line is invalid from this byte on.
    private mutating func reject(_ line: TextLine, at place: Int) {
        let expected = "expected [section], key=value or key (letters, digits and _ @ : . + - / [ ])"
        findings.add(.error, line.source(file), at: line.column(of: place), "this line is skipped: \(expected)")
    }

    /// Puts a key into the current section.
    private mutating func store(_ name: String, _ source: Source) {
        let hasBrackets = name.hasSuffix("[]") && name.utf8.count > 2
        let key = hasBrackets ? String(name.dropLast(2)) : name
        // Whoever declared a boolean gets one, brackets or not.
        let isList = hasBrackets && !declarations.contains(names[current], key)
        let value = scalar(isList ? name : key, source)
        let place = ConfigKey(names[current], key)
        if isList {
            let begins = sections[current][key]?.list == nil
            sections[current].append(value, toListAt: key)
            if begins { sources[place] = [source] } else { sources[place, default: []].append(source) }
        } else {
            reportRepetition(place, value, source)
            sections[current][key] = value
            sources[place] = [source]
        }
    }

    /// A value by its declaration, or by its look.
    private mutating func scalar(_ name: String, _ source: Source) -> ConfigValue {
        guard declarations.contains(names[current], name) else {
            return source.written.map(Scalar.value) ?? .null
        }
        let written = source.written ?? ""
        if !Scalar.isTrue(written) && !Scalar.isFalse(written) {
            let message = "\(name) is taken for false: expected true, yes, ok, enabled, on, 1 or their opposites"
            findings.add(.warning, source, at: source.valueColumn, message)
        }
        return .bool(Scalar.isTrue(written))
    }

    /// A second line for a key is worth a word only where it changes the outcome.
    private mutating func reportRepetition(_ key: ConfigKey, _ value: ConfigValue, _ source: Source) {
        guard let earlier = sections[current][key.key], earlier != value else { return }
        let line = sources[key]?.last?.line ?? 0
        findings.add(.warning, source, "\(key) is set again: this line wins over line \(line)")
    }
}
