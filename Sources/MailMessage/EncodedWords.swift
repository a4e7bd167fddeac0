// Non-ASCII text in header fields (RFC 2047).

/// Reads encoded words (``decode(_:)``), and writes one line of a field value, where words with non-ASCII characters
/// become Q-encoded words.
///
/// Only those words are encoded, not the whole value as Haraka does, so that addresses and tokens beside them stay
/// readable for programs. Blanks between two encoded words do not count for a reader, so neighbouring non-ASCII words
/// are encoded together with the blanks between them.
public struct EncodedWords {
    /// RFC 2047 section 2: a line that holds an encoded word has at most 76 characters. With the blank that stands
    /// before every word this also keeps words to their 75.
    private static let lineLimit = 76
    private static let opening = Array("=?UTF-8?Q?".utf8)
    private static let closing = Array("?=".utf8)

    /// What is used of the current line.
    private var column: Int

    /// - Parameters:
    ///   - text: The line without blanks in front; no control characters but TAB.
    ///   - field: What the line is appended to.
    ///   - blanks: Blanks that stand before the text.
    ///   - column: What is used of the output line already.
    static func append(_ text: ArraySlice<UInt8>, to field: inout [UInt8], blanks: [UInt8], column: Int) {
        guard text.contains(where: { $0 > 0x7F }) else {
            field += blanks
            field += text
            return
        }
        var writer = EncodedWords(column: column)
        var blanks = blanks[...]
        var rest = text
        while !rest.isEmpty {
            let plain = plainPrefix(rest)
            if plain > 0 {
                writer.appendPlain(blanks, rest.prefix(plain), to: &field)
                rest = rest.dropFirst(plain)
            } else {
                let encoded = encodedPrefix(rest)
                writer.appendEncoded(blanks, rest.prefix(encoded), to: &field)
                rest = rest.dropFirst(encoded)
            }
            blanks = rest.prefix(while: isBlank)
            rest = rest.dropFirst(blanks.count)
        }
        field += blanks
    }

    private init(column: Int) { self.column = column }

    /// Length of the first word if it is ASCII, else 0.
    private static func plainPrefix(_ text: ArraySlice<UInt8>) -> Int {
        let word = text.prefix { !isBlank($0) }
        return word.contains { $0 > 0x7F } ? 0 : word.count
    }

    /// Length of the run of non-ASCII words at the beginning, the blanks between them included.
    private static func encodedPrefix(_ text: ArraySlice<UInt8>) -> Int {
        var length = 0
        var rest = text
        while true {
            let blanks = rest.prefix(while: isBlank).count
            let word = rest.dropFirst(blanks).prefix { !isBlank($0) }
            guard word.contains(where: { $0 > 0x7F }) else { return length }
            length += blanks + word.count
            rest = rest.dropFirst(blanks + word.count)
        }
    }

    private mutating func appendPlain(
        _ blanks: ArraySlice<UInt8>, _ word: ArraySlice<UInt8>, to field: inout [UInt8]
    ) {
        field += blanks
        field += word
        column += blanks.count + word.count
    }

    /// Writes encoded words, folding before each that does not fit. A character is never split between two words.
    private mutating func appendEncoded(
        _ blanks: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, to field: inout [UInt8]
    ) {
        let overhead = Self.opening.count + Self.closing.count
        var word: [UInt8] = []
        // One blank at most, so that a character always fits behind a fold and no fold can follow another.
        var blanks = blanks.prefix(1)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let encoded = scalar.utf8.flatMap(Self.encoded)
            let space = Self.lineLimit - column - blanks.count - overhead
            if word.count + encoded.count > space {
                if !word.isEmpty {
                    appendWord(blanks, word, to: &field)
                    blanks = [0x20]
                }
                field += [0x0D, 0x0A]
                column = 0
                word = []
            }
            word += encoded
        }
        appendWord(blanks, word, to: &field)
    }

    private mutating func appendWord(
        _ blanks: ArraySlice<UInt8>, _ word: [UInt8], to field: inout [UInt8]
    ) {
        field += blanks
        field += Self.opening
        field += word
        field += Self.closing
        column += blanks.count + Self.opening.count + word.count + Self.closing.count
    }

    /// RFC 2047 section 5 (3): what is safe in every place of a header stays, a blank becomes `_`.
    private static func encoded(_ octet: UInt8) -> [UInt8] {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x2A, 0x2B, 0x2D, 0x2F: return [octet]
        case 0x20: return [0x5F]
        default: return [0x3D, hexDigit(octet >> 4), hexDigit(octet & 0x0F)]
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
