// JSON (RFC 8259), kept in file order and with the place of every mistake.

/// Reads JSON files, strictly as RFC 8259 has them.
///
/// Its own reader rather than a library's, because a configuration wants what those do not give: the order of the
/// keys, the line and column of a mistake, and the later of two equal keys.
public enum JSONParser {
    /// Lists and maps may be nested this deep.
    public static let depthLimit = 128

    /// Reads `bytes`; `file` is named in findings. After an error the value is an empty map.
    public static func parse(_ bytes: [UInt8], file: String) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) { return Parsed(.map([:]), file: file, [problem]) }
        var reading = JSONReading(bytes)
        do throws(JSONReading.Mistake) {
            let value = try reading.document()
            var findings = Findings()
            for (place, key) in reading.repetitions {
                let source = Self.source(of: place, in: bytes, file)
                findings.add(.warning, source, "\"\(key)\" stands twice in this map: the later one wins")
            }
            return Parsed(value, file: file, findings.diagnostics)
        } catch {
            let source = Self.source(of: error.place, in: bytes, file)
            return Parsed(.map([:]), file: file, [Diagnostic(.error, source, "\(error.message). The file is not used")])
        }
    }

    /// The line and column of a byte. The end of the file belongs to its last line.
    private static func source(of place: Int, in bytes: [UInt8], _ file: String) -> Source {
        var last = TextLine(number: 1, bytes: bytes[0..<0])
        for line in TextLines(bytes) {
            if line.bytes.startIndex > place { break }
            last = line
        }
        let column = last.column(of: place)
        return Source(file: file, line: last.number, column: column, valueColumn: column, text: last.text)
    }
}

/// The state of reading one JSON text: what is left, and how deep it is.
private struct JSONReading {
    /// What is wrong at a byte.
    struct Mistake: Error {
        var place: Int
        var message: String
    }

    /// What is still to be read. Its indices are places in the file.
    private var rest: ArraySlice<UInt8>
    /// How many lists and maps are open.
    private var depth = 0
    /// Keys that were set again, with their places; bounded by what is reported of them.
    private(set) var repetitions: [(place: Int, key: String)] = []

    init(_ bytes: [UInt8]) {
        rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    }

    /// One value, and white space around it.
    mutating func document() throws(Mistake) -> ConfigValue {
        let value = try value()
        skipSpace()
        guard rest.isEmpty else { throw mistake("expected the end of the file after the value") }
        return value
    }

