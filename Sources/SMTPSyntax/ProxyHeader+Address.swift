// Addresses in a PROXY header: text to bytes, and bytes to the one way of writing them (RFC 4291 section 2.2, RFC 5952).

/// 4 or 16 bytes in network order.
struct ProxyAddress: Equatable {
    let bytes: [UInt8]

    /// `raw` has 4 or 16 bytes. An IPv4-mapped address becomes IPv4, so that a client is the same whichever way it came.
    init(_ raw: some Collection<UInt8>) {
        let bytes = Array(raw)
        let isMapped = bytes.count == 16 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] & bytes[11] == 255
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    /// Nil: no address of that family.
    init?(_ word: some Collection<UInt8>, isIPv6: Bool) {
        let text = Array(word)
        guard let bytes = isIPv6 ? ProxyAddress.parseV6(text[...]) : ProxyAddress.parseV4(text[...]) else { return nil }
        self.init(bytes)
    }

    private static func parseV4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // Some read a leading zero as octal.
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            guard part.allSatisfy(\.isDigit) else { return nil }
            let value = part.reduce(0) { $0 * 10 + Int($1 & 0x0F) }
            guard value <= 255 else { return nil }
            bytes.append(UInt8(value))
        }
        return bytes
    }

    private static func parseV6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count <= 45 else { return nil }
        let colon = UInt8(ascii: ":")
        guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon }) else {
            let all = groups(text, mayEndInV4: true)
            return all?.count == 16 ? all : nil
        }
        guard let head = groups(text[..<gap], mayEndInV4: false),
            let tail = groups(text[(gap + 2)...], mayEndInV4: true), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: ArraySlice<UInt8>, mayEndInV4: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, let last = parseV4(part) {
                bytes += last
            } else {
                guard (1...4).contains(part.count), part.allSatisfy(\.isHexDigit) else { return nil }
                let value = part.reduce(0) { $0 << 4 | Int($1 & 0x0F) + ($1.isDigit ? 0 : 9) }
                bytes += [UInt8(value >> 8), UInt8(value & 255)]
            }
        }
        return bytes
    }

    /// Dotted, or lower-case groups with the longest run of at least two zeros as `::`.
    var text: String {
        guard bytes.count == 16 else { return bytes.map { "\($0)" }.joined(separator: ".") }
        let groups = (0..<8).map { Int(bytes[2 * $0]) << 8 | Int(bytes[2 * $0 + 1]) }
        let words = groups.map { String($0, radix: 16) }
        let gap = ProxyAddress.longestRun(groups)
        guard gap.count > 1 else { return words.joined(separator: ":") }
        return words[..<gap.lowerBound].joined(separator: ":") + "::" + words[gap.upperBound...].joined(separator: ":")
    }

    /// The first of the longest runs of zeros.
    private static func longestRun(_ groups: [Int]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 { start = index + 1 }
            if index + 1 - start > best.count { best = start..<(index + 1) }
        }
        return best
    }
}
