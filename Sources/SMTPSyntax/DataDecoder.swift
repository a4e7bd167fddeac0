// Message content after DATA: removes the dots of transparency and finds the end (RFC 5321 section 4.5.2).

/// Turns the bytes after DATA into message content.
///
/// The content ends at CR LF `.` CR LF and at nothing else; the CR LF of the DATA command counts as the first of them,
/// so `.` CR LF at the very beginning ends an empty message. The CR LF before the dot belongs to the content.
///
/// The decoder keeps its state across chunks and never needs a byte twice. Content is handed on as slices of the
/// chunk, as few and long as possible; a chunk without dots at line starts is one slice.
public struct DataDecoder: Sendable {
    /// How far a chunk was used.
    public struct Progress: Equatable, Sendable {
        /// Bytes used; all of the chunk, unless the message ended inside it.
        public var consumed: Int
        /// The end of data was met; what follows `consumed` is the next command.
        public var ended: Bool

        /// A progress of `consumed` bytes.
        public init(consumed: Int, ended: Bool) {
            self.consumed = consumed
            self.ended = ended
        }
    }

    /// Where the next byte stands. "Line start" is only the place behind a true CR LF.
    enum Place {
        case lineStart, lineStartDot, lineStartDotCR, text, textCR, ended
    }

    let bareNewline: BareNewlinePolicy
    var place = Place.lineStart
    /// Content bytes of the line that is under way.
    var lineLength = 0
    var longestFinished = 0
    /// Length of a clean line before.
    var usualLength = 0

    /// A bare CR or a bare LF was met.
    ///
    /// Under ``BareNewlinePolicy/reject`` no more content is handed on from there, but the bytes are still walked to
    /// the true end of the message.
    public internal(set) var sawBareNewline = false

    /// Length of the longest line so far, in content bytes without CR LF. Under ``BareNewlinePolicy/accept`` bare CR
    /// and LF are part of the line that they stand in.
    public var longestLine: Int { max(longestFinished, lineLength) }

    /// - Parameter bareNewline: What to do with a CR or LF outside the pair CR LF.
    public init(bareNewline: BareNewlinePolicy) {
        self.bareNewline = bareNewline
    }

    /// Decodes one chunk. After the end it uses nothing any more and says so.
    /// - Parameters:
    ///   - bytes: The bytes that arrived; they need not outlive the call.
    ///   - body: Gets the content in order. A slice is valid during the call only.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Progress {
        var walk = Walk(bytes)
        while walk.next < bytes.count {
            switch place {
            case .text: text(&walk, body)
            case .lineStart: lineStart(&walk, body)
            case .textCR: afterCR(&walk, body)
            case .lineStartDot: afterDot(&walk)
            case .lineStartDotCR: afterDotCR(&walk, body)
            case .ended: return Progress(consumed: walk.next, ended: true)
            }
        }
        flush(&walk, to: walk.next, body)
        return Progress(consumed: walk.next, ended: place == .ended)
    }
}

extension DataDecoder {
    /// The way through one chunk.
    struct Walk {
        let bytes: UnsafeRawBufferPointer
        /// The next byte to look at.
        var next = 0
        /// Content from here to `next` has not been handed on yet.
        var runStart = 0
        /// First LF at or behind `next`, kept so that a chunk full of CRs is not searched for LF again and again.
        private var lineFeed = -1

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        var octet: UInt8 { bytes[next] }

        /// CR LF comes next, and both are in this chunk.
        var isAtPair: Bool { next &+ 1 < bytes.count && bytes.hasPair(at: next) }

        /// Offset of the first LF at or behind `next`, or the length of the chunk.
        mutating func nextLineFeed() -> Int {
            if lineFeed < next {
                lineFeed = bytes.firstOffset(of: .lineFeed, in: next..<bytes.count) ?? bytes.count
            }
            return lineFeed
        }

        /// The length from `next` on of a line that ends in CR LF and holds no other CR or LF; nil if this is none.
        /// - Parameter usual: The length that is tried first: most large messages have lines of one length.
        @inline(__always)
        mutating func cleanLine(usual: Int) -> Int? {
            let guess = next &+ usual
            if guess &+ 1 < bytes.count, bytes.hasPair(at: guess), bytes.isPlain(in: next..<guess) { return usual }
            let end = nextLineFeed() &- 1
            guard end &+ 1 < bytes.count, end >= next, bytes[end] == .carriageReturn,
                bytes.firstOffset(of: .carriageReturn, in: next..<end) == nil
            else { return nil }
            return end &- next
        }
    }

