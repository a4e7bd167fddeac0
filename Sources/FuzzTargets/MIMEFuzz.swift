// Entry point for a fuzzer: the parts of a body.

import MailMessage

/// Whatever a body holds: every byte comes out once and in order, parts are well-formed and end once, the limits hold, and
/// nothing depends on how the bytes arrive.
/// - Parameter bytes: Four bytes that set limits and pieces, then a message. If its header names no boundary, it is `b`.
public func fuzzMIME(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 4 else { return }
    let message = UnsafeRawBufferPointer(rebasing: bytes[4...])
    var scanner = HeaderScanner()
    let border = scanner.scan(message) ?? .init(headerEnd: message.count, bodyStart: message.count)
    let header = UnsafeRawBufferPointer(rebasing: message[..<border.headerEnd])
    var root = PartFacts(HeaderBlock(parsing: header, maxLines: Int.max))
    checkFacts(root)
    if root.boundaryBytes.isEmpty { (root.contentType, root.boundary) = ("multipart/mixed", "b") }
    let body = UnsafeRawBufferPointer(rebasing: message[border.bodyStart...])
    var limits = BodyLimits()
    limits.parts = Int(bytes[0])
    limits.depth = Int(bytes[1] % 8)
    limits.header = Int(bytes[2]) * 8
    let whole = Walked(body, root, limits, piece: Int.max)
    whole.check(body, limits)
    precondition(Walked(body, root, limits, piece: 1) == whole, "single bytes make another message")
    precondition(Walked(body, root, limits, piece: Int(bytes[3]) + 2) == whole, "pieces make another message")
    checkTree(body, root, limits, whole)
}

private func checkFacts(_ facts: PartFacts) {
    for word in [facts.charset, facts.encoding, facts.disposition] {
        precondition(word.utf8.count < 400, "a word that is too long")
        precondition(!word.utf8.contains { (0x41...0x5A).contains($0) }, "a word that is not in lower case")
    }
    precondition(facts.contentType.utf8.count <= 255 && facts.contentType.utf8.contains(0x2F), "no type")
    precondition(facts.filename.utf8.count <= 1024, "a name that is too long")
    precondition(facts.boundaryBytes.count <= 994 && facts.boundaryBytes.last != 0x20, "no boundary")
    precondition(facts.boundaryBytes.isEmpty || facts.isMultipart, "a boundary of no multipart")
}

/// The tree's ranges hold what the walk handed out.
private func checkTree(_ body: UnsafeRawBufferPointer, _ root: PartFacts, _ limits: BodyLimits, _ walked: Walked) {
    let observer = Observer()
    var builder = BodyTree.Builder(root: root, limits: limits, observers: [observer])
    builder.append(body)
    let tree = builder.finish()
    builder.abort()
    precondition(tree.parts.map(\.facts) == walked.parts.map(\.facts), "another tree")
    precondition(tree.isOverfull == walked.isOverfull, "another number of parts")
    for (part, seen) in zip(tree.parts, walked.parts) {
        if part.facts.boundaryBytes.isEmpty { precondition(body[part.content].elementsEqual(seen.content), "range") }
        precondition(part.header == seen.place.header && part.header.upperBound <= part.content.lowerBound, "header")
        precondition(part.end == seen.end, "another end")
        for child in part.children { precondition(tree.parts[child].parent == part.facts.index, "not its child") }
        guard let parent = part.parent else { continue }
        let outer = tree.parts[parent].content
        precondition(outer.lowerBound <= part.header.lowerBound, "begins before its parent")
        precondition(part.content.upperBound <= outer.upperBound, "ends behind its parent")
    }
    let attachments = tree.parts.filter(\.facts.isAttachment)
    precondition(observer.readers.map(\.ends) == attachments.map { [$0.end] }, "a reader is not told once")
}

private final class Observer: AttachmentObserver {
    var readers: [Reader] = []

    func begins(_ part: PartFacts) -> (any AttachmentReader)? {
        readers.append(Reader())
        return readers.last
    }
}

private final class Reader: AttachmentReader {
    var ends: [PartEnd] = []

    func received(_ bytes: UnsafeRawBufferPointer) {
        precondition((1...65_536).contains(bytes.count) && ends.isEmpty, "size of a piece")
    }
    func ended(_ end: PartEnd) { ends.append(end) }
}

/// What a walk told.
private struct Walked: MIMEHandler, Equatable {
    struct Part: Equatable {
        var facts: PartFacts
        var place: PartPlace
        var header: [HeaderField]
        var content: [UInt8] = []
        var end: PartEnd?
    }

    var parts: [Part] = []
    var bytes: [UInt8] = []
    var isOverfull = false

    init(_ body: UnsafeRawBufferPointer, _ root: PartFacts, _ limits: BodyLimits, piece: Int) {
        var walker = MIMEWalker(root: root, limits: limits)
        var rest = body[...]
        while !rest.isEmpty {
            // A copy of its own size, so that the sanitizer sees a read beyond it.
            Array(rest.prefix(piece)).withUnsafeBytes { walker.feed($0, &self) }
            rest = rest.dropFirst(piece)
        }
        walker.end(&self)
        isOverfull = walker.isOverfull
        precondition(walker.partCount == parts.count, "wrong number of parts")
    }

    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace) {
        precondition(part.index == parts.count, "wrong index")
        precondition(place.parent.map { parts[$0].end == nil } ?? (part.index == 0), "in a part that has ended")
        precondition(place.header.lowerBound == bytes.count, "wrong place")
        parts.append(Part(facts: part, place: place, header: header.fields))
    }

    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer) {
        precondition(!bytes.isEmpty && part == parts.count - 1 && parts[part].end == nil, "content of another part")
        precondition(parts[part].facts.boundaryBytes.isEmpty, "content of a multipart")
        precondition(self.bytes.count == parts[part].place.content + parts[part].content.count, "wrong place")
        parts[part].content += bytes
        self.bytes += bytes
    }

    mutating func ended(_ part: Int, _ end: PartEnd) {
        precondition(parts[part].end == nil && end != .aborted, "ended twice")
        precondition(parts[(part + 1)...].allSatisfy { $0.end != nil }, "ended before what is in it")
        parts[part].end = end
    }

    mutating func structure(_ bytes: UnsafeRawBufferPointer) {
        precondition(!bytes.isEmpty, "nothing")
        self.bytes += bytes
    }

    func check(_ body: UnsafeRawBufferPointer, _ limits: BodyLimits) {
        precondition(bytes.elementsEqual(body), "not the bytes that went in")
        precondition(parts.count <= limits.parts + 1, "too many parts")
        for part in parts {
            precondition(part.end != nil, "not ended")
            precondition(part.place.header.count <= limits.header, "a header that is too long")
            precondition(part.facts.boundaryBytes.isEmpty || part.facts.depth <= limits.depth, "too deep")
            checkFacts(part.facts)
        }
    }
}
