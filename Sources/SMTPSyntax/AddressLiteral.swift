// Address literals: `[192.0.2.1]`, `[IPv6:2001:db8::1]` and tagged ones (RFC 5321 section 4.1.3).

/// Checks what may stand in place of a domain behind the `@`.
enum AddressLiteral {
    /// - Parameter bytes: The literal with its square brackets, and nothing else.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 2, bytes.count <= 255, bytes[0] == UInt8(ascii: "["),
            bytes[bytes.count - 1] == UInt8(ascii: "]")
        else { return false }
        let inside = 1..<(bytes.count - 1)
        guard let colon = inside.first(where: { bytes[$0] == UInt8(ascii: ":") }) else { return isIPv4(bytes, inside) }
        let rest = (colon + 1)..<inside.upperBound
        if bytes.string(inside.lowerBound..<colon).lowercasedASCII == "ipv6" { return isIPv6(bytes, rest) }
        return isTag(bytes, inside.lowerBound..<colon) && isGeneral(bytes, rest)
    }

    /// `Standardized-tag`: an `Ldh-str`.
    private static func isTag(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let last = range.last, bytes[last].isLetDig else { return false }
        return range.allSatisfy { bytes[$0].isLetDig || bytes[$0] == UInt8(ascii: "-") }
    }

    /// `1*dcontent`: graphic ASCII without brackets and backslash.
    private static func isGeneral(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        !range.isEmpty
            && range.allSatisfy {
                bytes[$0] > 0x20 && bytes[$0] < 0x7F && !(0x5B...0x5D).contains(bytes[$0])
            }
    }

    /// Four decimal numbers up to 255 without leading zeros, which some read as octal.
    private static func isIPv4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var offset = range.lowerBound
        for part in 0..<4 {
            if part > 0 {
                guard offset < range.upperBound, bytes[offset] == UInt8(ascii: ".") else { return false }
                offset += 1
            }
            let start = offset
            var value = 0
            while offset < range.upperBound, offset - start < 3, bytes[offset].isDigit {
                value = value * 10 + Int(bytes[offset] & 0x0F)
                offset += 1
            }
            let leadingZero = offset - start > 1 && bytes[start] == UInt8(ascii: "0")
            if offset == start || value > 255 || leadingZero { return false }
        }
        return offset == range.upperBound
    }

    /// Eight groups of hexadecimal digits; `::` once for one or more of them; the last two may be an IPv4 address
    /// (RFC 4291 section 2.2).
    private static func isIPv6(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var groups = 0
        var compressed = false
        var offset = range.lowerBound
        while offset < range.upperBound {
            if startsDoubleColon(bytes, offset, range.upperBound) {
                if compressed { return false }
                compressed = true
                offset += 2
                continue
            }
            if groups > 0, bytes[offset - 1] != UInt8(ascii: ":") {
                // Between two groups stands one colon, and it is not the last octet.
                guard bytes[offset] == UInt8(ascii: ":"), offset + 1 < range.upperBound else { return false }
                offset += 1
            }
            if isIPv4(bytes, offset..<range.upperBound) {
                groups += 2
                break
            }
            let end = hexEnd(bytes, offset..<range.upperBound)
            guard end > offset, end - offset <= 4 else { return false }
            groups += 1
            offset = end
        }
        return compressed ? groups < 8 : groups == 8
    }

    private static func startsDoubleColon(_ bytes: Span<UInt8>, _ offset: Int, _ end: Int) -> Bool {
        offset + 1 < end && bytes[offset] == UInt8(ascii: ":") && bytes[offset + 1] == UInt8(ascii: ":")
    }

    private static func hexEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var offset = range.lowerBound
        while offset < range.upperBound, bytes[offset].isHexDigit { offset += 1 }
        return offset
    }
}
