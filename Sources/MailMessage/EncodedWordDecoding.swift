// Encoded words back to text (RFC 2047).

extension EncodedWords {
    /// The text of a field value.
    ///
    /// As lenient as mail readers are: a word may stand anywhere, hold blanks and be longer than 75 characters; in a
    /// charset that nobody knows it is guessed (``Charset/text(_:charset:)``). What is not of the form of a word stays as
    /// it is. Blanks between words do not count. Words of one charset that stand side by side are joined before they are
    /// read, so that a character which was cut in two comes out whole. Outside of words, UTF-8 is that, and other bytes
    /// above 127 are windows-1252. Folds are undone; blanks at the ends are dropped.
    /// - Parameter value: What stands behind the colon.
    public static func decode(_ value: [UInt8]) -> String { value.withUnsafeBytes { decode($0) } }

    /// The same of bytes that live somewhere else; they are needed during the call only.
    public static func decode(_ value: UnsafeRawBufferPointer) -> String {
        let line = unfolded(value)
        guard line.contains(where: { $0 > 0x7F || $0 == 0x3D }) else {
            return String(decoding: line, as: UTF8.self)
        }
        return line.withUnsafeBytes { bytes in
            var reader = EncodedWordReader(bytes)
            return reader.text()
        }
    }

    /// Without line ends and without blanks at both ends.
    private static func unfolded(_ value: UnsafeRawBufferPointer) -> [UInt8] {
        var line = value[...]
        while let first = line.first, isWhiteSpace(first) { line.removeFirst() }
        while let last = line.last, isWhiteSpace(last) { line.removeLast() }
        return line.filter { $0 != 0x0D && $0 != 0x0A }
    }
}

/// The way through one line.
private struct EncodedWordReader {
    /// A word as it stands in the line.
    private struct Word {
        /// In lower case, without a language.
        var charset: [UInt8]
        var isBase64: Bool
        var text: Range<Int>
        var end: Int
    }

    private let bytes: UnsafeRawBufferPointer
    private var output: [UInt8] = []
    /// The charset of the words that are not written yet, and what they hold.
    private var charset: [UInt8] = []
    private var joined: [UInt8] = []
    /// Behind this no word ends, so that a line of beginnings is not searched to its end for each of them.
    private var searchEnd: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        searchEnd = bytes.count
    }

    mutating func text() -> String {
        var plainStart = 0
        var next = 0
        while let equals = bytes.first(0x3D, in: next..<bytes.count) {
            guard let word = word(at: equals) else {
                next = equals + 1
                continue
            }
            let plain = bytes.slice(plainStart..<equals)
            // The line begins with no blank, so blanks alone stand between two words.
            if plain.contains(where: { !isBlank($0) }) { addPlain(plain) }
            add(word)
            (plainStart, next) = (word.end, word.end)
        }
        addPlain(bytes.slice(plainStart..<bytes.count))
        flush()
        return String(decoding: output, as: UTF8.self)
    }

    /// `=?charset*language?B?text?=`, nil if that is not what begins there.
    private mutating func word(at start: Int) -> Word? {
        guard start + 1 < bytes.count, bytes[start + 1] == 0x3F else { return nil }
        var offset = start + 2
        // A limit, because every `=?` is tried.
        let limit = min(bytes.count, offset + 100)
        while offset < limit, bytes[offset] != 0x3F, bytes[offset] > 0x20, bytes[offset] < 0x7F { offset += 1 }
        guard offset > start + 2, offset + 2 < bytes.count, bytes[offset] == 0x3F, bytes[offset + 2] == 0x3F else {
            return nil
        }
        let kind = asciiLowercased(bytes[offset + 1])
        let textStart = offset + 3
        guard kind == 0x62 || kind == 0x71, let textEnd = closing(from: textStart) else { return nil }
        let charset = bytes[(start + 2)..<offset].prefix { $0 != 0x2A }.map(asciiLowercased)
        return Word(charset: charset, isBase64: kind == 0x62, text: textStart..<textEnd, end: textEnd + 2)
    }

    /// Offset of the first `?=` at or behind `start`.
    private mutating func closing(from start: Int) -> Int? {
        var next = start
        while next < searchEnd, let mark = bytes.first(0x3F, in: next..<searchEnd) {
            if mark + 1 < bytes.count, bytes[mark + 1] == 0x3D { return mark }
            next = mark + 1
        }
        searchEnd = min(searchEnd, start)
        return nil
    }

    private mutating func add(_ word: Word) {
        if word.charset != charset { flush() }
        charset = word.charset
        let text = bytes.slice(word.text)
        if word.isBase64 {
            var decoder = Base64Decoder()
            decoder.decode(text, into: &joined)
            decoder.finish(into: &joined)
        } else {
            addQ(text)
        }
    }

    /// RFC 2047 section 4.2; `=` without two digits stays.
    private mutating func addQ(_ text: UnsafeRawBufferPointer) {
        var offset = 0
        while offset < text.count {
            let octet = text[offset]
            offset += 1
            if octet == 0x3D, offset + 1 < text.count, let high = hexValue(text[offset]),
                let low = hexValue(text[offset + 1])
            {
                joined.append(high << 4 | low)
                offset += 2
            } else {
                joined.append(octet == 0x5F ? 0x20 : octet)
            }
        }
    }

    /// Writes the words that are waiting.
    private mutating func flush() {
        if !joined.isEmpty {
            let decoder = CharsetDecoder(guessing: String(decoding: charset, as: UTF8.self))
            joined.withUnsafeBytes { decoder.decode($0, into: &output) }
            decoder.finish(into: &output)
        }
        joined.removeAll(keepingCapacity: true)
        charset.removeAll(keepingCapacity: true)
    }

    private mutating func addPlain(_ plain: UnsafeRawBufferPointer) {
        guard !plain.isEmpty else { return }
        flush()
        if String(validating: plain, as: UTF8.self) != nil {
            output.append(contentsOf: plain)
        } else {
            Windows1252.append(plain, to: &output)
        }
    }
}
