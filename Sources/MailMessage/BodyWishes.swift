// What somebody outside wants of a body while it comes in: parts, attachments, filters, a banner. Set before the body begins.

/// What is known about a part when its content begins. RFC 2045, 2183.
public struct PartFacts: Sendable, Equatable {
    /// 0 is the whole message, then in order of appearance.
    public var index = 0
    /// 0 is the whole message.
    public var depth = 0
    /// `type/subtype` in lower case; `text/plain` if the part does not say (RFC 2045 section 5.2).
    public var contentType = "text/plain"
    /// Lower case; empty if the part does not say.
    public var charset = ""
    /// Transfer encoding in lower case; `7bit` if the part does not say.
    public var encoding = "7bit"
    /// `inline`, `attachment` ... in lower case, or empty.
    public var disposition = ""
    /// Decoded to UTF-8, as the sender wrote it: it may hold `/` and `..`.
    public var filename = ""
    /// Of a multipart that can be taken apart, else empty. Not always text: some senders use other bytes than ASCII.
    public var boundaryBytes: [UInt8] = []

    public init() {}

    /// ``boundaryBytes`` as text.
    public var boundary: String {
        get { String(decoding: boundaryBytes, as: UTF8.self) }
        set { boundaryBytes = Array(newValue.utf8) }
    }

    public var isMultipart: Bool { contentType.utf8.starts(with: "multipart/".utf8) }
    public var isText: Bool { contentType.utf8.starts(with: "text/".utf8) }

    /// As in Haraka: disposition attachment, or neither text, multipart nor message.
    public var isAttachment: Bool {
        if isMultipart { return false }
        return disposition == "attachment" || !(isText || contentType.utf8.starts(with: "message/".utf8))
    }
}

/// Rewrites parts. On the loop of the message.
public protocol BodyFilter: AnyObject {
    /// A part begins that is no multipart. Nil: it stays byte for byte.
    func begins(_ part: PartFacts) -> (any PartFilter)?
}

/// Rewrites one part.
public protocol PartFilter: AnyObject {
    /// Content with its transfer encoding undone, in the part's charset. What takes its place is appended to `output`, now
    /// or later; `isLast` is true in exactly one call, the last, whose `bytes` may be empty.
    func rewrite(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8])
    /// Exactly once, after the last `rewrite` or when the message is not wanted any more.
    func ended()
}

/// Wants the content of attachments while they come. On the loop of the message.
public protocol AttachmentObserver: AnyObject {
    /// A part begins whose facts say `isAttachment`. Nil: not this one.
    func begins(_ part: PartFacts) -> (any AttachmentReader)?
}

/// Reads one attachment.
public protocol AttachmentReader: AnyObject {
    /// Content with its transfer encoding undone. Valid during the call.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// Exactly once.
    func ended(_ end: PartEnd)
}

/// How a part ended.
public enum PartEnd: Sendable, Equatable {
    /// Its boundary came, or it is the whole message.
    case complete
    /// The message ended without it.
    case unfinished
    /// The message is not wanted any more, or the client has gone.
    case aborted
}

/// A text for the end of every text part that is no attachment.
public struct Banner: Sendable, Equatable {
    public var text: String
    /// Empty: the text with line breaks.
    public var html: String

    public init(text: String, html: String = "") {
        self.text = text
        self.html = html
    }
}

/// All wishes about one body.
public struct BodyWishes {
    /// The parts are to be known when the message has ended.
    public var parses = false
    public var observers: [any AttachmentObserver] = []
    public var filters: [any BodyFilter] = []
    public var banner: Banner?

    public init() {}

    /// Nobody wants anything: the body passes untouched and unseen.
    public var isEmpty: Bool { !parses && observers.isEmpty && filters.isEmpty && banner == nil }
    public var rewrites: Bool { !filters.isEmpty || banner != nil }
}

/// Bounds of a message's structure; each is a key of connection.ini.
public struct BodyLimits: Sendable, Equatable {
    /// `max.mime_parts`: parts, besides the whole message.
    public var parts = 1000
    /// `max.mime_depth`: a multipart that lies deeper is read as one part.
    public var depth = 100
    /// `max.mime_header`: bytes of a part's header; what is beyond counts as content.
    public var header = 65_536

    public init() {}
}
