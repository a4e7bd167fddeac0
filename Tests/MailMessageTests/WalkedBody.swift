// A handler that writes down all that a walk tells, in a form that tests can compare.

import MailMessage

/// What a walk over a body told.
struct WalkedBody: MIMEHandler, Equatable {
    struct Part: Equatable {
        var facts: PartFacts
        var place: PartPlace
        var fields: [HeaderField]
        var content: [UInt8] = []
        var end: PartEnd?

        var text: String { String(decoding: content, as: UTF8.self) }
    }

    var parts: [Part] = []
    /// All bytes that were handed out.
    var bytes: [UInt8] = []
    /// Those of them that were no content, in runs that content separates.
    var structure: [[UInt8]] = []
    /// Indices in the order in which parts ended.
    var ended: [Int] = []
    var isOverfull = false
    private var isInStructure = false

    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace) {
        parts.append(Part(facts: part, place: place, fields: header.fields))
    }

    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer) {
        self.bytes += bytes
        parts[part].content += bytes
        isInStructure = false
    }

    mutating func ended(_ part: Int, _ end: PartEnd) {
        // Told twice, or of a part that never began, it is a part too many.
        if parts[part].end != nil { ended.append(-1) }
        parts[part].end = end
        ended.append(part)
    }

    mutating func structure(_ bytes: UnsafeRawBufferPointer) {
        self.bytes += bytes
        if !isInStructure { structure.append([]) }
        structure[structure.count - 1] += bytes
        isInStructure = true
    }

    var texts: [String] { parts.map(\.text) }
    var types: [String] { parts.map(\.facts.contentType) }
    var depths: [Int] { parts.map(\.facts.depth) }
    var ends: [PartEnd?] { parts.map(\.end) }
    var structures: [String] { structure.map { String(decoding: $0, as: UTF8.self) } }
}

extension WalkedBody {
    /// Walks over the body in the pieces that are asked for; each of at least one byte.
    init(_ body: [UInt8], root: PartFacts, limits: BodyLimits = BodyLimits(), piece: () -> Int = { .max }) {
        var walker = MIMEWalker(root: root, limits: limits)
        var rest = body[...]
        while !rest.isEmpty {
            let part = rest.prefix(piece())
            // Copied, so that a read behind the end of a piece does not find the next one.
            Array(part).withUnsafeBytes { walker.feed($0, &self) }
            rest = rest.dropFirst(part.count)
        }
        walker.end(&self)
        isOverfull = walker.isOverfull
    }

    /// A multipart/mixed with that boundary.
    init(_ body: String, boundary: String = "b", limits: BodyLimits = BodyLimits()) {
        self.init(Array(body.utf8), root: .multipart(boundary), limits: limits)
    }
}

extension PartFacts {
    static func multipart(_ boundary: String, type: String = "multipart/mixed") -> PartFacts {
        var facts = PartFacts()
        facts.contentType = type
        facts.boundary = boundary
        return facts
    }

    /// What a header with those lines says.
    static func of(_ header: String, isInDigest: Bool = false) -> PartFacts {
        let bytes = Array(header.utf8)
        return bytes.withUnsafeBytes { PartFacts(HeaderBlock(parsing: $0, maxLines: .max), isInDigest: isInDigest) }
    }
}
