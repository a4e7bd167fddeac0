// Cuts lines that are too long (Haraka does so with lines beyond `max.data_line_length`).

/// Puts CR LF SP into lines of more than a number of bytes, while they arrive.
///
/// Nothing is copied: what comes out are slices of what came in, and the folds between them. The blank of a fold counts
/// as a byte of the line that it begins.
public struct LineFolder: Sendable {
    private static let fold: StaticString = "\r\n "

    private let limit: Int
    /// Bytes of the line that is under way.
    private var column = 0
    /// A CR at the very limit: whether it begins the line end is not known yet.
    private var hasCR = false
    /// A line was too long.
    public private(set) var didFold = false

    /// - Parameter limit: The longest line without its line end, in bytes; less than 2 counts as 2.
    public init(limit: Int) { self.limit = max(limit, 2) }

    /// Folds one chunk. How the bytes are cut into chunks does not matter.
    /// - Parameter body: Gets the result in order. A slice is valid during the call only.
    public mutating func fold(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard !bytes.isEmpty else { return }
        if hasCR { resolveCR(isLineEnd: bytes[0] == 0x0A, body) }
        var (runStart, next) = (0, 0)
        while next < bytes.count {
            let lineFeed = bytes.first(0x0A, in: next..<bytes.count)
            while let cut = cut(bytes, next..<(lineFeed ?? bytes.count), isWhole: lineFeed != nil) {
                emit(bytes, runStart..<cut, body)
                (runStart, next) = (cut, cut)
                insertFold(body)
            }
            if let lineFeed {
                next = lineFeed + 1
                column = 0
            } else {
                // A CR that has no room in the line, unless LF follows.
                hasCR = column + bytes.count - next > limit
                column += bytes.count - next - (hasCR ? 1 : 0)
                next = bytes.count
            }
        }
        emit(bytes, runStart..<(bytes.count - (hasCR ? 1 : 0)), body)
    }

    /// The message has ended: hands on what was held back.
    public mutating func finish(_ body: (UnsafeRawBufferPointer) -> Void) {
        if hasCR { resolveCR(isLineEnd: false, body) }
        column = 0
    }

    /// Where the line has to be cut, nil if it has room.
    /// - Parameters:
    ///   - line: The rest of a line, or of the bytes if it does not end there; without LF.
    ///   - isWhole: LF stands behind it.
    private func cut(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, isWhole: Bool) -> Int? {
        let excess = column + line.count - limit
        guard excess > 0, let last = line.last else { return nil }
        if excess == 1, bytes[last] == 0x0D, isWhole || line.upperBound == bytes.count { return nil }
        return line.lowerBound + max(limit - column, 0)
    }

    private mutating func insertFold(_ body: (UnsafeRawBufferPointer) -> Void) {
        didFold = true
        column = 1
        body(UnsafeRawBufferPointer(start: Self.fold.utf8Start, count: Self.fold.utf8CodeUnitCount))
    }

    private mutating func resolveCR(isLineEnd: Bool, _ body: (UnsafeRawBufferPointer) -> Void) {
        hasCR = false
        if !isLineEnd { insertFold(body) }
        withUnsafeBytes(of: 0x0D as UInt8, body)
        column += 1
    }

    private func emit(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
        if !range.isEmpty { body(bytes.slice(range)) }
    }
}
