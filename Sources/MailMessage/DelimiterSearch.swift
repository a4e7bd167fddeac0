// The search for delimiters in content: what every byte of a multipart costs.

extension OpenBoundaries {
    /// Looks for the first delimiter.
    /// - Parameters:
    ///   - start: Where to begin, at most the length.
    ///   - isLineStart: A line begins there, and the line end before it is not to be handed out again.
    func search(_ bytes: UnsafeRawBufferPointer, from start: Int, isLineStart: Bool) -> Search {
        // The line to look at, and the line end before it; or, if `from` is set, where to search for them.
        var (lineBreak, line) = (start, start)
        var from = isLineStart ? nil : Optional(start)
        while true {
            if let from {
                guard let lineFeed = Self.lineFeedBeforeDash(bytes, from: from) else {
                    let hasCR = bytes.count > start && bytes[bytes.count - 1] == 0x0D
                    return .none(end: bytes.count - (hasCR ? 1 : 0), tail: hasCR ? .carriageReturn : .inLine)
                }
                lineBreak = lineFeed > start && bytes[lineFeed - 1] == 0x0D ? lineFeed - 1 : lineFeed
                line = lineFeed + 1
            }
            switch look(bytes, at: line) {
            case .ordinary: from = line
            case .incomplete: return .none(end: lineBreak, tail: .line(start: line - lineBreak))
            case .dashes(let lineFeed):
                let end = bytes[lineFeed - 1] == 0x0D ? lineFeed - 1 : lineFeed
                if let match = match(UnsafeRawBufferPointer(rebasing: bytes[line..<end])) {
                    return .delimiter(
                        Delimiter(lineBreak: lineBreak, line: line, lineEnd: end, next: lineFeed + 1, match: match))
                }
                from = lineFeed
            }
        }
    }

    /// What a line is as far as it has come.
    private enum Line {
        /// No delimiter.
        case ordinary
        /// Its LF is not there yet, and it may become a delimiter.
        case incomplete
        /// Begins with two dashes.
        case dashes(lineFeed: Int)
    }

    @inline(__always)
    private func look(_ bytes: UnsafeRawBufferPointer, at line: Int) -> Line {
        let rest = bytes.count - line
        if rest > 0, bytes[line] != 0x2D { return .ordinary }
        if rest > 1, bytes[line + 1] != 0x2D { return .ordinary }
        if rest > 2, beginnings & Self.bit(Int(bytes[line + 2])) == 0 { return .ordinary }
        let end = line + min(rest, Self.longestHeld)
        if let lineFeed = HeaderLine.lineFeed(UnsafeRawBufferPointer(rebasing: bytes[..<end]), from: line) {
            return .dashes(lineFeed: lineFeed)
        }
        return rest < Self.longestHeld ? .incomplete : .ordinary
    }

    /// The next LF that has a dash behind it or is the last byte.
    ///
    /// Eight bytes at a time, whatever the length of lines: a search for LF alone would be no quicker in ordinary text, and
    /// fifty times slower in a message of empty lines.
    private static func lineFeedBeforeDash(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var from = start
        while bytes.count - from > 32 {
            let near = pairs(bytes, at: from) | pairs(bytes, at: from + 8)
            let far = pairs(bytes, at: from + 16) | pairs(bytes, at: from + 24)
            if near | far != 0 { break }
            from += 32
        }
        while bytes.count - from > 8 {
            let pairs = pairs(bytes, at: from)
            if pairs != 0 { return from + pairs.trailingZeroBitCount / 8 }
            from += 8
        }
        while from < bytes.count {
            if bytes[from] == 0x0A, from + 1 == bytes.count || bytes[from + 1] == 0x2D { return from }
            from += 1
        }
        return nil
    }

    /// Not 0 if one of the 8 bytes from `offset` is an LF with a dash behind it; then the lowest bit that is set is in the
    /// first of those, if the lowest byte is the first. Reads 9 bytes.
    @inline(__always)
    private static func pairs(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        let first = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        let second = bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt64.self).littleEndian
        // A byte of this is 0 where both are what is wanted; then the usual test for a byte that is 0.
        let other = (first ^ 0x0A0A_0A0A_0A0A_0A0A) | (second ^ 0x2D2D_2D2D_2D2D_2D2D)
        return (other &- 0x0101_0101_0101_0101) & ~other & 0x8080_8080_8080_8080
    }
}
