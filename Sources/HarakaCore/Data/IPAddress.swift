// Addresses of clients: text to bytes and back to what Haraka calls private and local.

/// An IPv4 or IPv6 address.
public struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes, network order.
    public let bytes: [UInt8]

    /// Reads dotted IPv4 or RFC 4291 IPv6 text (with an optional zone, which is dropped). An IPv4-mapped IPv6 address is
    /// reduced to IPv4, as Haraka does. Nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let plain = parts.first, parts.count == 1 || !parts[1].isEmpty else { return nil }
        let v4 = parts.count == 1 ? IPAddress.parseV4(plain) : nil
        guard let bytes = v4 ?? IPAddress.parseV6(plain) else { return nil }
        let mapped = bytes.count == 16 && bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        self.bytes = mapped ? Array(bytes[12...]) : bytes
    }

    private static func parseV4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), part.utf8.count <= 3, let byte = UInt8(part) else {
                return nil
            }
            // Some read a leading zero as octal.
            guard part.utf8.count == 1 || part.utf8.first != 48 else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseV6(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count <= 45, text.contains(":") else { return nil }
        guard let gap = text.firstRange(of: "::") else {
            let groups = groups(text, mayEndInV4: true)
            return groups?.count == 16 ? groups : nil
        }
        guard let head = groups(text[..<gap.lowerBound], mayEndInV4: false),
            let tail = groups(text[gap.upperBound...], mayEndInV4: true),
            head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: Substring, mayEndInV4: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, part.contains(".") {
                guard let v4 = parseV4(part) else { return nil }
                bytes += v4
            } else {
                let isHex = part.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || (($0 | 32) >= 97 && ($0 | 32) <= 102) }
                guard isHex, part.utf8.count <= 4, let group = UInt16(part, radix: 16) else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 255)]
            }
        }
        return bytes
    }

    /// Within `prefix` bits of `network`.
    public func isIn(_ network: IPAddress, prefix: Int) -> Bool {
        guard bytes.count == network.bytes.count else { return false }
        var left = max(0, min(prefix, bytes.count * 8))
        for (own, other) in zip(bytes, network.bytes) where left > 0 {
            let mask: UInt8 = left >= 8 ? 255 : ~(255 >> UInt8(left))
            if own & mask != other & mask { return false }
            left -= 8
        }
        return true
    }

    private func isIn(any networks: [(IPAddress, Int)]) -> Bool { networks.contains { isIn($0.0, prefix: $0.1) } }

    private static func networks(_ list: [(String, Int)]) -> [(IPAddress, Int)] {
        list.compactMap { text, prefix in IPAddress(text).map { ($0, prefix) } }
    }

    private static let localNetworks = networks([
        ("0.0.0.0", 32), ("127.0.0.0", 8), ("169.254.0.0", 16), ("::", 128), ("::1", 128), ("fe80::", 10),
    ])
    private static let privateNetworks = networks([
        ("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16), ("192.0.2.0", 24), ("198.51.100.0", 24),
        ("203.0.113.0", 24), ("fc00::", 7),
    ])

    /// This host's own or link-local. Addresses bound to local interfaces are local too; the caller knows those.
    public var isLocal: Bool { isIn(any: IPAddress.localNetworks) }
    /// Not routed on the Internet; local implies private.
    public var isPrivate: Bool { isLocal || isIn(any: IPAddress.privateNetworks) }
}
