// A message while it comes in: its header in memory, its body there too until it is too long, then on disk.

public import HarakaCore
public import MailMessage

/// Keeps the content of one DATA. On the loop; bounded memory: the header, at most `spoolAfter` bytes of body, a buffer
/// before the file, and the tree of parts, which `BodyLimits` bound.
///
/// What no plugin touched leaves byte for byte as it came: edits are kept apart, and the header is parsed only when a
/// plugin looks at it or removes a field. A body that somebody wants to see or to rewrite goes through a `BodyPipeline`
/// on its way.
public final class MessageSink: MessageContent {
    /// What becomes of the next bytes.
    enum Stage {
        /// They are header, or may be.
        case header
        /// They are body, and nobody asked for them.
        case body
        /// They are body, and go through the pipeline.
        case piped
        /// They are counted, and not kept.
        case dropped
    }

    private let folder: SpoolFolder
    private let spoolAfter: Int
    let maxHeaderLines: Int
    private let maxHeaderBytes: Int
    private(set) var stage = Stage.header
    /// All bytes so far, or once there is a file those of the header only.
    private(set) var memory: [UInt8] = []
    /// What is behind the header, once that is too long for memory.
    private(set) var writer: SpoolWriter?
    private var scanner = HeaderScanner()
    private(set) var boundary: HeaderScanner.Boundary?
    /// The header was too long to be parsed: no blank line may be put behind what we know of it.
    private(set) var isHeaderOpen = false
    /// Bytes of header kept in memory beyond `spoolAfter`.
    private static let maximumHeader = 64 * 1024
    /// The header has more than `maxHeaderBytes`: nothing is kept of the message.
    public private(set) var hasLongHeader = false
    var header = HeaderEdits()

    private(set) var limits = BodyLimits()
    private var wishes = BodyWishes()
    /// Nil also while it is at work: plugins run in there, and may look at this message.
    private var pipeline: BodyPipeline?
    var tree: BodyTree?
    public private(set) var mimePartCount = 0
    /// The body had more parts than `max.mime_parts`, and somebody wanted to know.
    public private(set) var isOverfull = false
    /// Somebody wanted to see the parts, and the header is too long to tell where they are.
    public var hidesParts: Bool { isHeaderOpen && hasWishes }
    private var hasWishes = false
    public private(set) var hasBegunBody = false
    public private(set) var hasEnded = false

    /// Why the message could not be kept.
    public private(set) var failure: SpoolError?
    /// The message is not wanted any more (too big, refused, `discard_data`): bytes are counted and dropped.
    public var isDiscarding = false { didSet { if isDiscarding { forget() } } }
    /// False: the body goes through the hands of those who have wishes about it, and is not kept (`discard_data`). Set
    /// before the content comes.
    public var keepsBody = true
    /// What the client has sent.
    public private(set) var byteCount = 0

    /// - Parameters:
    ///   - spoolAfter: bytes kept in memory; 0 spools always, -1 never
    ///   - maxHeaderBytes: of the header as it came, which stays in memory as a whole; 0: no limit
    public init(folder: SpoolFolder, spoolAfter: Int, maxHeaderLines: Int, maxHeaderBytes: Int = 0) {
        self.maxHeaderBytes = maxHeaderBytes
        self.folder = folder
        self.spoolAfter = spoolAfter < 0 ? .max : spoolAfter
        self.maxHeaderLines = maxHeaderLines
    }

    /// Content of the message, without dot stuffing. Runs plugins, if some have wishes.
    public func append(_ bytes: UnsafeRawBufferPointer) {
        byteCount &+= bytes.count
        switch stage {
        case .header: appendHeader(bytes)
        case .body: store(bytes)
        case .piped: pipe { $0.push(bytes, to: self) }
        case .dropped: break
        }
    }

    private func appendHeader(_ bytes: UnsafeRawBufferPointer) {
        memory.append(contentsOf: bytes)
        boundary = memory.withUnsafeBytes { scanner.scan($0) }
        if maxHeaderBytes > 0, headerEnd > maxHeaderBytes {
            hasLongHeader = true
            return abort()
        }
        // The header stays in memory; one that does not end is cut off from the parser, not from the message.
        if boundary == nil, maxHeaderBytes == 0, memory.count - spoolAfter > MessageSink.maximumHeader {
            boundary = HeaderScanner.Boundary(headerEnd: 0, bodyStart: 0)
            isHeaderOpen = true
        }
        guard boundary != nil else { return }
        stage = .body
        startPipeline()
        if stage == .body { spoolIfLong() }
    }

