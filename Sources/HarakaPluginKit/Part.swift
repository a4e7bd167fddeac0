// One MIME part of a message.
import CHarakaPluginKit

/// A part of a transaction's message, as long as the transaction lives. Texts are lent until the call ends. Loop thread
/// only; what ``open(_:)`` returns may be read on any thread.
public struct Part: @unchecked Sendable {
    let service: UnsafePointer<haraka_body_1>
    let handle: haraka_part

    /// In what form a part is read.
    public enum Form: Int32, Sendable {
        /// As it stands in the message, without the part's header.
        case raw
        /// Transfer encoding undone.
        case decoded
        /// And in UTF-8; what cannot be converted is U+FFFD.
        case text
    }

    /// 0 is the whole message, then in order of appearance.
    public var index: Int { number(HARAKA_PART_INDEX) }
    /// 0 is the whole message.
    public var depth: Int { number(HARAKA_PART_DEPTH) }
    /// `type/subtype` in lower case; `text/plain` if the part does not say.
    public var contentType: Text { property(HARAKA_PART_CONTENT_TYPE).text }
    /// Lower case, empty if the part does not say.
    public var charset: Text { property(HARAKA_PART_CHARSET).text }
    /// Transfer encoding in lower case, `7bit` if the part does not say.
    public var encoding: Text { property(HARAKA_PART_ENCODING).text }
    /// `inline`, `attachment` ... in lower case, or empty.
    public var disposition: Text { property(HARAKA_PART_DISPOSITION).text }
    /// UTF-8, as the sender wrote it: it may hold `/` and `..`.
    public var filename: Text { property(HARAKA_PART_FILENAME).text }
    /// Of a multipart, else empty.
    public var boundary: Text { property(HARAKA_PART_BOUNDARY).text }
    /// Bytes as they stand in the message, without the part's header.
    public var size: Int64 { property(HARAKA_PART_SIZE).integer(or: 0) }
    /// Disposition attachment, or neither text, multipart nor message.
    public var isAttachment: Bool { property(HARAKA_PART_IS_ATTACHMENT).isTrue }
    /// Ended by its boundary, not by the end of the message.
    public var isComplete: Bool { property(HARAKA_PART_IS_COMPLETE).isTrue }
    public var isText: Bool { contentType.hasPrefix("text/") }
    public var isMultipart: Bool { contentType.hasPrefix("multipart/") }
    /// How many parts are directly in it.
    public var childCount: Int { number(HARAKA_PART_CHILDREN) }

    /// A part directly in it; nil if there is none.
    public func child(_ number: Int) -> Part? {
        var part = haraka_part()
        guard number >= 0, service.pointee.child(handle, number, &part) >= 0 else { return nil }
        return Part(service: service, handle: part)
    }

    /// The parts directly in it.
    public var children: [Part] { (0..<max(0, childCount)).compactMap { child($0) } }

    /// The part it is in; nil for the whole message.
    public var parent: Part? {
        var part = haraka_part()
        guard service.pointee.parent(handle, &part) >= 0 else { return nil }
        return Part(service: service, handle: part)
    }

    /// The part's own header fields of that name, a list of text; `decoded`: in UTF-8 (RFC 2047, RFC 2231).
    public func header(_ name: String, decoded: Bool = false) -> ValueView {
        var value = haraka_null()
        _ = name.lent { service.pointee.header_get(handle, $0, decoded ? 1 : 0, &value) }
        return ValueView(value)
    }

    /// Any property by its number, `HARAKA_PART_...`; null if it cannot be read.
    public func property(_ number: Int32) -> ValueView {
        var value = haraka_null()
        _ = service.pointee.get(handle, number, &value)
        return ValueView(value)
    }

    /// Opens the content. A multipart has `.raw` only. What is returned outlives the transaction.
    ///
    ///     try part.open(.text).forEachChunk { bytes in ... }
    public func open(_ form: Form = .decoded) throws(PluginError) -> Stream {
        var stream = haraka_stream()
        try PluginError.check(service.pointee.open(handle, form.rawValue, &stream), "opening a part")
        return Stream(handle: stream)
    }

    private func number(_ property: Int32) -> Int {
        Int(truncatingIfNeeded: self.property(property).integer(or: 0))
    }
}
