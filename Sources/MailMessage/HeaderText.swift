// Header fields as text for people and for policies: decoded, or line by line.

extension HeaderBlock {
    /// Values of all fields of that name, top to bottom, as text, as ``EncodedWords`` reads it.
    ///
    /// Parameters of Content-Type and Content-Disposition that are encoded or cut in pieces as RFC 2231 has it are shown
    /// in the plain form: `filename*0*=utf-8''a%20; filename*1=b` as `filename="a b"`.
    public func decodedValues(_ name: String) -> [String] {
        let lowerName = String(decoding: name.utf8.map(asciiLowercased), as: UTF8.self)
        let hasParameters = Self.parameterFields.contains(lowerName)
        return values(of: name) { value in
            hasParameters ? ParameterText.decode(value) : EncodedWords.decode(value)
        }
    }

    private static let parameterFields: Set = ["content-type", "content-disposition"]

    /// Every field with its folds, as it stands, without the line end behind it; lines that are no fields, too. Bytes
    /// that are no UTF-8 become U+FFFD.
    public func lines() -> [String] {
        storage.withUnsafeBytes { bytes in
            entries.flatMap { entry -> [String] in
                let bytes = bytes.slice(entry.range)
                return entry.nameLength > 0 ? [Self.line(bytes, 0..<bytes.count)] : Self.lines(bytes)
            }
        }
    }

    /// Lines that are no field live in one entry. A line that begins with a blank belongs to the one before.
    private static func lines(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        var (start, next) = (0, 0)
        while next < bytes.count {
            next = bytes.first(0x0A, in: next..<bytes.count).map { $0 + 1 } ?? bytes.count
            if next < bytes.count, isBlank(bytes[next]) { continue }
            lines.append(line(bytes, start..<next))
            start = next
        }
        return lines
    }

    private static func line(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        var line = bytes[range]
        if line.last == 0x0A { line.removeLast() }
        if line.last == 0x0D { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

/// A value with parameters, where those of RFC 2231 are put in the plain form.
enum ParameterText {
    /// Of one value that many parameters are decoded at most; the others stay as they are. No sender has more, and each
    /// costs a look at all of them.
    private static let limit = 50

    /// - Parameter value: What stands behind the colon.
    static func decode(_ value: UnsafeRawBufferPointer) -> String {
        guard value.contains(0x2A) else { return EncodedWords.decode(value) }
        var lexer = MIMEFieldLexer(value)
        _ = lexer.word()
        let parameters = MIMEParameters(&lexer)
        var shown: [String: Bool] = [:]
        var parts: [String] = []
        for piece in pieces(value) {
            let piece = value.slice(piece)
            guard let name = encodedName(piece), shown[name] != nil || shown.count < limit else {
                parts.append(EncodedWords.decode(piece))
                continue
            }
            if let isShown = shown[name] {
                // A further section of one that has been written.
                if !isShown { parts.append(EncodedWords.decode(piece)) }
                continue
            }
            let text = parameters.text(name) { Charset.text($0, charset: $1) }
            shown[name] = text != nil
            parts.append(text.map { name + "=" + quoted($0) } ?? EncodedWords.decode(piece))
        }
        return parts.joined(separator: "; ")
    }

    /// What stands between semicolons that are in no quoted string.
    private static func pieces(_ value: UnsafeRawBufferPointer) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var (start, offset, isQuoted) = (0, 0, false)
        while offset < value.count {
            switch value[offset] {
            case 0x22: isQuoted.toggle()
            case 0x5C where isQuoted: offset += 1
            case 0x3B where !isQuoted:
                pieces.append(start..<offset)
                start = offset + 1
            default: break
            }
            offset += 1
        }
        return pieces + [start..<value.count]
    }

    /// `filename` of `filename*0*=...`, in lower case; nil if the piece is not of that form.
    private static func encodedName(_ piece: UnsafeRawBufferPointer) -> String? {
        let name = piece.drop(while: isWhiteSpace).prefix { $0 != 0x3D && !isWhiteSpace($0) }
        let hasValue = name.endIndex < piece.count
        guard hasValue, let star = name.firstIndex(of: 0x2A), star > name.startIndex else { return nil }
        guard name[star...].allSatisfy({ $0 == 0x2A || $0 &- 0x30 < 10 }) else { return nil }
        return String(decoding: name[..<star].map(asciiLowercased), as: UTF8.self)
    }

    /// RFC 5322 section 3.2.4. A text that could end the line stays on it.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return quoted + "\""
    }
}

extension Charset {
    /// The same of bytes in an array.
    static func text(_ bytes: [UInt8], charset: String) -> String {
        bytes.withUnsafeBytes { text($0, charset: charset) }
    }
}
