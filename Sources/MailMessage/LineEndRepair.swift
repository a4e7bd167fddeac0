// Makes every line end CR LF, as mail on the wire must have it (RFC 5321 section 2.3.8).

/// Puts CR LF in the place of a CR or LF that stands alone, while bytes arrive.
struct LineEndRepair: Sendable {
    /// The last byte was a CR, which has been written already as CR LF; an LF behind it is its own.
    private var hasCR = false

    mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.reserveCapacity(forMore: bytes.count + bytes.count / 32 + 2)
        var (runStart, offset) = (0, 0)
        if hasCR, let first = bytes.first {
            if first == 0x0A { (runStart, offset) = (1, 1) }
            hasCR = false
        }
        var lineFeed = -1
        while offset < bytes.count {
            // Kept, so that a chunk full of CRs is not searched for LF again and again.
            if lineFeed < offset { lineFeed = bytes.first(0x0A, in: offset..<bytes.count) ?? bytes.count }
            let stop = bytes.first(0x0D, in: offset..<lineFeed) ?? lineFeed
            offset = stop + 1
            if stop + 1 == lineFeed, lineFeed < bytes.count {
                offset = lineFeed + 1
            } else if stop < bytes.count {
                output.append(contentsOf: bytes.slice(runStart..<stop))
                output += lineEnd
                hasCR = bytes[stop] == 0x0D && offset == bytes.count
                runStart = offset
            }
        }
        output.append(contentsOf: bytes.slice(runStart..<bytes.count))
    }

    /// All of a text.
    static func repaired(_ text: String) -> String {
        var output: [UInt8] = []
        var repair = LineEndRepair()
        Array(text.utf8).withUnsafeBytes { repair.append($0, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }
}
