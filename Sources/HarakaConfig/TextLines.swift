// Bytes into lines: the one place that knows line endings, white space, and what is no text.

/// The lines of a text file; CR LF, CR and LF each end one, and a last line without an ending counts.
///
/// Lines are cut lazily, so that a file of nothing but line endings costs no more memory than it has bytes.
struct TextLines: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private var number = 0

    /// The bytes must be UTF-8 (see ``invalidText(_:file:)``); a byte-order mark at the start is skipped.
    init(_ bytes: [UInt8]) {
        rest = bytes.withoutByteOrderMark
    }

    /// The next line; nil at the end.
    mutating func next() -> TextLine? {
        guard !rest.isEmpty else { return nil }
        number &+= 1
        let end = rest.firstIndex { $0 == Byte.lf || $0 == Byte.cr } ?? rest.endIndex
        let line = TextLine(number: number, bytes: rest[rest.startIndex..<end])
        var after = rest[end...]
        if let ending = after.popFirst(), ending == Byte.cr, after.first == Byte.lf { after.removeFirst() }
        rest = after
        return line
    }

    /// The line and column of a byte. The end of the file belongs to its last line.
    static func source(of place: Int, in bytes: [UInt8], _ file: String) -> Source {
        var last = TextLine(number: 1, bytes: bytes[0..<0])
        for line in TextLines(bytes) {
            if line.bytes.startIndex > place { break }
            last = line
        }
        let column = last.column(of: place)
        return Source(file: file, line: last.number, column: column, valueColumn: column, text: last.text)
    }

    /// The finding that a file is not text, or nil if it is.
    static func invalidText(_ bytes: [UInt8], file: String) -> Diagnostic? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        let culprit = TextLines(bytes).first { String(validating: $0.bytes, as: UTF8.self) == nil }
        guard let culprit else { return Diagnostic(.error, file: file, "the file is not UTF-8 text; it is not used") }
        let column = culprit.validPrefixLength &+ 1
        let message = "this line is not UTF-8 text; expected UTF-8. The file is not used"
        return Diagnostic(.error, culprit.source(file), at: column, message)
    }
}

/// One line without its ending.
struct TextLine {
    /// From 1.
    var number: Int
    var bytes: ArraySlice<UInt8>

    /// As text; what is not UTF-8 is replaced.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Blank, or the first character that is not blank is `#` or `;`.
    var isBlankOrComment: Bool {
        guard let first = bytes.first(where: { !Byte.isSpace($0) }) else { return true }
        return first == Byte.hash || first == Byte.semicolon
    }

    /// The column, in characters from 1, of a place in `bytes`.
    func column(of index: Int) -> Int {
        let end = Swift.min(Swift.max(index, bytes.startIndex), bytes.endIndex)
        // Each character has one byte that is no continuation byte.
        return 1 &+ bytes[..<end].count { $0 & 0xC0 != 0x80 }
    }

    /// The place of this line, with the column of its first character that is not blank.
    func source(_ file: String) -> Source {
        let first = column(of: bytes.firstIndex { !Byte.isSpace($0) } ?? bytes.startIndex)
        return Source(file: file, line: number, column: first, valueColumn: first, text: text)
    }

    /// How many characters come before the first that is not UTF-8.
    fileprivate var validPrefixLength: Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue = decoder.decode(&iterator) { count &+= 1 }
        return count
    }
}

/// The bytes that matter in configuration files.
enum Byte {
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let hash = UInt8(ascii: "#")
    static let semicolon = UInt8(ascii: ";")
    static let equals = UInt8(ascii: "=")
    static let backslash = UInt8(ascii: "\\")
    static let open = UInt8(ascii: "[")
    static let close = UInt8(ascii: "]")

    /// Space, tab, vertical tab, form feed.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C
    }

    /// What an ini key may be made of: letters, digits, and `_ @ : . + - / [ ]`.
    static func isKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "-")...UInt8(ascii: ":"): true  // - . / 0 to 9 :
        case UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "+"), open, close: true
        default: false
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without white space at both ends.
    var trimmed: ArraySlice<UInt8> {
        guard let first = firstIndex(where: { !Byte.isSpace($0) }),
            let last = lastIndex(where: { !Byte.isSpace($0) })
        else { return self[endIndex...] }
        return self[first...last]
    }
}

extension [UInt8] {
    /// The text without the mark that some editors begin UTF-8 files with.
    var withoutByteOrderMark: ArraySlice<UInt8> {
        starts(with: [0xEF, 0xBB, 0xBF]) ? dropFirst(3) : self[...]
    }
}
