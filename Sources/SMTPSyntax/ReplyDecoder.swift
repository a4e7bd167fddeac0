// Bytes to replies: the client's side of RFC 5321 section 4.2.

/// Cuts what a server sends into ``Reply`` values, however the bytes arrive.
///
/// Lenient where servers are known to err: a line may end in a bare LF or in several CRs and LF, may have no text
/// behind its code and no blank, or a TAB instead of one; bytes that are no UTF-8 become U+FFFD, and control characters
/// blanks, so that a text can stand in a report or a log as it is. An enhanced status (RFC 2034) is found in the first
/// line that begins with one of the code's class; it goes into ``Reply/status`` and stays in the words, which are the
/// server's own: a report quotes them.
///
/// What is no reply ends the decoder: nothing behind it can be trusted.
///
/// Memory is bounded by `lineLimit` x `maxLines`, and by `sizeLimit` in any case.
public struct ReplyDecoder: Sendable {
    /// What was found.
    public enum Event: Equatable, Sendable {
        /// A whole reply. Its lines are without code.
        case reply(Reply)
        /// Not a reply; final.
        case malformed(MalformedReply)
    }

    /// What stands at the end of a line of which the rest was dropped.
    public static let cutMark = " [...]"

    private let lineLimit: Int
    private let maxLines: Int
    private let sizeLimit: Int
    /// The beginning of a line whose end has not come yet: `lineLimit` bytes and two at most, and whether there were
    /// more.
    private var partial: [UInt8] = []
    private var isCut = false
    private var code = 0
    private var lines: [String] = []
    /// Bytes of the reply so far.
    private var size = 0
    private var failure: MalformedReply?

    /// - Parameters:
    ///   - lineLimit: bytes of a line that are kept, code included, line end not. RFC 5321 allows 510, and some servers
    ///     more.
    ///   - maxLines: more than these are no reply.
    ///   - sizeLimit: bytes of a whole reply; more are none, even if no line end ever comes.
    public init(lineLimit: Int = 4096, maxLines: Int = 512, sizeLimit: Int = 262_144) {
        self.lineLimit = max(lineLimit, 4)
        self.maxLines = max(maxLines, 1)
        self.sizeLimit = max(sizeLimit, 4)
    }

    /// A part of a reply has come. To be asked before TLS begins: what came in the clear must not be taken for what TLS
    /// brings.
    public var isMidway: Bool { !partial.isEmpty || isCut || !lines.isEmpty }

    /// Looks for the next reply.
    /// - Parameter bytes: What has arrived and was not consumed by an earlier call.
    /// - Returns: How many of `bytes` are used up, which are not to be shown again, and what was found; nil: all is
    ///   used up, and more is needed.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) -> (consumed: Int, event: Event?) {
        if let failure { return (bytes.count, .malformed(failure)) }
        var start = 0
        while let lineFeed = bytes.firstOffset(of: .lineFeed, in: start..<bytes.count) {
            let event = endLine(bytes, start..<lineFeed)
            start = lineFeed + 1
            if let event { return (event.isFinal ? bytes.count : start, event) }
        }
        keep(bytes, start..<bytes.count)
        guard size > sizeLimit else { return (bytes.count, nil) }
        return (bytes.count, fail(.tooLong, partial))
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        size += range.count
        // With room for CR LF, of which nothing is seen.
        let room = lineLimit + 2 - partial.count
        partial.append(contentsOf: bytes[range.prefix(room)])
        isCut = isCut || range.count > room
    }

    /// The line that ends behind `range`.
    private mutating func endLine(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Event? {
        guard partial.isEmpty, range.count < lineLimit else {
            keep(bytes, range)
            size += 1
            let line = partial
            defer { (partial, isCut) = ([], false) }
            return line.withUnsafeBytes { take($0, isCut: isCut) }
        }
        size += range.count + 1
        return take(UnsafeRawBufferPointer(rebasing: bytes[range]), isCut: false)
    }

    private mutating func take(_ whole: UnsafeRawBufferPointer, isCut: Bool) -> Event? {
        var end = whole.count
        while !isCut, end > 0, whole[end - 1] == .carriageReturn { end -= 1 }
        let isCut = isCut || end > lineLimit
        let line = UnsafeRawBufferPointer(rebasing: whole[..<min(end, lineLimit)])
        guard let head = ReplyLine(line) else { return fail(.unrecognized, line) }
        guard lines.isEmpty || head.code == code else { return fail(.differingCodes, line) }
        guard size <= sizeLimit else { return fail(.tooLong, line) }
        guard lines.count < maxLines else { return fail(.tooManyLines, line) }
        code = head.code
        let text = MalformedReply.clean(line.dropFirst(head.textStart))
        lines.append(isCut ? text + ReplyDecoder.cutMark : text)
        return head.isLast ? .reply(finish()) : nil
    }

    private mutating func finish() -> Reply {
        let reply = Reply(code, lines: lines, status: status)
        lines = []
        size = 0
        return reply
    }

    /// RFC 2034 section 4: the class must be that of the code, and 3xx has none.
    private var status: EnhancedStatus? {
        for line in lines {
            guard let found = EnhancedStatus.leading(line)?.status, Int(found.class) == code / 100 else { continue }
            return found
        }
        return nil
    }

    private mutating func fail(_ reason: MalformedReply.Reason, _ line: some Collection<UInt8>) -> Event {
        let failure = MalformedReply(reason, line)
        self.failure = failure
        (partial, lines, isCut) = ([], [], false)
        return .malformed(failure)
    }
}

extension ReplyDecoder.Event {
    fileprivate var isFinal: Bool {
        if case .malformed = self { return true }
        return false
    }
}

/// Where the parts of a reply's line are: `250-text`, `250 text`, `250`.
struct ReplyLine: Equatable {
    let code: Int
    let isLast: Bool
    /// Offset of the text.
    let textStart: Int

    /// nil: no code of three digits from 200 to 599, or something other than a blank or a hyphen behind it.
    init?(_ line: UnsafeRawBufferPointer) {
        guard line.count >= 3, (0x32...0x35).contains(line[0]), line[1].isDigit, line[2].isDigit else { return nil }
        code = Int(line[0] & 0x0F) * 100 + Int(line[1] & 0x0F) * 10 + Int(line[2] & 0x0F)
        guard line.count > 3 else {
            (isLast, textStart) = (true, 3)
            return
        }
        guard line[3].isBlank || line[3] == UInt8(ascii: "-") else { return nil }
        (isLast, textStart) = (line[3] != UInt8(ascii: "-"), 4)
    }
}
