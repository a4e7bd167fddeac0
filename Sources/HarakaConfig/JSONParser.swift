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
        do throws(Mistake) {
            let value = try reading.document()
            return Parsed(value, file: file, reading.remarks.findings(in: bytes, file))
        } catch {
            return Parsed(.map([:]), file: file, [error.finding(in: bytes, file)])
        }
    }
}

/// The state of reading one JSON text: what is left, and how deep it is.
private struct JSONReading: JSONCursor {
    /// What is still to be read. Its indices are places in the file.
    var rest: ArraySlice<UInt8>
    /// How many lists and maps are open.
    private var depth = 0
    private(set) var remarks = Remarks()

    init(_ bytes: [UInt8]) {
        rest = bytes.withoutByteOrderMark
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
            if map[key] != nil { remarks.addRepetition(of: key, at: place) }
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
}
