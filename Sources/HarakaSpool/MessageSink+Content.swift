// A message as plugins see it: header fields, the whole, the parts. docs/objects.md "Headers", "The message".

import Glibc
public import HarakaCore
public import MailMessage

/// Changes of a header, kept apart from it for as long as nobody wants to see the whole.
struct HeaderEdits {
    private(set) var leading = HeaderBlock()
    private(set) var ending = HeaderBlock()
    private var edits: [HeaderEdit] = []
    private(set) var removesFields = false
    /// The whole header with all edits, once somebody wanted to see it.
    private(set) var block: HeaderBlock?

    mutating func add(_ edit: HeaderEdit) {
        if block != nil { return HeaderEdits.apply(edit, to: &block!) }
        edits.append(edit)
        switch edit {
        case .addLeading(let name, let value): leading.addLeading(name, value)
        case .addEnd(let name, let value): ending.addEnd(name, value)
        case .remove: removesFields = true
        }
    }

    /// - Parameter isWhole: else more may come, and it is parsed again when asked for
    mutating func parse(_ bytes: UnsafeRawBufferPointer, maxLines: Int, isWhole: Bool) -> HeaderBlock {
        if let block { return block }
        var parsed = HeaderBlock(parsing: bytes, maxLines: maxLines)
        for edit in edits { HeaderEdits.apply(edit, to: &parsed) }
        if isWhole { block = parsed }
        return parsed
    }

    private static func apply(_ edit: HeaderEdit, to block: inout HeaderBlock) {
        switch edit {
        case .addLeading(let name, let value): block.addLeading(name, value)
        case .addEnd(let name, let value): block.addEnd(name, value)
        case .remove(let name): block.remove(name)
        }
    }
}

extension MessageSink {
    public func edit(_ edit: HeaderEdit) { header.add(edit) }

    public func headerValues(_ name: String) -> [String] { parsedHeader().values(name) }

    public func decodedHeaderValues(_ name: String) -> [String] { parsedHeader().decodedValues(name) }

    public func headerLines() -> [String] { parsedHeader().lines() }

    /// The header as a block. Before it has ended, what came of it.
    func parsedHeader() -> HeaderBlock {
        if let block = header.block { return block }
        return memory.withUnsafeBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<headerEnd])
            return header.parse(bytes, maxLines: maxHeaderLines, isWhole: hasHeader)
        }
    }

    public func snapshot() throws -> any MessageView {
        if let failure { throw failure }
        try flush()
        return StoredMessage(
            head: head(), memory: memory, storedFrom: headerEnd,
            blankLine: boundary.map { $0.bodyStart - $0.headerEnd } ?? 0, spooled: writer)
    }

    /// The header with all edits, as it is written.
    private func head() -> [UInt8] {
        let end = headerEnd
        var head: [UInt8] = []
        if header.block != nil || header.removesFields {
            parsedHeader().write { head.append(contentsOf: $0) }
        } else {
            head.reserveCapacity(header.leading.byteCount + end + header.ending.byteCount + 2)
            header.leading.write { head.append(contentsOf: $0) }
            head.append(contentsOf: memory[..<end])
            header.ending.write { head.append(contentsOf: $0) }
        }
        // A body that began without a blank line gets one, else its first lines would join the header.
        if let boundary, boundary.headerEnd == boundary.bodyStart, !head.isEmpty, !isHeaderOpen { head += [13, 10] }
        return head
    }

    public func bodyTree() throws -> BodyTree {
        if let failure { throw failure }
        if let tree, !isHeaderOpen { return tree }
        guard hasEnded, !isOverfull, !isHeaderOpen else { throw hasEnded ? BodyUnknown.tooManyParts : .notYet }
        let view = try snapshot()
        let walked = try BodyTree.walk(root: PartFacts(parsedHeader()), limits: limits) { offset, buffer in
            try view.read(at: view.bodyStart + offset, into: buffer)
        }
        guard !walked.isOverfull else { throw BodyUnknown.tooManyParts }
        tree = walked
        return walked
    }

    /// What a stranger says about authentication must not pass for our own word: `Authentication-Results` fields of the
    /// client become `Original-Authentication-Results` (RFC 8601 section 5).
    public func renameAuthenticationResults() {
        let name = "Authentication-Results"
        guard countLines("authentication-results:") > 0 else { return }
        let values = headerValues(name)
        edit(.remove(name: name))
        for value in values { edit(.addEnd(name: "Original-\(name)", value: value)) }
    }

    /// How many `Received` fields the client sent.
    public var receivedCount: Int { countLines("received:") }

    private func countLines(_ name: StaticString) -> Int {
        memory.withUnsafeBytes { HeaderLines.count(name, in: UnsafeRawBufferPointer(rebasing: $0[..<headerEnd])) }
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
