// The sender of a forwarded message, in the text that a mail program made of its header.

/// Looks for the first line `From: ... address`, perhaps behind `>` and a blank, and over the borders of pieces. A line longer than
/// `limit` bytes is looked at as far as that.
struct FromLines {
    private static let limit = 2000

    private var line: [UInt8] = []
    private(set) var found: String?

    /// Whether the address is known now.
    mutating func isFound(in piece: UnsafeRawBufferPointer) -> Bool {
        for byte in piece where found == nil {
            if byte == 0x0A {
                found = address(of: line)
                line.removeAll(keepingCapacity: true)
            } else if line.count < FromLines.limit {
                line.append(byte)
            }
        }
        return found != nil
    }

    /// The text has ended: its last line may have no end.
    func last() -> String? { address(of: line) }
}

/// The address of a line `From:`; nil for any other, and for one without.
private func address(of line: [UInt8]) -> String? {
    var rest = line[...]
    if rest.first == 0x3E { rest.removeFirst() }
    if rest.first == 0x20 || rest.first == 0x09 { rest.removeFirst() }
    guard rest.starts(with: "From:".utf8) else { return nil }
    rest = rest.dropFirst(5)
    // `Name <address>`, `Name [mailto:address]`, or the address alone.
    if let open = rest.firstIndex(of: 0x3C), let close = rest[open...].firstIndex(of: 0x3E) {
        return plain(rest[(open + 1)..<close])
    }
    return rest.split(whereSeparator: { $0 <= 0x20 || $0 == 0x5B || $0 == 0x5D || $0 == 0x2C || $0 == 0x3B })
        .lazy.compactMap { plain($0) }.first
}

/// The text if it is an address: something, @, something, and nothing that would make another line or address of it.
private func plain(_ bytes: ArraySlice<UInt8>) -> String? {
    var bytes = bytes
    if bytes.starts(with: "mailto:".utf8) { bytes = bytes.dropFirst(7) }
    guard bytes.count <= 320, let at = bytes.lastIndex(of: 0x40), at > bytes.startIndex, at + 1 < bytes.endIndex,
        bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != 0x3C && $0 != 0x22 && $0 != 0x23 })
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
}
