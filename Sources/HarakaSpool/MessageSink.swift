// A message while it comes in: its header in memory, its body there too until it is too long, then on disk.

import Glibc
public import HarakaCore
import MailMessage

/// Keeps the content of one DATA. On the loop; bounded memory: the header and at most `spoolAfter` bytes.
///
/// What no plugin touched leaves byte for byte as it came: edits are kept apart, and the header is parsed only when a
/// plugin looks at it or removes a field.
public final class MessageSink: MessageContent {
    private let folder: SpoolFolder
    private let spoolAfter: Int
    private let maxHeaderLines: Int
    /// All bytes so far, or once there is a file those of the header only.
    private var memory: [UInt8] = []
    private var file: SpoolFile?
    private var fileSize = 0
    private var scanner = HeaderScanner()
    private var boundary: HeaderScanner.Boundary?
    private var leading = HeaderBlock()
    private var ending = HeaderBlock()
    private var edits: [HeaderEdit] = []
    private var removesFields = false
    /// The whole header with all edits, once somebody wanted to see it.
    private var block: HeaderBlock?
    private var hasEnded = false
    /// The header was too long to be parsed: no blank line may be put behind what we know of it.
    private var isHeaderOpen = false
    /// Bytes of header kept in memory beyond `spoolAfter`.
    private static let maximumHeader = 64 * 1024
    /// Why the message could not be kept.
    public private(set) var failure: SpoolError?
    /// The message is not wanted any more (too big, refused, `discard_data`): bytes are counted and dropped.
    public var isDiscarding = false { didSet { if isDiscarding { forget() } } }
    public private(set) var byteCount = 0

    /// - Parameters:
    ///   - spoolAfter: bytes kept in memory; 0 spools always, -1 never
    public init(folder: SpoolFolder, spoolAfter: Int, maxHeaderLines: Int) {
        self.folder = folder
        self.spoolAfter = spoolAfter < 0 ? .max : spoolAfter
        self.maxHeaderLines = maxHeaderLines
    }

    /// Content of the message, without dot stuffing.
    public func append(_ bytes: UnsafeRawBufferPointer) {
        byteCount &+= bytes.count
        guard !isDiscarding, failure == nil else { return }
        if let file { return write(bytes, to: file) }
        memory.append(contentsOf: bytes)
        if boundary == nil { boundary = memory.withUnsafeBytes { scanner.scan($0) } }
        guard memory.count > spoolAfter else { return }
        // The header stays in memory; one that does not end is cut off from the parser, not from the message.
        let isHeaderTooLong = memory.count - spoolAfter > MessageSink.maximumHeader
        if boundary == nil, isHeaderTooLong {
            boundary = HeaderScanner.Boundary(headerEnd: 0, bodyStart: 0)
            isHeaderOpen = true
        }
        if boundary != nil { spool() }
    }

    private func spool() {
        do throws(SpoolError) {
            let file = try folder.open()
            let cut = headerEnd
            self.file = file
            memory.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[cut...]), to: file) }
            memory.removeSubrange(cut...)
        } catch {
            fail(error)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: SpoolFile) {
        do throws(SpoolError) {
            try file.append(bytes)
            fileSize += bytes.count
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: SpoolError) {
        failure = error
        forget()
    }

    private func forget() {
        memory = []
        file = nil
        fileSize = 0
        boundary = HeaderScanner.Boundary(headerEnd: 0, bodyStart: 0)
    }

    /// Where the header ends as far as is known.
    private var headerEnd: Int {
        boundary.map { min($0.headerEnd, memory.count) } ?? memory.count
    }

    /// End of data. The header has ended now, whether or not a blank line came.
    public func end() { hasEnded = true }

    /// What a stranger says about authentication must not pass for our own word: `Authentication-Results` fields of the
    /// client become `Original-Authentication-Results` (RFC 8601 section 5).
    public func renameAuthenticationResults() {
        let name = "Authentication-Results"
        let isThere = memory.withUnsafeBytes {
            HeaderLines.count("authentication-results:", in: UnsafeRawBufferPointer(rebasing: $0[..<headerEnd])) > 0
        }
        guard isThere else { return }
        let values = headerValues(name)
        edit(.remove(name: name))
        for value in values { edit(.addEnd(name: "Original-\(name)", value: value)) }
    }

    /// How many `Received` fields the client sent.
    public var receivedCount: Int {
        memory.withUnsafeBytes {
            HeaderLines.count("received:", in: UnsafeRawBufferPointer(rebasing: $0[..<headerEnd]))
        }
    }

    // MARK: MessageContent

    public func edit(_ edit: HeaderEdit) {
        if block != nil { return apply(edit, to: &block!) }
        edits.append(edit)
        switch edit {
        case .addLeading(let name, let value): leading.addLeading(name, value)
        case .addEnd(let name, let value): ending.addEnd(name, value)
        case .remove: removesFields = true
        }
    }

    private func apply(_ edit: HeaderEdit, to block: inout HeaderBlock) {
        switch edit {
        case .addLeading(let name, let value): block.addLeading(name, value)
        case .addEnd(let name, let value): block.addEnd(name, value)
        case .remove(let name): block.remove(name)
        }
    }

    public func headerValues(_ name: String) -> [String] { parsed().values(name) }

    /// The header as a block. Before it has ended, what came of it.
    private func parsed() -> HeaderBlock {
        if let block { return block }
        var parsed = memory.withUnsafeBytes {
            HeaderBlock(parsing: UnsafeRawBufferPointer(rebasing: $0[..<headerEnd]), maxLines: maxHeaderLines)
        }
        for edit in edits { apply(edit, to: &parsed) }
        // Until the header is there as a whole, it is parsed again when asked for.
        if boundary != nil || hasEnded { block = parsed }
        return parsed
    }

    public func snapshot() throws -> any MessageView {
        if let failure { throw failure }
        let cut = headerEnd
        var head: [UInt8] = []
        if block != nil || removesFields {
            parsed().write { head.append(contentsOf: $0) }
        } else {
            head.reserveCapacity(leading.byteCount + cut + ending.byteCount + 2)
            leading.write { head.append(contentsOf: $0) }
            head.append(contentsOf: memory[..<cut])
            ending.write { head.append(contentsOf: $0) }
        }
        // A body that began without a blank line gets one, else its first lines would join the header.
        if let boundary, boundary.headerEnd == boundary.bodyStart, !head.isEmpty, !isHeaderOpen { head += [13, 10] }
        return StoredMessage(head: head, memory: memory, bodyStart: cut, file: file, fileSize: fileSize)
    }
}

/// Counting header lines without parsing them.
enum HeaderLines {
    /// Lines that begin with `name`, in any case. `name` is lower case.
    static func count(_ name: StaticString, in bytes: UnsafeRawBufferPointer) -> Int {
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var count = 0
        var start = 0
        while start + wanted.count <= bytes.count {
            if zip(bytes[start...], wanted).allSatisfy({ $0 | 32 == $1 | 32 }) { count += 1 }
            guard let base = bytes.baseAddress, let end = memchr(base + start, 10, bytes.count - start) else { break }
            start = UnsafeRawPointer(end) - base + 1
        }
        return count
    }
}
