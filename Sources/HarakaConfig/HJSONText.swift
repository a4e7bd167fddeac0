// HJSON: the texts in quotes, and what stands between the values.

extension HJSONReading {
    static let tripleQuote = Array("'''".utf8)

    /// A text in double or single quotes, with JSON's escapes and `\'`.
    mutating func string() throws(Mistake) -> String {
        let quote = rest.removeFirst()
        var text: [UInt8] = []
        while true {
            let end = rest.firstIndex { $0 == quote || $0 == Byte.backslash || $0 == Byte.lf || $0 == Byte.cr }
            text += rest[..<(end ?? rest.endIndex)]
            rest = rest[(end ?? rest.endIndex)...]
            switch rest.first {
            case quote?:
                rest.removeFirst()
                return String(decoding: text, as: UTF8.self)
            case Byte.backslash? where rest.dropFirst().first == UInt8(ascii: "'"):
                text.append(UInt8(ascii: "'"))
                rest = rest.dropFirst(2)
            case Byte.backslash?: text += String(try escape()).utf8
            default: throw mistake("expected a closing quote in the same line")
            }
        }
    }

    /// A text of several lines, to the next `'''`. As much white space is taken from the beginning of each line as
    /// stands before the opening quotes; a line end right after these, and the last one, do not belong to the text.
    mutating func lines() throws(Mistake) -> String {
        let start = rest.startIndex
        rest = rest.dropFirst(3)
        let end = rest.indices.first { rest[$0] == UInt8(ascii: "'") && rest[$0...].starts(with: Self.tripleQuote) }
        guard let end else { throw Mistake(place: start, message: "expected closing ''' after these") }
        let content = rest[..<end]
        rest = rest[end...].dropFirst(3)
        // Only where there are lines to be cut is the beginning of this one looked for: many texts may stand in it.
        guard content.contains(Byte.lf) else {
            return String(decoding: content.filter { $0 != Byte.cr }.drop { $0 <= 0x20 }, as: UTF8.self)
        }
        let before = bytes[..<start]
        let lineStart = before.lastIndex(of: Byte.lf).map { $0 &+ 1 } ?? before.startIndex
        let indent = before[lineStart...].count { $0 & 0xC0 != 0x80 }
        return Self.text(of: content, indent: indent)
    }

    /// The lines without their indentation.
    private static func text(of content: ArraySlice<UInt8>, indent: Int) -> String {
        let parts = content.split(separator: Byte.lf, omittingEmptySubsequences: false)
        var lines = parts.enumerated().map { number, line in
            let space = line.prefix { $0 <= 0x20 }.count
            return line.dropFirst(number == 0 ? space : min(space, indent)).filter { $0 != Byte.cr }
        }
        if lines.first?.isEmpty == true { lines.removeFirst() }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return String(decoding: Array(lines.joined(separator: [Byte.lf])), as: UTF8.self)
    }

    /// Takes a character if it follows.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// White space (all up to the blank) and comments.
    mutating func skipSpace() throws(Mistake) {
        while let first = rest.first {
            if first <= 0x20 {
                rest = rest.drop { $0 <= 0x20 }
            } else if first == Byte.hash || rest.starts(with: "//".utf8) {
                rest = rest.drop { $0 != Byte.lf && $0 != Byte.cr }
            } else if beginsComment(rest) {
                try skipBlockComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(Mistake) {
        let body = rest.dropFirst(2)
        let end = body.indices.first { body[$0] == UInt8(ascii: "*") && body[$0...].starts(with: "*/".utf8) }
        guard let end else { throw mistake("expected */ after this comment") }
        rest = rest[end...].dropFirst(2)
    }

    /// `//` or `/*`.
    func beginsComment(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.first == UInt8(ascii: "/") else { return false }
        let second = bytes.dropFirst().first
        return second == UInt8(ascii: "/") || second == UInt8(ascii: "*")
    }

    /// What a text in quotes begins with.
    static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    /// What a key or a text without quotes cannot begin with.
    static func isPunctuator(_ byte: UInt8) -> Bool {
        "{}[],:".utf8.contains(byte)
    }

    /// What is left without the blanks at the end.
    static func withoutTrailingSpace(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes[..<(bytes.lastIndex { $0 > 0x20 }.map { $0 &+ 1 } ?? bytes.startIndex)]
    }
}
