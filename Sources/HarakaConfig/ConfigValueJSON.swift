// A value back into text: JSON, for those who ask the server what it knows.

extension ConfigValue {
    /// The value as JSON (RFC 8259), maps in their order; in UTF-8 it is what ``JSONParser`` reads back.
    ///
    /// What JSON has no word for: a number that is not finite becomes null, and bytes become a text, their base64
    /// (RFC 4648, section 4, padded).
    ///
    /// - Parameter pretty: One entry a line, each level indented by two blanks; otherwise all in one line without any
    ///   white space. Neither ends in a line break.
    public func json(pretty: Bool = false) -> String {
        var writing = JSONWriting(isPretty: pretty)
        writing.write(self)
        return String(decoding: writing.bytes, as: UTF8.self)
    }
}

/// The state of writing one JSON text: what is written, and how deep it is.
private struct JSONWriting {
    let isPretty: Bool
    private(set) var bytes: [UInt8] = []
    private var depth = 0

    init(isPretty: Bool) {
        self.isPretty = isPretty
    }

    mutating func write(_ value: ConfigValue) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .integer(let number): bytes += String(number).utf8
        // Swift writes the shortest text that reads back as the same number, always with a fraction or an exponent.
        case .double(let number): bytes += (number.isFinite ? String(number) : "null").utf8
        case .string(let text): write(text)
        case .bytes(let content): write(base64: content)
        case .list(let items): write(items)
        case .map(let map): write(map)
        }
    }

    private mutating func write(_ items: [ConfigValue]) {
        bytes.append(Byte.open)
        depth &+= 1
        for (index, item) in items.enumerated() {
            beginEntry(isFirst: index == 0)
            write(item)
        }
        depth &-= 1
        if !items.isEmpty { breakLine() }
        bytes.append(Byte.close)
    }

    private mutating func write(_ map: OrderedMap) {
        bytes.append(UInt8(ascii: "{"))
        depth &+= 1
        for (index, entry) in map.entries.enumerated() {
            beginEntry(isFirst: index == 0)
            write(entry.0)
            bytes += (isPretty ? ": " : ":").utf8
            write(entry.1)
        }
        depth &-= 1
        if !map.isEmpty { breakLine() }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func beginEntry(isFirst: Bool) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        breakLine()
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        bytes.append(Byte.lf)
        bytes.append(contentsOf: repeatElement(0x20, count: depth &* 2))
    }

    /// A text in double quotes. DEL is escaped too: the text may end up on a terminal.
    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), Byte.backslash: bytes += [Byte.backslash, byte]
            case 0..<0x20, 0x7F: bytes += [Byte.backslash] + "u00".utf8 + [Self.hex(byte >> 4), Self.hex(byte & 15)]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func hex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ (digit &- 10)
    }

    /// Three bytes at a time are four letters; what is missing at the end is `=`.
    private mutating func write(base64 content: [UInt8]) {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        bytes.append(UInt8(ascii: "\""))
        for start in stride(from: 0, to: content.count, by: 3) {
            let piece = content[start..<min(start &+ 3, content.count)]
            let bits = piece.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 &* (3 &- piece.count))
            for place in 0...3 {
                let letter = letters[Int(bits >> UInt32(18 &- 6 &* place)) & 63]
                bytes.append(place <= piece.count ? letter : UInt8(ascii: "="))
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
