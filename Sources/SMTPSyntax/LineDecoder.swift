// Bytes to command lines: the one place where commands are cut into lines.

/// Cuts received bytes into command lines without copying them.
///
/// The caller keeps the bytes that are not yet consumed and shows all of them each time; the decoder remembers how far
/// it has looked, so a line that arrives in many pieces costs no more than one that arrives whole.
///
/// A line ends at LF. Under ``BareNewlinePolicy/reject`` a line that ends in LF without CR, or holds a CR elsewhere,
/// is reported as ``Event/bareNewline(consumed:)``. Under the other policies such a line is handed on, as Haraka does:
/// a CR inside it stays where it is and makes no second line.
public struct LineDecoder: Sendable {
    /// What the bytes shown hold at their beginning.
    public enum Event: Equatable, Sendable {
        /// No whole line yet; show the same bytes again when more have arrived.
        case needMore
        /// `bytes[0..<length]` is the line without its end; the caller drops `consumed` bytes.
        case line(length: Int, consumed: Int)
        /// The line held a bare CR, or ended in a bare LF; the caller drops `consumed` bytes and answers once. What stands
        /// between a bare LF and the next CR LF is skipped: another server may take it for the rest of this command.
        case bareNewline(consumed: Int)
        /// Part of a line that was answered already; the caller drops `consumed` bytes and says nothing.
        case skipped(consumed: Int)
        /// More than `limit` bytes, be there an end behind them or not. Final: it is returned again for the same bytes.
        case tooLong
    }

    private let limit: Int
    private let bareNewline: BareNewlinePolicy
    /// The bytes before this offset are known to hold no LF.
    private var scanned = 0
    /// Within the rest of a line that was refused at a bare LF.
    private var isSkipping = false

    /// - Parameters:
    ///   - limit: Longest line in bytes, CR LF included (`max.line_length` of connection.ini: 512 are accepted,
    ///     513 are not).
    ///   - bareNewline: What to do with a line that is not ended by CR LF alone.
    public init(limit: Int, bareNewline: BareNewlinePolicy) {
        self.limit = min(max(limit, 0), Int.max - 1)
        self.bareNewline = bareNewline
    }

    /// Looks for the next line.
    /// - Parameter bytes: All bytes not yet consumed, the oldest first.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) -> Event {
        if isSkipping { return skip(bytes) }
        // One byte beyond the limit decides everything: what a flood holds behind it is never looked at.
        let window = min(bytes.count, limit + 1)
        guard let lineFeed = bytes.firstOffset(of: .lineFeed, in: min(scanned, window)..<window) else {
            scanned = window
            return bytes.count > limit ? .tooLong : .needMore
        }
        guard lineFeed < limit else {
            scanned = lineFeed
            return .tooLong
        }
        scanned = 0
        return ended(bytes, at: lineFeed)
    }

    /// To the next CR LF. A CR at the very end waits for what follows it.
    private mutating func skip(_ bytes: UnsafeRawBufferPointer) -> Event {
        var from = 0
        while let lineFeed = bytes.firstOffset(of: .lineFeed, in: from..<bytes.count) {
            from = lineFeed + 1
            if lineFeed > 0, bytes[lineFeed - 1] == .carriageReturn {
                isSkipping = false
                return .skipped(consumed: from)
            }
        }
        let kept = bytes.last == .carriageReturn ? 1 : 0
        return bytes.count > kept ? .skipped(consumed: bytes.count - kept) : .needMore
    }

    private mutating func ended(_ bytes: UnsafeRawBufferPointer, at lineFeed: Int) -> Event {
        let hasCR = lineFeed > 0 && bytes[lineFeed - 1] == .carriageReturn
        let length = hasCR ? lineFeed - 1 : lineFeed
        if bareNewline == .reject, !hasCR || bytes.firstOffset(of: .carriageReturn, in: 0..<length) != nil {
            isSkipping = !hasCR
            return .bareNewline(consumed: lineFeed + 1)
        }
        return .line(length: length, consumed: lineFeed + 1)
    }
}
