// Names of hosts in a text, whatever its size. RFC 3986 section 3.2.

/// Letters, digits, hyphens, dots; and underscores, which names of hosts do not have, but some names do.
func isHostByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x2D || byte == 0x2E
        || byte == 0x5F
}

/// Finds hosts of URIs (`scheme://host`), and names that stand alone (`www.example.com`, `a@example.com`), in pieces of any
/// size. What is kept of the text is one word.
struct URIScan {
    /// More of either kind than any list is asked for.
    private static let most = 500
    private static let longestHost = 300

    private enum Place {
        case word
        /// Behind a word and a colon; whether a slash was there, too.
        case colon(hasSlash: Bool)
        /// Between `//` and what ends it.
        case authority
    }

    private var place = Place.word
    /// The word, or the authority behind its last `@`.
    private var bytes: [UInt8] = []
    private var isTooLong = false
    /// What stood before the word.
    private var before: UInt8 = 0
    private var ofURIs: [String] = [], alone: [String] = []
    private var known: Set<[UInt8]> = []

    /// Those of URIs first: of names that stand alone many are none.
    var hosts: [String] { ofURIs + alone }
    /// Nothing that comes could make a difference.
    var isFull: Bool { ofURIs.count >= Self.most }

    mutating func take(_ piece: UnsafeRawBufferPointer) { for byte in piece { take(byte) } }

    /// The text has ended; another one may begin.
    mutating func finish() {
        take(0x20)
        (place, before) = (.word, 0)
    }

    private mutating func take(_ byte: UInt8) {
        switch place {
        case .word:
            if isHostByte(byte) { return keep(byte) }
            let isScheme = byte == UInt8(ascii: ":") && (2...20).contains(bytes.count)
            endWord()
            before = byte
            if isScheme { place = .colon(hasSlash: false) }
        case .colon(let hasSlash):
            // Browsers take any number of either slash.
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") { return place = .colon(hasSlash: true) }
            place = hasSlash ? .authority : .word
            take(byte)
        case .authority:
            if byte == UInt8(ascii: "@") { return forget() }
            if !endsAuthority(byte) { return keep(byte) }
            endAuthority()
            (place, before) = (.word, byte)
        }
    }

    private mutating func keep(_ byte: UInt8) {
        if bytes.count < Self.longestHost { bytes.append(byte) } else { isTooLong = true }
    }

    private mutating func forget() {
        bytes.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    /// A name that stands alone has a last label of letters; whether it is a top level domain is asked later.
    private mutating func endWord() {
        defer { forget() }
        guard bytes.count > 3, !isTooLong, alone.count < Self.most else { return }
        var word = bytes[...]
        if before == UInt8(ascii: "%") { word = word.dropFirst(word.starts(with: [0x32, 0x35]) ? 4 : 2) }
        while let first = word.first, first == 0x2E || first == 0x2D || first == 0x5F { word.removeFirst() }
        while let last = word.last, last == 0x2E || last == 0x2D || last == 0x5F { word.removeLast() }
        guard let dot = word.lastIndex(of: 0x2E), word.endIndex - dot > 2 else { return }
        let last = word[(dot + 1)...]
        let isInternational = last.count > 4 && last[(dot + 3)...].starts(with: [0x2D, 0x2D])
        guard isInternational || last.allSatisfy({ ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }) else { return }
        if known.insert(Array(word)).inserted { alone.append(String(decoding: word, as: UTF8.self)) }
    }

    private func endsAuthority(_ byte: UInt8) -> Bool {
        if byte <= 0x20 || byte == 0x7F { return true }
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "`"), UInt8(ascii: "|"):
            return true
        default: return false
        }
    }

    /// The host, without a port and what else is stuck to it; and once more up to the first letter beyond ASCII, which may
    /// be the text that goes on.
    private mutating func endAuthority() {
        defer { forget() }
        guard !isTooLong else { return }
        let decoded = unescaped(bytes)
        if decoded.first == UInt8(ascii: "[") {
            return add(decoded.dropFirst().prefix { isHostByte($0) || $0 == UInt8(ascii: ":") })
        }
        let host = decoded.prefix { isHostByte($0) || $0 >= 0x80 }
        let plain = host.prefix { $0 < 0x80 }
        if plain.count < host.count { add(host) }
        add(plain)
    }

    private mutating func add(_ host: ArraySlice<UInt8>) {
        guard !host.isEmpty, ofURIs.count < Self.most, known.insert(Array(host) + [0]).inserted else { return }
        ofURIs.append(String(decoding: host, as: UTF8.self))
    }
}

/// `%65` is `e` (RFC 3986 section 2.1).
private func unescaped(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(UInt8(ascii: "%")) else { return bytes }
    var (result, index): ([UInt8], Int) = ([], 0)
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
            let low = digit(bytes[index + 2])
        {
            result.append(high << 4 | low)
            index += 3
        } else {
            result.append(bytes[index])
            index += 1
        }
    }
    return result
}

private func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x61 + 10
    default: nil
    }
}
