// Takes a body apart into its parts while it arrives (RFC 2045, RFC 2046).

/// Walks over the body of a message, in pieces of any size, and tells a ``MIMEHandler`` what it finds.
///
/// It never refuses anything. A multipart without usable boundary, or one that lies deeper than allowed, is a part like
/// others; so is message/rfc822. Where several readings are possible it takes the one that drops nothing: a message that
/// ends inside a part has delivered that part, a line that is nearly a delimiter is content.
///
/// What is kept back between two calls is at most a line of 998 bytes that begins with `--` and the line end before it,
/// or the header of one part. What is remembered are the multiparts that are open.
public struct MIMEWalker {
    enum State {
        /// In the header of a part.
        case header
        /// In a part, or between parts; a delimiter may come.
        case text
        /// No delimiter counts any more.
        case passing
    }

    /// `max.mime_parts` was reached and another part began: from there on nothing is taken apart, the rest belongs to the
    /// part that was at hand.
    public private(set) var isOverfull = false
    /// Parts so far, the whole message included. 0 before the first byte.
    public private(set) var partCount = 0

    let limits: BodyLimits
    var state = State.text
    var open = OpenBoundaries()
    /// Bytes that may be the beginning of a delimiter; what they are says `tail`.
    var held: [UInt8] = []
    var tail = OpenBoundaries.Tail.line(start: 0)
    /// What has come of a part's header, and where its last line begins.
    var header: [UInt8] = []
    var headerLine = 0
    /// Bytes handed out.
    private var offset = 0
    /// The part that content belongs to, nil between parts.
    private var leaf: Int?
    /// The multipart whose epilogue comes.
    private var closed: Int?
    private let root: PartFacts

    /// - Parameters:
    ///   - root: What the header of the message says.
    ///   - limits: Negative ones count as 0.
    public init(root: PartFacts, limits: BodyLimits) {
        self.root = root
        self.limits = limits
    }

    /// The next bytes of the body.
    public mutating func feed<Handler: MIMEHandler>(_ bytes: UnsafeRawBufferPointer, _ handler: inout Handler) {
        beginMessage(&handler)
        advance(bytes, &handler)
    }

    /// The message has ended: hands out what was kept back and ends what is open. Once.
    public mutating func end<Handler: MIMEHandler>(_ handler: inout Handler) {
        beginMessage(&handler)
        if case .header = state { endHeader(&handler) }
        endText(&handler)
        // A delimiter as the last bytes has begun a part without anything.
        if case .header = state { endHeader(&handler) }
        state = .passing
        endLeaf(leaf == 0 ? .complete : .unfinished, &handler)
        while let level = open.pop() { handler.ended(level.part, .unfinished) }
    }

    private mutating func beginMessage<Handler: MIMEHandler>(_ handler: inout Handler) {
        if partCount == 0 { begin(root, header: HeaderBlock(), at: .root, &handler) }
    }

    func isTaken(apart facts: PartFacts) -> Bool {
        let length = facts.boundaryBytes.count
        return facts.isMultipart && facts.depth <= limits.depth && (1...OpenBoundaries.longestBoundary).contains(length)
    }

    /// A part is known. From here on its content comes, or, of a multipart, its preamble.
    mutating func begin<Handler: MIMEHandler>(
        _ facts: PartFacts, header: HeaderBlock, at place: PartPlace, _ handler: inout Handler
    ) {
        var facts = facts
        facts.index = partCount
        partCount += 1
        if isTaken(apart: facts) {
            let isDigest = facts.contentType == "multipart/digest"
            open.push(.init(part: facts.index, depth: facts.depth, isDigest: isDigest, boundary: facts.boundaryBytes))
        } else {
            facts.boundaryBytes = []
            leaf = facts.index
        }
        state = open.levels.isEmpty ? .passing : .text
        tail = .line(start: 0)
        handler.began(facts, header: header, at: place)
    }

    /// Where a part is whose header is in the bytes that come next.
    func place(header length: Int, content: Int) -> PartPlace {
        PartPlace(
            parent: open.levels.last?.part, header: offset..<(offset + length), content: offset + content)
    }
}

extension MIMEWalker {
    /// Hands out bytes as what they are.
    mutating func emit<Handler: MIMEHandler>(_ bytes: Slice<UnsafeRawBufferPointer>, _ handler: inout Handler) {
        guard !bytes.isEmpty else { return }
        offset += bytes.count
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        if let leaf { handler.content(leaf, bytes) } else { handler.structure(bytes) }
    }

    mutating func emitStructure<Handler: MIMEHandler>(
        _ bytes: Slice<UnsafeRawBufferPointer>, _ handler: inout Handler
    ) {
        guard !bytes.isEmpty else { return }
        offset += bytes.count
        handler.structure(UnsafeRawBufferPointer(rebasing: bytes))
    }

    /// Ends what a delimiter ends, and begins what it begins.
    ///
    /// What is held is the line end before it.
    /// - Returns: Offset of the first byte that is not dealt with. The line end behind a closing delimiter is left: it may
    ///   belong to the next one.
    mutating func take<Handler: MIMEHandler>(
        _ delimiter: OpenBoundaries.Delimiter, in bytes: UnsafeRawBufferPointer, _ handler: inout Handler
    ) -> Int {
        let (level, isClosing) = (delimiter.match.level, delimiter.match.isClosing)
        guard isClosing || partCount <= limits.parts else {
            isOverfull = true
            releaseHeld(&handler)
            state = .passing
            return delimiter.lineBreak
        }
        endLeaf(level == open.levels.count - 1 ? .complete : .unfinished, &handler)
        while open.levels.count - 1 > level, let inner = open.pop() { handler.ended(inner.part, .unfinished) }
        takeHeld().withUnsafeBytes { emitStructure($0[...], &handler) }
        guard isClosing else {
            emitStructure(bytes[delimiter.lineBreak..<delimiter.next], &handler)
            (state, tail, headerLine) = (.header, .inLine, 0)
            return delimiter.next
        }
        closed = open.pop()?.part
        emitStructure(bytes[delimiter.lineBreak..<delimiter.lineEnd], &handler)
        (state, tail) = (open.levels.isEmpty ? .passing : .text, .inLine)
        return delimiter.lineEnd
    }

    private mutating func endLeaf<Handler: MIMEHandler>(_ end: PartEnd, _ handler: inout Handler) {
        if let leaf { handler.ended(leaf, end) }
        if let closed { handler.ended(closed, .complete) }
        (leaf, closed) = (nil, nil)
    }
}
