// HJSON (https://hjson.github.io/syntax.html): JSON for people, with comments and without most of the quotes.

/// Reads HJSON files.
///
/// Beyond JSON there are comments (`# ...`, `// ...`, `/* ... */`), keys without quotes, texts in single quotes, texts
/// without quotes to the end of the line, texts of several lines in `'''`, commas where one likes, and no need for
/// braces around the whole. A number, true, false or null is one only where the line ends after it, or `,` `]` `}` or
/// a comment follows; otherwise it begins a text. Stricter than Haraka's reader in two things: a comment must be
/// closed, and a file that holds nothing but a text must have it in quotes.
public enum HJSONParser {
    /// Lists and maps may be nested this deep.
    public static let depthLimit = JSONParser.depthLimit

    /// Reads `bytes`; `file` is named in findings. After an error the value is an empty map.
    public static func parse(_ bytes: [UInt8], file: String) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) { return Parsed(.map([:]), file: file, [problem]) }
        var reading = HJSONReading(bytes)
        do throws(Mistake) {
            let value = try reading.document()
            return Parsed(value, file: file, reading.remarks.findings(in: bytes, file))
        } catch {
            return Parsed(.map([:]), file: file, [error.finding(in: bytes, file)])
        }
    }
}

/// The state of reading one HJSON text: what is left, and how deep it is.
struct HJSONReading: JSONCursor {
    /// The whole file: how far a text of several lines is indented is known from what stands before it.
    let bytes: [UInt8]
    /// What is still to be read. Its indices are places in the file.
    var rest: ArraySlice<UInt8>
    /// How many lists and maps are open.
    private var depth = 0
    private(set) var remarks = Remarks()

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        rest = bytes.withoutByteOrderMark
    }

    /// The whole file: a map with or without braces, a list, or a single value.
    mutating func document() throws(Mistake) -> ConfigValue {
        try skipSpace()
        let start = self
        if rest.first == UInt8(ascii: "{") || rest.first == Byte.open {
            let value = try value()
            try skipSpace()
            guard rest.isEmpty else { throw mistake("expected the end of the file after the value") }
            return value
        }
        do throws(Mistake) {
            return try entries(isBraced: false)
        } catch {
            self = start
            guard let value = singleValue() else { throw error }
            return value
        }
    }

    /// The only value of a file. A text without quotes is none: it will be a key whose colon was forgotten.
    private mutating func singleValue() -> ConfigValue? {
        let isQuoted = rest.first.map(Self.isQuote) ?? false
        guard let value = try? value(), (try? skipSpace()) != nil, rest.isEmpty else { return nil }
        if case .string = value, !isQuoted { return nil }
        return value
    }

    /// The next value, told by its first character.
    private mutating func value() throws(Mistake) -> ConfigValue {
        try skipSpace()
        switch rest.first ?? 0 {
        case UInt8(ascii: "{"): return try nested { reading throws(Mistake) in try reading.entries(isBraced: true) }
        case Byte.open: return try nested { reading throws(Mistake) in try reading.items() }
        case UInt8(ascii: "'") where rest.starts(with: Self.tripleQuote): return .string(try lines())
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
        default: return try quoteless()
        }
    }

    /// Reads what stands within brackets, the opening one first. The limit keeps the stack from running out.
    private mutating func nested(
        _ read: (inout HJSONReading) throws(Mistake) -> ConfigValue
    ) throws(Mistake) -> ConfigValue {
        guard depth < HJSONParser.depthLimit else {
            throw mistake("expected at most \(HJSONParser.depthLimit) lists and maps within each other")
        }
        depth &+= 1
        defer { depth &-= 1 }
        rest.removeFirst()
        return try read(&self)
    }

    /// `key: value`, again and again, to the closing brace or, without braces, to the end of the file.
    private mutating func entries(isBraced: Bool) throws(Mistake) -> ConfigValue {
        var map = OrderedMap()
        while true {
            try skipSpace()
            if isBraced ? take("}") : rest.isEmpty { return .map(map) }
            guard !rest.isEmpty else { throw mistake("expected \"}\"") }
            let place = rest.startIndex
            let key = try key()
            try skipSpace()
            guard take(":") else { throw mistake("expected \":\" after the key (quotes, if it has blanks)") }
            if map[key] != nil { remarks.addRepetition(of: key, at: place) }
            map[key] = try value()
            try skipSpace()
            _ = take(",")
        }
    }

    /// Values to the closing bracket.
    private mutating func items() throws(Mistake) -> ConfigValue {
        var items: [ConfigValue] = []
        while true {
            try skipSpace()
            if take("]") { return .list(items) }
            guard !rest.isEmpty else { throw mistake("expected \"]\"") }
            items.append(try value())
            try skipSpace()
            _ = take(",")
        }
    }

    /// A key in quotes, or one that ends at white space or a character that means something.
    private mutating func key() throws(Mistake) -> String {
        if let first = rest.first, Self.isQuote(first) { return try string() }
        let end = rest.firstIndex { $0 <= 0x20 || Self.isPunctuator($0) } ?? rest.endIndex
        guard end > rest.startIndex else {
            throw mistake("expected a key: a word without , : [ ] { }, or a text in quotes")
        }
        defer { rest = rest[end...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    /// A number, true, false or null, if that is all up to the next `,` `]` `}`, comment or line end; otherwise a text
    /// to the end of the line, commas, comments and all.
    private mutating func quoteless() throws(Mistake) -> ConfigValue {
        guard let first = rest.first, !Self.isPunctuator(first) else { throw mistake("expected a value") }
        let end = rest.indices.first { endsWord(at: $0) } ?? rest.endIndex
        if let value = Self.word(Self.withoutTrailingSpace(rest[..<end])) {
            rest = rest[end...]
            return value
        }
        let line = rest.prefix { $0 != Byte.lf && $0 != Byte.cr }
        rest = rest[line.endIndex...]
        return .string(String(decoding: Self.withoutTrailingSpace(line), as: UTF8.self))
    }

    private func endsWord(at index: Int) -> Bool {
        switch rest[index] {
        case UInt8(ascii: ","), Byte.close, UInt8(ascii: "}"), Byte.hash, Byte.lf, Byte.cr: true
        case UInt8(ascii: "/"): beginsComment(rest[index...])
        default: false
        }
    }

    /// What is not a text although it has no quotes; nil for a text.
    private static func word(_ bytes: ArraySlice<UInt8>) -> ConfigValue? {
        switch bytes.first ?? 0 {
        case UInt8(ascii: "t"): return bytes.elementsEqual("true".utf8) ? .bool(true) : nil
        case UInt8(ascii: "f"): return bytes.elementsEqual("false".utf8) ? .bool(false) : nil
        case UInt8(ascii: "n"): return bytes.elementsEqual("null".utf8) ? .null : nil
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            var reading = HJSONReading([])
            reading.rest = bytes
            guard let number = try? reading.number(), reading.rest.isEmpty else { return nil }
            return number
        default: return nil
        }
    }
}
