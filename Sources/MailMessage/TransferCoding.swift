// The transfer encodings of RFC 2045 section 6, by name.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a Content-Transfer-Encoding asks for.
enum TransferCoding: Sendable {
    /// `7bit`, `8bit`, `binary`, and every name that nobody knows: Haraka reads those as `8bit`.
    case identity
    case base64
    case quotedPrintable

    /// - Parameter name: Without regard to case and to blanks around it.
    init(_ name: String) {
        let word = name.utf8.filter { !isWhiteSpace($0) }.map(asciiLowercased)
        if word.elementsEqual("base64".utf8) {
            self = .base64
        } else if word.elementsEqual("quoted-printable".utf8) {
            self = .quotedPrintable
        } else {
            self = .identity
        }
    }
}

/// A to Z become a to z.
func asciiLowercased(_ octet: UInt8) -> UInt8 { octet &- 0x41 < 26 ? octet | 0x20 : octet }

/// The value of a hexadecimal digit of either case, nil for anything else.
func hexValue(_ octet: UInt8) -> UInt8? {
    if octet &- 0x30 < 10 { return octet &- 0x30 }
    let letter = (octet | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
}

/// `0`...`9`, `A`...`F`; of `value` only the lower four bits count.
func upperHexDigit(_ value: UInt8) -> UInt8 {
    let value = value & 0x0F
    return value < 10 ? 0x30 &+ value : 0x37 &+ value
}

extension UnsafeRawBufferPointer {
    /// Offset of the first `octet` in `range`, which must lie inside the buffer; nil if there is none.
    @inline(__always)
    func first(_ octet: UInt8, in range: Range<Int>) -> Int? {
        guard let base = baseAddress, !range.isEmpty else { return nil }
        guard let found = memchr(base + range.lowerBound, Int32(octet), range.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The bytes of `range`, which must lie inside the buffer.
    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}

/// The line end of mail.
let lineEnd: [UInt8] = [0x0D, 0x0A]

extension [UInt8] {
    /// Room for `more` bytes behind the last, without growing by little again and again.
    @inline(__always)
    mutating func reserveCapacity(forMore more: Int) {
        if capacity &- count < more { reserveCapacity(Swift.max(count &+ more, count &* 2)) }
    }
}
