// The body of a message on its way through filters and a banner, before it is stored.

/// Rewrites a body while it arrives.
///
/// What no filter wants passes byte for byte: the structure (delimiter lines, headers of parts, what stands around the
/// parts) and parts for which every filter said nil. A part that is wanted is decoded, goes through its filters in their
/// order and is encoded again in its own encoding; the line end before the next delimiter stays where it is. Memory is
/// bounded by what the walker and the filters keep back. On the loop of the message.
public final class BodyRewriter {
    private var walker: MIMEWalker
    private var handler: RewritingHandler

    /// - Parameters:
    ///   - root: What the message's header says.
    ///   - limits: What is not taken apart because of them is one part.
    ///   - filters: In the order in which they work.
    ///   - banner: Put in behind the filters. Nil or empty: none.
    public init(root: PartFacts, limits: BodyLimits, filters: [any BodyFilter], banner: Banner?) {
        walker = MIMEWalker(root: root, limits: limits)
        handler = RewritingHandler(filters: filters + (banner.map { [BannerFilter($0)] } ?? []))
    }

    /// What went over `max.mime_parts` was not taken apart.
    public var isOverfull: Bool { walker.isOverfull }

    /// Appends what is certain after these bytes, which are the body without its dots of transparency.
    public func rewrite(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        collecting(&output) { walker.feed(bytes, &handler) }
    }

    /// The message has ended: appends what was kept back. A message that was changed ends in CR LF, as every message that
    /// comes by SMTP does. Once.
    public func finish(into output: inout [UInt8]) {
        collecting(&output) { walker.end(&handler) }
        if handler.didRewrite, !handler.endsInLineFeed { output += lineEnd }
    }

    /// The message is not wanted any more: ends the filters. Harmless after ``finish(into:)``.
    public func abort() { handler.abort() }

    deinit { handler.abort() }

    private func collecting(_ output: inout [UInt8], _ body: () -> Void) {
        swap(&handler.output, &output)
        body()
        swap(&handler.output, &output)
        if let last = output.last { handler.endsInLineFeed = last == 0x0A }
    }
}

/// Sends what the walker finds to where it goes.
private struct RewritingHandler: MIMEHandler {
    let filters: [any BodyFilter]
    var output: [UInt8] = []
    /// The last byte of all was an LF.
    var endsInLineFeed = true
    private(set) var didRewrite = false
    /// The part that content comes of, if somebody wants it.
    private var part: (index: Int, rewriter: PartRewriter)?

    init(filters: [any BodyFilter]) { self.filters = filters }

    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace) {
        guard part.boundaryBytes.isEmpty else { return }
        let wanting = filters.compactMap { $0.begins(part) }
        guard !wanting.isEmpty else { return }
        didRewrite = true
        self.part = (part.index, PartRewriter(encoding: part.encoding, filters: wanting))
    }

    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer) {
        if let wanted = self.part, wanted.index == part {
            wanted.rewriter.rewrite(bytes, into: &output)
        } else {
            output.append(contentsOf: bytes)
        }
    }

    mutating func ended(_ part: Int, _ end: PartEnd) {
        guard let wanted = self.part, wanted.index == part else { return }
        self.part = nil
        wanted.rewriter.finish(into: &output)
    }

    mutating func structure(_ bytes: UnsafeRawBufferPointer) { output.append(contentsOf: bytes) }

    mutating func abort() {
        part?.rewriter.abort()
        part = nil
    }
}
