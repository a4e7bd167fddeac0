// Version 1 of the PROXY protocol: one line for people to read (proxy-protocol.txt section 2.1).

extension ProxyHeader {
    /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 25` CR LF. `bytes` begins with "PROXY ".
    static func parseLine(_ bytes: UnsafeRawBufferPointer) -> Progress {
        let window = min(bytes.count, longestLine)
        guard let lineFeed = bytes.firstOffset(of: .lineFeed, in: 0..<window) else {
            return bytes.count >= longestLine ? .malformed("the PROXY line is longer than 107 bytes") : .needMore
        }
        guard bytes[lineFeed - 1] == .carriageReturn else { return .malformed("the PROXY line ends without CR") }
        let words = bytes[6..<(lineFeed - 1)].split(separator: .space, omittingEmptySubsequences: false)
        guard let header = ProxyHeader(words: words) else { return .malformed("the PROXY line is not understood") }
        return .header(header, consumed: lineFeed + 1)
    }

    /// What stands behind `PROXY`. What follows UNKNOWN is to be ignored (section 2.1).
    private init?(words: [Slice<UnsafeRawBufferPointer>]) {
        self.init(version: 1)
        guard let family = words.first else { return nil }
        if family.elementsEqual("UNKNOWN".utf8) { return }
        let isIPv6 = family.elementsEqual("TCP6".utf8)
        guard isIPv6 || family.elementsEqual("TCP4".utf8), words.count == 5,
            let from = ProxyAddress(words[1], isIPv6: isIPv6), let to = ProxyAddress(words[2], isIPv6: isIPv6),
            let fromPort = ProxyHeader.port(words[3]), let toPort = ProxyHeader.port(words[4])
        else { return nil }
        source = End(address: from.text, port: fromPort)
        destination = End(address: to.text, port: toPort)
    }

    /// Up to 65535, without leading zeros.
    private static func port(_ word: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...5).contains(word.count), word.count == 1 || word.first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for octet in word {
            guard octet.isDigit else { return nil }
            value = value * 10 + Int(octet & 0x0F)
        }
        return value <= 65_535 ? value : nil
    }
}