    /// Hands on what has been walked up to `end`, unless the message is refused already.
    func flush(_ walk: inout Walk, to end: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        if walk.runStart < end, !isMuted {
            body(UnsafeRawBufferPointer(rebasing: walk.bytes[walk.runStart..<end]))
        }
        walk.runStart = end
    }

    private var isMuted: Bool { sawBareNewline && bareNewline == .reject }

    private func emit(_ octet: UInt8, _ body: (UnsafeRawBufferPointer) -> Void) {
        if !isMuted { withUnsafeBytes(of: octet, body) }
    }

    private mutating func lineStart(_ walk: inout Walk, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard walk.octet == UInt8(ascii: ".") else { return place = .text }
        flush(&walk, to: walk.next, body)
        walk.next += 1
        walk.runStart = walk.next
        place = .lineStartDot
    }

    /// Behind a dot at a line start. The dot is gone, whatever follows.
    private mutating func afterDot(_ walk: inout Walk) {
        guard walk.octet == .carriageReturn else { return place = .text }
        // Withheld: it may be part of the end of data, which is no content.
        walk.next += 1
        walk.runStart = walk.next
        place = .lineStartDotCR
    }

    private mutating func afterDotCR(_ walk: inout Walk, _ body: (UnsafeRawBufferPointer) -> Void) {
        if walk.octet == .lineFeed {
            walk.next += 1
            walk.runStart = walk.next
            place = .ended
        } else {
            emit(.carriageReturn, body)
            metBareCR(&walk, body)
        }
    }

    /// Behind a CR in the text; the CR has been handed on or stands in the run, as it passes in every case.
    private mutating func afterCR(_ walk: inout Walk, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard walk.octet == .lineFeed else { return metBareCR(&walk, body) }
        walk.next += 1
        finishLine()
        place = .lineStart
    }

    private mutating func finishLine() {
        longestFinished = longestLine
        lineLength = 0
    }
}

extension DataDecoder {
    /// Walks over whole clean lines, then up to the next CR or LF that needs a closer look.
    private mutating func text(_ walk: inout Walk, _ body: (UnsafeRawBufferPointer) -> Void) {
        switch walk.octet {
        case .lineFeed: return metBareLF(&walk, body)
        case .carriageReturn where !walk.isAtPair:
            walk.next += 1
            return place = .textCR
        default: if cleanLines(&walk) { return }
        }
        let lineFeed = walk.nextLineFeed()
        if let carriageReturn = walk.bytes.firstOffset(of: .carriageReturn, in: walk.next..<lineFeed) {
            lineLength &+= carriageReturn - walk.next
            walk.next = carriageReturn + 1
            place = .textCR
        } else {
            lineLength &+= lineFeed - walk.next
            walk.next = lineFeed
            if lineFeed < walk.bytes.count { metBareLF(&walk, body) }
        }
    }

    /// The hot loop: passes lines that end in CR LF, hold no other CR or LF and are not followed by a dot.
    /// - Returns: true if it came to a line start or to the end of the chunk, where `place` says what comes next.
    private mutating func cleanLines(_ walk: inout Walk) -> Bool {
        var (longest, usual) = (longestLine, usualLength)
        defer { (longestFinished, usualLength) = (longest, usual) }
        while let length = walk.cleanLine(usual: usual) {
            longest = max(longest, lineLength &+ length)
            lineLength = 0
            usual = length
            walk.next &+= length &+ 2
            if walk.next == walk.bytes.count || walk.octet == UInt8(ascii: ".") {
                place = .lineStart
                return true
            }
        }
        return false
    }

    /// `next` stands behind a CR that no LF follows.
    private mutating func metBareCR(_ walk: inout Walk, _ body: (UnsafeRawBufferPointer) -> Void) {
        place = .text
        switch bareNewline {
        case .accept: lineLength &+= 1
        case .reject: flush(&walk, to: walk.next, body)
        case .replace:
            flush(&walk, to: walk.next, body)
            emit(.lineFeed, body)
            finishLine()
        }
        sawBareNewline = true
    }

    /// `next` stands on an LF before which there is no CR.
    private mutating func metBareLF(_ walk: inout Walk, _ body: (UnsafeRawBufferPointer) -> Void) {
        switch bareNewline {
        case .accept: lineLength &+= 1
        case .reject: flush(&walk, to: walk.next, body)
        case .replace:
            flush(&walk, to: walk.next, body)
            emit(.carriageReturn, body)
            finishLine()
        }
        sawBareNewline = true
        // The place stays "text": an LF that we mended begins no line whose dot would mean anything.
        walk.next += 1
    }
}
