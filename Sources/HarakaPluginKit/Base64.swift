// Base64 (RFC 4648 section 4), as AUTH uses it.

/// Bytes as text and back.
///
///     Base64.encode(Array("user".utf8))        // dXNlcg==
///     Base64.decode("dXNlcg==")
public enum Base64 {
    /// With padding, on one line.
    public static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                let digit = Int(bits >> UInt32(18 - 6 * place)) & 63
                text.append(place <= group.count ? digits[digit] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil if the text is anything else: other letters, blanks and line ends included, and padding that is missing. Bits that
    /// padding leaves over do not count, because clients differ in them.
    public static func decode(_ text: some Lendable) -> [UInt8]? { text.lend { decoded($0.bytes) } }

    private static func decoded(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var padding = 0
        while padding < 2, padding < text.count, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var (bits, places): (UInt32, Int) = (0, 0)
        for letter in text[..<(text.count - padding)] {
            guard let value = value(of: letter) else { return nil }
            (bits, places) = (bits << 6 | value, places + 6)
            guard places >= 8 else { continue }
            places -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(places)))
        }
        return bytes
    }

    private static func value(of letter: UInt8) -> UInt32? {
        switch letter {
        case 0x41...0x5A: UInt32(letter - 0x41)
        case 0x61...0x7A: UInt32(letter - 0x61) + 26
        case 0x30...0x39: UInt32(letter - 0x30) + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
