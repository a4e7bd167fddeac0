// What JSON and its relatives have in common: numbers, escapes, and mistakes with their places.

/// What is wrong at a byte of a file.
struct Mistake: Error {
    /// The index of the byte.
    var place: Int
    /// What was expected.
    var message: String

    /// The finding, after which the file counts as empty.
    func finding(in bytes: [UInt8], _ file: String) -> Diagnostic {
        Diagnostic(.error, TextLines.source(of: place, in: bytes, file), "\(message). The file is not used")
    }
}

/// Warnings while a file is read, with their places; bounded by what is reported of them, because each place is looked
/// up from the start of the file.
struct Remarks {
    private var remarks: [(message: String, place: Int)] = []

    mutating func add(_ message: @autoclosure () -> String, at place: Int) {
        if remarks.count <= Findings.limit { remarks.append((message(), place)) }
    }

    /// A key that was set before in its map.
    mutating func addRepetition(of key: String, at place: Int) {
        add("\"\(key.prefix(60))\" stands twice in this map: the later one wins", at: place)
    }

    /// The same with other places.
    func moved(_ place: (Int) -> Int) -> Remarks {
        var moved = Remarks()
        moved.remarks = remarks.map { ($0.message, place($0.place)) }
        return moved
    }

    /// One warning for each.
    func findings(in bytes: [UInt8], _ file: String) -> [Diagnostic] {
        var findings = Findings()
        for (message, place) in remarks {
            findings.add(.warning, TextLines.source(of: place, in: bytes, file), message)
        }
        return findings.diagnostics
    }
}

/// A place in a JSON-like text, and the readers of what looks the same in all of them.
protocol JSONCursor {
    /// What is still to be read. Its indices are places in the file.
    var rest: ArraySlice<UInt8> { get set }
}

extension JSONCursor {
    /// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`: whole numbers that fit are integers, all others doubles.
    mutating func number() throws(Mistake) -> ConfigValue {
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

    /// What a backslash begins. A surrogate must come with its other half: a lone one is no character.
    mutating func escape() throws(Mistake) -> Unicode.Scalar {
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

    /// A mistake at what comes next.
    func mistake(_ message: String) -> Mistake {
        Mistake(place: rest.startIndex, message: message)
    }
}
