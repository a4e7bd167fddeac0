// Version 2 of the PROXY protocol: addresses and more, in binary (proxy-protocol.txt section 2.2).

extension ProxyHeader {
    static let signature = StaticBytes("\r\n\r\n\0\r\nQUIT\n")
    /// Signature, version and command, family and protocol, length.
    private static let fixedPart = 16

    /// `bytes` begins like the signature.
    static func parseBinary(_ bytes: UnsafeRawBufferPointer) -> Progress {
        if bytes.count > 12, bytes[12] != 0x20, bytes[12] != 0x21 { return .malformed("no version 2, or no command") }
        if bytes.count > 13, addressBytes(bytes[13]) == nil { return .malformed("an unknown family of addresses") }
        guard bytes.count >= fixedPart else { return .needMore }
        let length = fixedPart + Int(bytes[14]) << 8 + Int(bytes[15])
        guard length <= longestBinary else { return .malformed("the PROXY header is too long: \(length) bytes") }
        guard bytes.count >= length else { return .needMore }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        var header = ProxyHeader(version: 2)
        if let reason = header.read(whole) { return .malformed(reason) }
        return .header(header, consumed: length)
    }

    /// How many bytes the addresses of a family and protocol take. Nil: the two do not exist.
    private static func addressBytes(_ family: UInt8) -> Int? {
        switch family {
        case 0x00: 0
        case 0x11, 0x12: 12
        case 0x21, 0x22: 36
        case 0x31, 0x32: 216
        default: nil
        }
    }

    /// Reads a whole header. Nil: all is well; else what is wrong.
    private mutating func read(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard let count = ProxyHeader.addressBytes(bytes[13]) else { return "an unknown family of addresses" }
        let isLocal = bytes[12] & 0x0F == 0
        // A LOCAL header may leave its addresses out, and if it has them they say nothing.
        let end = isLocal && bytes.count < ProxyHeader.fixedPart + count ? bytes.count : ProxyHeader.fixedPart + count
        guard end <= bytes.count else { return "the PROXY header has no room for its addresses" }
        if !isLocal { readAddresses(bytes, size: count == 12 ? 4 : count == 36 ? 16 : 0) }
        guard let extras = ProxyHeader.extras(bytes, end..<bytes.count) else { return "a damaged list of extras" }
        self.extras = extras
        return readExtras(bytes, from: end)
    }

    /// - Parameter size: bytes of one address; 0: they are paths of sockets, or none
    private mutating func readAddresses(_ bytes: UnsafeRawBufferPointer, size: Int) {
        guard size > 0 else { return }
        let from = ProxyHeader.fixedPart
        let ports = from + 2 * size
        source = End(
            address: ProxyAddress(bytes[from..<(from + size)]).text,
            port: Int(bytes[ports]) << 8 + Int(bytes[ports + 1]))
        destination = End(
            address: ProxyAddress(bytes[(from + size)..<ports]).text,
            port: Int(bytes[ports + 2]) << 8 + Int(bytes[ports + 3]))
    }

    /// Types, lengths and values until the end of `range`. Nil: one of them goes beyond it.
    private static func extras(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [Extra]? {
        var extras: [Extra] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            guard range.upperBound - offset >= 3 else { return nil }
            let start = offset + 3
            let end = start + Int(bytes[offset + 1]) << 8 + Int(bytes[offset + 2])
            guard end <= range.upperBound else { return nil }
            extras.append(Extra(type: bytes[offset], value: Array(bytes[start..<end])))
            offset = end
        }
        return extras
    }

    /// What the server wants to know of them. Nil: all is well.
    private mutating func readExtras(_ bytes: UnsafeRawBufferPointer, from start: Int) -> String? {
        var offset = start
        for extra in extras {
            switch extra.type {
            case 0x01: alpn = String(decoding: extra.value, as: UTF8.self)
            case 0x02: authority = String(decoding: extra.value, as: UTF8.self)
            case 0x03: if !ProxyHeader.isChecksum(extra.value, of: bytes, at: offset + 3) { return "a wrong checksum" }
            case 0x20:
                // One byte of flags, four of the verdict on the client's certificate, then more extras.
                guard extra.value.count >= 5 else { return "a damaged word about TLS" }
                isTLS = extra.value[0] & 1 == 1
            default: break
            }
            offset += 3 + extra.value.count
        }
        return nil
    }
}

// MARK: - the checksum

extension ProxyHeader {
    /// PP2_TYPE_CRC32C: of the whole header with the checksum's own bytes taken as zero (section 2.2.4).
    private static func isChecksum(_ value: [UInt8], of bytes: UnsafeRawBufferPointer, at place: Int) -> Bool {
        guard value.count == 4 else { return false }
        let own = place..<(place + 4)
        var sum: UInt32 = .max
        for (index, octet) in bytes.enumerated() { sum = crc32c(sum, own.contains(index) ? 0 : octet) }
        return ~sum == value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// One byte more, by the polynomial of RFC 3720. Bit by bit: a header is short and rare.
    private static func crc32c(_ sum: UInt32, _ octet: UInt8) -> UInt32 {
        var sum = sum ^ UInt32(octet)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
        return sum
    }
}