    /// Bytes of the body, as plugins will read them.
    func store(_ bytes: UnsafeRawBufferPointer) {
        guard keepsBody else { return }
        if writer != nil { return write(bytes) }
        memory.append(contentsOf: bytes)
        spoolIfLong()
    }

    private func spoolIfLong() {
        guard writer == nil, memory.count > spoolAfter else { return }
        do throws(SpoolError) {
            writer = SpoolWriter(try folder.open())
            let body = memory
            // A new array: the old one has room for the body.
            memory = Array(memory[..<headerEnd])
            body.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[headerEnd...])) }
        } catch {
            fail(error)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) {
        do throws(SpoolError) {
            try writer?.append(bytes)
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: SpoolError) {
        if failure == nil { failure = error }
        forget()
    }

    public func fail(_ reason: String) { fail(SpoolError(reason: reason)) }

    private func forget() {
        memory = []
        writer = nil
        boundary = HeaderScanner.Boundary(headerEnd: 0, bodyStart: 0)
        stage = .dropped
        pipe { _ in }
    }

    /// Where the header ends as far as is known.
    var headerEnd: Int { boundary.map { min($0.headerEnd, memory.count) } ?? memory.count }

    /// The body is kept, and not only counted.
    var isWanted: Bool { stage != .dropped }

    /// Memory for content at this moment, in bytes, without the tree.
    var heldBytes: Int { memory.capacity + (writer?.pending.capacity ?? 0) + (pipeline?.heldBytes ?? 0) }

    /// All that was stored can be read from the file.
    func flush() throws(SpoolError) { try writer?.flush() }
}

// MARK: - the body's way

extension MessageSink {
    /// The header is there as a whole: nothing that comes now belongs to it.
    public var hasHeader: Bool { boundary != nil || hasEnded }

    /// What plugins want of the body is known. Once, before the content comes; without it nobody wants anything.
    public func begin(_ wishes: BodyWishes, limits: BodyLimits) {
        guard !hasBegunBody else { return }
        hasBegunBody = true
        hasWishes = !wishes.isEmpty
        self.limits = limits
        if stage == .header { self.wishes = wishes }
    }

    private func startPipeline() {
        guard !wishes.isEmpty else { return }
        // What is taken for body there begins with header lines, which no filter may touch.
        if isHeaderOpen { (wishes.filters, wishes.banner) = ([], nil) }
        pipeline = BodyPipeline(header: parsedHeader(), wishes: wishes, limits: limits)
        wishes = BodyWishes()
        stage = .piped
        guard let boundary else { return }
        // What has come of the body goes the way of what will come.
        let early = Array(memory[boundary.bodyStart...])
        memory.removeSubrange(boundary.bodyStart...)
        early.withUnsafeBytes { bytes in pipe { $0.push(bytes, to: self) } }
    }

    /// All of it was header. Somebody may put something behind it.
    private func beginEmptyBody() {
        if wishes.rewrites { boundary = HeaderScanner.Boundary(headerEnd: memory.count, bodyStart: memory.count) }
        startPipeline()
    }

    /// Takes the pipeline out, so that nobody finds it in the middle of its work while plugins run, and puts it back if
    /// it is still needed.
    private func pipe(_ work: (BodyPipeline) -> Void) {
        guard let pipeline else { return }
        self.pipeline = nil
        work(pipeline)
        mimePartCount = pipeline.partCount
        isOverfull = pipeline.isOverfull
        if stage == .piped { self.pipeline = pipeline } else { pipeline.abort() }
    }

    /// End of data. The header has ended now, whether or not a blank line came. Runs plugins, if some have wishes.
    public func end() {
        guard !hasEnded else { return }
        if stage == .header { beginEmptyBody() }
        pipe { pipeline in
            pipeline.finish(to: self)
            tree = pipeline.tree
        }
        pipeline = nil
        hasBegunBody = true
        hasEnded = true
        do throws(SpoolError) { try flush() } catch { fail(error) }
    }

    /// The client has gone, or nobody wants the message any more: whoever reads parts of it is told.
    public func abort() { isDiscarding = true }
}
