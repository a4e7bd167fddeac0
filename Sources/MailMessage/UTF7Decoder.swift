// UTF-7 to UTF-8 (RFC 2152). The C library's converter refuses all that follows a mistake.

/// Reads UTF-7 while it arrives.
struct UTF7Decoder: Sendable {
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// Behind `+`.
    private var isShifted = false
    /// Nothing has come behind the `+` yet.
    private var isEmpty = false
    /// Bits of the UTF-16 unit that is under way, and how many.
    private var bits: UInt32 = 0
    private var bitCount = 0
    /// The first half of a pair.
    private var highSurrogate: UInt32?

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(forMore: bytes.count)
        for octet in bytes {
            if isShifted {
                shifted(octet, &output)
            } else {
                direct(octet, &output)
            }
        }
    }

    mutating func finish(into output: inout [UInt8]) {
        endShift(&output)
    }

    private mutating func direct(_ octet: UInt8, _ output: inout [UInt8]) {
        if octet == 0x2B {
            (isShifted, isEmpty) = (true, true)
        } else if octet < 0x80 {
            output.append(octet)
        } else {
            append(Self.replacement, &output)
        }
    }

    private mutating func shifted(_ octet: UInt8, _ output: inout [UInt8]) {
        if let value = Self.value(octet) {
            isEmpty = false
            bits = bits << 6 | value
            bitCount += 6
            guard bitCount >= 16 else { return }
            bitCount -= 16
            unit(bits >> UInt32(bitCount), &output)
            bits &= 1 << UInt32(bitCount) - 1
            return
        }
        let isPlus = isEmpty && octet == 0x2D
        endShift(&output)
        if isPlus {
            output.append(0x2B)
        } else if octet != 0x2D {
            direct(octet, &output)
        }
    }

    private mutating func unit(_ unit: UInt32, _ output: inout [UInt8]) {
        if let high = highSurrogate {
            highSurrogate = nil
            if unit & 0xFC00 == 0xDC00 {
                let value = 0x10000 + (high & 0x3FF) << 10 + unit & 0x3FF
                return append(Unicode.Scalar(value) ?? Self.replacement, &output)
            }
            append(Self.replacement, &output)
        }
        if unit & 0xFC00 == 0xD800 {
            highSurrogate = unit
        } else {
            append(Unicode.Scalar(unit) ?? Self.replacement, &output)
        }
    }

    private mutating func endShift(_ output: inout [UInt8]) {
        if highSurrogate != nil { append(Self.replacement, &output) }
        self = UTF7Decoder()
    }

    private func append(_ scalar: Unicode.Scalar, _ output: inout [UInt8]) { output += UTF8.encode(scalar) ?? .init() }

    private static func value(_ octet: UInt8) -> UInt32? {
        switch octet {
        case 0x41...0x5A: UInt32(octet) - 0x41
        case 0x61...0x7A: UInt32(octet) - 0x61 + 26
        case 0x30...0x39: UInt32(octet) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
