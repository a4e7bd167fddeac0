// The octets and octet classes of the SMTP grammars (RFC 5234 appendix B.1, RFC 5321 section 4.1.2).

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension UInt8 {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let delete: UInt8 = 0x7F

    /// SP or TAB.
    var isBlank: Bool { self == .space || self == .tab }

    /// What Haraka's parsers match with `\s` among the ASCII characters: SP, TAB, LF, VT, FF, CR.
    var isWhiteSpace: Bool { self == .space || (self >= .tab && self <= .carriageReturn) }

    /// A C0 control character or DEL.
    var isControl: Bool { self < .space || self == .delete }

    var isASCII: Bool { self < 0x80 }

    var isDigit: Bool { self &- 0x30 < 10 }

    var isAlpha: Bool { (self | 0x20) &- 0x61 < 26 }

    /// `Let-dig` of RFC 5321 section 4.1.2.
    var isLetDig: Bool { isDigit || isAlpha }

    var isHexDigit: Bool { isDigit || (self | 0x20) &- 0x61 < 6 }

    /// `atext` of RFC 5322 section 3.2.3, and every octet of a UTF-8 sequence (RFC 6531 section 3.3).
    var isAtext: Bool {
        // One bit per ASCII character, so that the hot loop has neither table nor branch per class.
        if self < 64 { return UInt64(0xA3FF_ACFA_0000_0000) &>> UInt64(self) & 1 == 1 }
        if self < 128 { return UInt64(0x7FFF_FFFF_C7FF_FFFE) &>> UInt64(self &- 64) & 1 == 1 }
        return true
    }

    var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    var asciiUppercased: UInt8 { self &- 0x61 < 26 ? self & 0xDF : self }
}

extension UnsafeRawBufferPointer {
    /// The bytes of `range`, which must lie inside the buffer, as text; what is no UTF-8 becomes U+FFFD.
    func string(_ range: Range<Int>) -> String {
        range.isEmpty ? "" : String(decoding: UnsafeRawBufferPointer(rebasing: self[range]), as: UTF8.self)
    }

    /// Offset of the first `octet` in `range`, which must lie inside the buffer; nil if there is none.
    @inline(__always)
    func firstOffset(of octet: UInt8, in range: Range<Int>) -> Int? {
        guard let base = baseAddress, !range.isEmpty else { return nil }
        guard let found = memchr(base + range.lowerBound, Int32(octet), range.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}

extension Span<UInt8> {
    /// The octets of `range` as a String; ends of `range` must be ends of UTF-8 sequences, or U+FFFD appears.
    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// A to Z become a to z; nothing else changes, whatever the locale. Costs nothing if there is none.
    var lowercasedASCII: String { mappedASCII { $0.asciiLowercased } }

    /// a to z become A to Z; nothing else changes, whatever the locale. Costs nothing if there is none.
    var uppercasedASCII: String { mappedASCII { $0.asciiUppercased } }

    /// No character above U+007F.
    var isASCII: Bool { utf8.span.withUnsafeBufferPointer { $0.reduce(0, |) }.isASCII }

    @inline(__always)
    private func mappedASCII(_ map: (UInt8) -> UInt8) -> String {
        utf8.span.withUnsafeBufferPointer { bytes in
            // Bitwise and without a way out, so that the compiler can look at many octets at once.
            guard bytes.reduce(0, { $0 | ($1 ^ map($1)) }) != 0 else { return self }
            return String(unsafeUninitializedCapacity: bytes.count) { buffer in
                for (offset, octet) in bytes.enumerated() { buffer[offset] = map(octet) }
                return bytes.count
            }
        }
    }
}
