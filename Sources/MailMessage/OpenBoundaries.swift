// The boundaries that may end a part, and what their lines look like (RFC 2046 section 5.1.1).

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The multiparts that are open, outermost first.
///
/// A delimiter is a line of `--`, a boundary, `--` if it closes, blanks, and its line end, which is LF with or without CR.
/// A line costs more than its search only if it begins with `--` and the first byte of an open boundary. Such a line is
/// hashed if one of the boundaries is as long, and the hash is compared with that of each open multipart; the boundaries
/// themselves only if one has that hash. So the cost is bounded for each byte, whatever is sent: at most as many
/// comparisons for a line as multiparts are open.
struct OpenBoundaries {
    struct Level {
        var part: Int
        var depth: Int
        var isDigest: Bool
        var boundary: [UInt8]
    }

    /// A line that begins with `--` where a line can begin.
    struct Delimiter {
        /// The line end before it, or, if there is none, the same as `line`.
        var lineBreak: Int
        var line: Int
        /// The line end behind it.
        var lineEnd: Int
        var next: Int
        var match: Match
    }

    struct Match {
        var level: Int
        var isClosing: Bool
    }

    enum Search {
        case delimiter(Delimiter)
        /// No delimiter in what was searched. What is behind `end` may be the beginning of one.
        case none(end: Int, tail: Tail)
    }

    /// What the bytes are that may be the beginning of a delimiter.
    enum Tail {
        /// There are none: a line has begun with something else.
        case inLine
        case carriageReturn
        /// A line end, or nothing, then what there is of a line. `start`: offset of that line in these bytes.
        case line(start: Int)
    }

    /// RFC 5322 section 2.1.1, without the line end. A longer line is no delimiter.
    static let longestLine = 998
    /// With CR and LF. If there is no LF in that many bytes, the line is too long.
    static let longestHeld = longestLine + 2
    /// What fits into such a line with two dashes on both sides.
    static let longestBoundary = longestLine - 4

    private(set) var levels: [Level] = []
    /// Of each level, the hash of its boundary.
    private var hashes: [UInt32] = []
    /// A bit for each length of an open boundary, modulo 64.
    private var lengths: UInt64 = 0
    /// A bit for each byte that an open boundary begins with, modulo 64.
    private(set) var beginnings: UInt64 = 0

    mutating func push(_ level: Level) {
        hashes.append(level.boundary.withUnsafeBytes { $0.reduce(Self.emptyHash, Self.hash) })
        levels.append(level)
        summarize()
    }

    mutating func pop() -> Level? {
        guard let last = levels.popLast() else { return nil }
        hashes.removeLast()
        summarize()
        return last
    }

    private mutating func summarize() {
        lengths = levels.reduce(0) { $0 | Self.bit($1.boundary.count) }
        beginnings = levels.reduce(0) { $0 | Self.bit(Int($1.boundary.first ?? 0)) }
    }

    private static let emptyHash: UInt32 = 0x811C_9DC5

    /// FNV-1a. That a sender can make hashes equal does not matter: the bytes are compared then.
    private static func hash(_ hash: UInt32, _ octet: UInt8) -> UInt32 { (hash ^ UInt32(octet)) &* 0x0100_0193 }

    static func bit(_ number: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: number & 63) }
}

extension OpenBoundaries {
    /// What the line delimits, nil if nothing. Of several multiparts with one boundary it is the innermost.
    /// - Parameter line: Without its line end.
    func match(_ line: UnsafeRawBufferPointer) -> Match? {
        guard line.count > 2, line.count <= Self.longestLine, line[0] == 0x2D, line[1] == 0x2D else { return nil }
        var end = line.count
        while end > 2, isBlank(line[end - 1]) { end -= 1 }
        let isClosable = end > 4 && line[end - 2] == 0x2D && line[end - 1] == 0x2D
        let closedEnd = isClosable ? end - 2 : end
        guard lengths & (Self.bit(end - 2) | Self.bit(closedEnd - 2)) != 0 else { return nil }
        var closedHash = Self.emptyHash
        for offset in 2..<closedEnd { closedHash = Self.hash(closedHash, line[offset]) }
        let hash = isClosable ? Self.hash(Self.hash(closedHash, 0x2D), 0x2D) : closedHash
        // Without a way out of the loop the compiler compares several at once.
        var isKnown = false
        for other in hashes where other == hash || other == closedHash { isKnown = true }
        guard isKnown else { return nil }
        for level in levels.indices.reversed() {
            if isBoundary(line[2..<end], of: level) { return Match(level: level, isClosing: false) }
            if isClosable, isBoundary(line[2..<closedEnd], of: level) { return Match(level: level, isClosing: true) }
        }
        return nil
    }

    private func isBoundary(_ name: Slice<UnsafeRawBufferPointer>, of level: Int) -> Bool {
        levels[level].boundary.withUnsafeBytes { boundary in
            guard boundary.count == name.count, let bytes = boundary.baseAddress else { return false }
            return memcmp(bytes, UnsafeRawBufferPointer(rebasing: name).baseAddress ?? bytes, name.count) == 0
        }
    }
}
