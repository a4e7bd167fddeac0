// A line of log into bytes: three formats, and one line out whatever came in.

/// How lines are written.
struct Presentation: Sendable {
    var format = LogFormat.default
    /// Colour the level; for terminals, and the default format only.
    var isColoured = false

    /// Appends the line and its LF.
    ///
    /// Whatever control characters the line holds, it is one line: a client's input must not be able to write log
    /// lines of its own, nor to speak to the terminal that shows them. They appear as `\r`, `\n`, `\t` or `\x1b`;
    /// in JSON as JSON has them.
    func encode(_ line: LogLine, at time: LogTime?, into bytes: inout [UInt8]) {
        switch format {
        case .default: encodeDefault(line, time, &bytes)
        case .logfmt: encodeLogfmt(line, time, &bytes)
        case .json: encodeJSON(line, time, &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    // MARK: [LEVEL] [uuid] [origin] message

    /// Haraka's own form, made for people.
    private func encodeDefault(_ line: LogLine, _ time: LogTime?, _ bytes: inout [UInt8]) {
        if let time {
            time.append(to: &bytes)
            bytes.append(UInt8(ascii: " "))
        }
        // Only what stands in this file is ever sent to the terminal as a control sequence.
        if isColoured { bytes += "\u{1B}[\(Self.colour(of: line.level))m".utf8 }
        bytes.append(UInt8(ascii: "["))
        bytes += line.level.name.utf8
        bytes.append(UInt8(ascii: "]"))
        if isColoured { bytes += "\u{1B}[39m".utf8 }
        bytes += " [".utf8
        Escape.plain.append(line.uuid, to: &bytes)
        bytes += "] [".utf8
        Escape.plain.append(line.origin, to: &bytes)
        bytes += "] ".utf8
        encodeText(line, &bytes)
    }

    /// The message and the pairs, with one blank between.
    func encodeText(_ line: LogLine, _ bytes: inout [UInt8]) {
        Escape.plain.append(line.message, to: &bytes)
        let end = bytes.count
        encodePairs(line.fields, &bytes)
        // Pairs begin with a blank, which a line without a message does not want.
        if line.message.isEmpty, bytes.count > end { bytes.remove(at: end) }
    }

    /// Haraka's colours, as ANSI foreground codes.
    private static func colour(of level: LogLevel) -> Int {
        switch level {
        case .data, .protocol: 32
        case .debug: 90
        case .info: 36
        case .notice: 34
        case .warn, .error, .crit, .alert, .emerg: 31
        }
    }

    // MARK: level=... uuid=...

    /// Pairs, made for people and programs.
    private func encodeLogfmt(_ line: LogLine, _ time: LogTime?, _ bytes: inout [UInt8]) {
        if let time {
            bytes += "timestamp=".utf8
            time.append(to: &bytes)
            bytes.append(UInt8(ascii: " "))
        }
        bytes += "level=".utf8
        bytes += line.level.name.utf8
        encodePair("uuid", line.uuid, &bytes)
        encodePair("origin", line.origin, &bytes)
        encodePair("message", line.message, &bytes)
        encodePairs(line.fields, &bytes)
    }

    /// The fields that may be shown.
    private func encodePairs(_ fields: [(String, String)], _ bytes: inout [UInt8]) {
        for (name, value) in fields where !LogLine.isSecret(name) { encodePair(Self.fieldName(name), value, &bytes) }
    }

    /// ` name=value`, the value in quotes where it is empty or could be mistaken; a name is ASCII without such.
    private func encodePair(_ name: String, _ value: String, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        for byte in name.utf8 { bytes.append(Self.isBare(byte) && byte < 0x80 ? byte : UInt8(ascii: "_")) }
        bytes.append(UInt8(ascii: "="))
        // C2 and E2 begin the control characters and line ends beyond ASCII, which are shown with a backslash.
        let needsQuotes = value.utf8.isEmpty || value.utf8.contains { !Self.isBare($0) || $0 == 0xC2 || $0 == 0xE2 }
        if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
        Escape.quoted.append(value, to: &bytes)
        if needsQuotes { bytes.append(UInt8(ascii: "\"")) }
    }

    /// Whether a byte needs no quotes.
    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F, UInt8(ascii: "="), UInt8(ascii: "\""), UInt8(ascii: "\\"): false
        default: true
        }
    }

    /// A field must not pass for one of the line's own: `level` becomes `level_`.
    private static func fieldName(_ name: String) -> String {
        ownNames.contains(name) ? name + "_" : name
    }

    private static let ownNames = ["timestamp", "level", "uuid", "origin", "message"]

    // MARK: {"level":...}

    /// One object, made for programs.
    private func encodeJSON(_ line: LogLine, _ time: LogTime?, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        if let time {
            bytes += "\"timestamp\":\"".utf8
            time.append(to: &bytes)
            bytes += "\",".utf8
        }
        bytes += "\"level\":\"".utf8
        bytes += line.level.name.utf8
        bytes.append(UInt8(ascii: "\""))
        encodeMember("uuid", line.uuid, &bytes)
        encodeMember("origin", line.origin, &bytes)
        encodeMember("message", line.message, &bytes)
        for (name, value) in line.fields where !LogLine.isSecret(name) {
            encodeMember(Self.fieldName(name), value, &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// `,"name":"value"`.
    private func encodeMember(_ name: String, _ value: String, _ bytes: inout [UInt8]) {
        bytes += ",\"".utf8
        Escape.json.append(name, to: &bytes)
        bytes += "\":\"".utf8
        Escape.json.append(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}

/// How characters that must not appear as they are are written instead.
enum Escape {
    /// Control characters only: for people.
    case plain
    /// Also `"` and `\`: within double quotes.
    case quoted
    /// As JSON wants it.
    case json

    /// Appends the text, escaped where it must be.
    func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            // Nearly every text is copied in one piece.
            if utf8.allSatisfy({ isPlain($0) }) {
                bytes.append(contentsOf: utf8)
            } else {
                appendEscaped(utf8, to: &bytes)
            }
        }
    }

    /// Whether a byte can be nothing but itself. 0xC2 and 0xE2 may begin a control character beyond ASCII.
    private func isPlain(_ byte: UInt8) -> Bool {
        if byte < 0x20 || byte == 0x7F || byte == 0xC2 || byte == 0xE2 { return false }
        return self == .plain || (byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\"))
    }

    /// Character by character.
    private func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\r": bytes += "\\r".utf8
            case "\n": bytes += "\\n".utf8
            case "\t": bytes += "\\t".utf8
            case "\"" where self != .plain: bytes += "\\\"".utf8
            case "\\" where self != .plain: bytes += "\\\\".utf8
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": appendCode(scalar.value, to: &bytes)
            default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
    }

    /// `\x1b`, in JSON and beyond one byte `\u001b`.
    private func appendCode(_ code: UInt32, to bytes: inout [UInt8]) {
        let isShort = self != .json && code <= 0xFF
        bytes += (isShort ? "\\x" : "\\u").utf8
        for digit in stride(from: isShort ? 4 : 12, through: 0, by: -4) {
            bytes += String(code >> UInt32(digit) & 0xF, radix: 16).utf8
        }
    }
}