    /// The next value, told by its first character.
    private mutating func value() throws(Mistake) -> ConfigValue {
        skipSpace()
        switch rest.first ?? 0 {
        case UInt8(ascii: "{"): return try nested { reading throws(Mistake) in try reading.map() }
        case UInt8(ascii: "["): return try nested { reading throws(Mistake) in try reading.list() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: return try word()
        }
    }

    /// Reads what stands within brackets, the opening one first. The limit keeps the stack from running out.
    private mutating func nested(
        _ read: (inout JSONReading) throws(Mistake) -> ConfigValue
    ) throws(Mistake) -> ConfigValue {
        guard depth < JSONParser.depthLimit else {
            throw mistake("expected at most \(JSONParser.depthLimit) lists and maps within each other")
        }
        depth &+= 1
        defer { depth &-= 1 }
        rest.removeFirst()
        return try read(&self)
    }

    /// `"key": value, ... }`, after the opening brace.
    private mutating func map() throws(Mistake) -> ConfigValue {
        var map = OrderedMap()
        if take("}") { return .map(map) }
        repeat {
            skipSpace()
            guard rest.first == UInt8(ascii: "\"") else { throw mistake("expected a key in double quotes") }
            let place = rest.startIndex
            let key = try string()
            guard take(":") else { throw mistake("expected \":\" after the key") }
            if map[key] != nil, repetitions.count <= Findings.limit { repetitions.append((place, key)) }
            map[key] = try value()
        } while take(",")
        guard take("}") else { throw mistake("expected \",\" or \"}\"") }
        return .map(map)
    }

    /// `value, ... ]`, after the opening bracket.
    private mutating func list() throws(Mistake) -> ConfigValue {
        var items: [ConfigValue] = []
        if take("]") { return .list(items) }
        repeat { items.append(try value()) } while take(",")
        guard take("]") else { throw mistake("expected \",\" or \"]\"") }
        return .list(items)
    }

    /// One of the three words.
    private mutating func word() throws(Mistake) -> ConfigValue {
        let words: [(StaticString, ConfigValue)] = [("true", .bool(true)), ("false", .bool(false)), ("null", .null)]
        for (word, value) in words {
            let spelled = word.withUTF8Buffer { rest.starts(with: $0) ? $0.count : 0 }
            guard spelled > 0 else { continue }
            rest = rest.dropFirst(spelled)
            return value
        }
        throw mistake("expected a JSON value: {...}, [...], \"text\", a number, true, false or null")
    }

    /// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`: whole numbers that fit are integers, all others doubles.
    private mutating func number() throws(Mistake) -> ConfigValue {
        let whole = rest
        var isWhole = true
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        if rest.first == UInt8(ascii: "0") { rest.removeFirst() } else { try digits() }
        if rest.first == UInt8(ascii: ".") {
            isWhole = false
            rest.removeFirst()
            try digits()
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            isWhole = false
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            try digits()
        }
        let text = String(decoding: whole[..<rest.startIndex], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else {
            throw Mistake(place: whole.startIndex, message: "expected a number that a double can hold")
        }
        return .double(double)
    }

    /// One digit or more.
    private mutating func digits() throws(Mistake) {
        let end = rest.firstIndex { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? rest.endIndex
        guard end > rest.startIndex else { throw mistake("expected a digit") }
        rest = rest[end...]
    }

    /// A text in double quotes. What lies between two escapes is copied in one piece; it is known to be UTF-8.
    private mutating func string() throws(Mistake) -> String {
        rest.removeFirst()
        var bytes: [UInt8] = []
        while true {
            let end = rest.firstIndex { $0 == UInt8(ascii: "\"") || $0 == Byte.backslash || $0 < 0x20 } ?? rest.endIndex
            bytes += rest[..<end]
            rest = rest[end...]
            switch rest.first {
            case UInt8(ascii: "\""):
                rest.removeFirst()
                return String(decoding: bytes, as: UTF8.self)
            case Byte.backslash: bytes += String(try escape()).utf8
            case nil: throw mistake("expected a closing double quote")
            default: throw mistake("expected no control character within a text: write \\n, \\t or \\u00XX")
            }
        }
    }

    /// What a backslash begins. A surrogate must come with its other half: a lone one is no character.
    private mutating func escape() throws(Mistake) -> Unicode.Scalar {
        let place = rest.startIndex
        let plain: [UInt8: Unicode.Scalar] = [
            UInt8(ascii: "\""): "\"", Byte.backslash: "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
            UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
        ]
        if let mark = rest.dropFirst().first, let scalar = plain[mark] {
            rest = rest.dropFirst(2)
            return scalar
        }
        guard let unit = hexUnit() else {
            throw Mistake(place: place, message: "expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX")
        }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), let trail = hexUnit(), UTF16.isTrailSurrogate(trail) else {
            throw Mistake(place: place, message: "expected both halves of a surrogate pair: \\uD8XX\\uDCXX")
        }
        return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    }

    /// Takes `\uXXXX`; nil, and nothing taken, where that does not follow.
    private mutating func hexUnit() -> UInt16? {
        let marked = rest.prefix(6)
        guard marked.starts(with: [Byte.backslash, UInt8(ascii: "u")]) else { return nil }
        let digits = marked.dropFirst(2)
        let isHex = digits.allSatisfy { Unicode.Scalar($0).properties.isASCIIHexDigit }
        guard digits.count == 4, isHex else { return nil }
        guard let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
        rest = rest.dropFirst(6)
        return unit
    }

    /// Takes a character, and white space before it, if it follows.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// JSON's four kinds of white space.
    private mutating func skipSpace() {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == Byte.lf || $0 == Byte.cr }
    }

    /// A mistake at what comes next.
    private func mistake(_ message: String) -> Mistake {
        Mistake(place: rest.startIndex, message: message)
    }
}
