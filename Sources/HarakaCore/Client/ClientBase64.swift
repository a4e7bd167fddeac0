// Base64 as SASL's messages have it (RFC 4648 section 4): padded, without line ends.

enum ClientBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// One line however long: SASL's lines are not folded.
    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var start = 0
        while start < bytes.count {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            word <<= UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                out.append(place > group.count ? 0x3D : alphabet[Int(word >> UInt32(18 - 6 * place) & 63)])
            }
            start += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// nil: anything but groups of four, the last of them padded, with no bit set that means nothing.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        var padding = 0
        while padding < 2, digits.last == 0x3D {
            digits.removeLast()
            padding += 1
        }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count)
        var word: UInt32 = 0
        var bits = 0
        for digit in digits {
            guard let value = value(digit) else { return nil }
            word = (word << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            out.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
        }
        return word & (1 << UInt32(bits) - 1) == 0 ? out : nil
    }

    /// The six bits of a digit.
    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x41...0x5A: digit - 0x41
        case 0x61...0x7A: digit - 0x61 + 26
        case 0x30...0x39: digit - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
