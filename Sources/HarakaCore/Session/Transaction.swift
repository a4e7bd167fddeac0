// One mail transaction: envelope, message and what plugins noted about them. RFC 5321 section 3.3, docs/objects.md.

public import MailMessage
public import SMTPSyntax

/// From MAIL to its end. Belongs to one event loop.
public final class Transaction {
    public enum Status: String, Sendable { case none = "", accepted, deferred, rejected }

    /// `<connection uuid>.<n>`
    public let uuid: String
    public var reversePath = Address.null
    public var recipients: [Address] = []
    /// Nil: the connection's value counts.
    public var isRelaying: Bool?
    public var rcptCount = Connection.Counts()
    public var status = Status.none
    public var discardsData = false
    public var dataBytes = 0
    /// Milliseconds since 1970; 0 before data_post.
    public var dataPostStart: Int64 = 0
    /// Seconds that the data_post plugins took.
    public var dataPostDelay = 0.0
    public var encoding = "utf8"
    public var notes: Notes
    /// What plugins found out, and `mail_from`, `rcpt_to`, `queue` and `reset` of the core.
    public var results: Results {
        get {
            settleResults()
            return recorded
        }
        // A plugin adds under its own name; the core's entries can wait until somebody reads.
        _modify { yield &recorded }
    }
    /// The message, from DATA on.
    public var content: (any MessageContent)?
    /// Headers that were added before there was a message.
    public private(set) var waitingHeaders: [HeaderEdit] = []
    /// What plugins want of the body; counts if set before `data` has ended.
    public var body = BodyWishes()
    /// The value of the Received field that is put on top of the message; nil: the driver makes it.
    public var receivedLine: String?
    /// Milliseconds since 1970; 0: nobody wants to know.
    public var startTime: Int64 = 0
    /// Seconds from MAIL to the reset, for the results; nil before.
    public var duration: Double?
    public var pluginState: AnyObject?
    /// The results so far. What follows is not in them yet; see `settleResults`.
    var recorded = Results()
    /// How MAIL was decided.
    var mailVerdict: HookCode?
    /// How the queue plugins decided.
    var queueVerdict: Verdict?
    /// How many of the accepted recipients are in the results.
    var recordedRecipients = 0

    private static let firstNotes: Notes = {
        var notes = Notes()
        notes.set("skip_plugins", .list([]))
        return notes
    }()

    public init(uuid: String) {
        self.uuid = uuid
        notes = Transaction.firstNotes
    }

    /// Changes the header block now, or as soon as there is one.
    public func edit(_ edit: HeaderEdit) {
        if let content { content.edit(edit) } else { waitingHeaders.append(edit) }
    }

    /// The message begins: what waited is handed on.
    public func begin(_ content: any MessageContent) {
        self.content = content
        for edit in waitingHeaders { content.edit(edit) }
        waitingHeaders = []
    }

    /// That plugin has no say in this transaction (`notes.skip_plugins`).
    public func skips(_ plugin: String) -> Bool {
        guard case .list(let names)? = notes.root["skip_plugins"], !names.isEmpty else { return false }
        return names.contains(.text(plugin))
    }
}

/// A change of the header block. Order counts.
public enum HeaderEdit: Sendable, Equatable {
    case addLeading(name: String, value: String)
    case addEnd(name: String, value: String)
    case remove(name: String)
}

/// A message while it is being received and judged: in memory, later on disk. Belongs to one event loop.
public protocol MessageContent: AnyObject {
    func edit(_ edit: HeaderEdit)
    /// Fields of the client that look like ours become `Original-Authentication-Results`.
    func renameAuthenticationResults()
    /// The values of all fields of that name, in order.
    func headerValues(_ name: String) -> [String]
    /// The same in UTF-8 (RFC 2047, RFC 2231), folds undone.
    func decodedHeaderValues(_ name: String) -> [String]
    /// Every field as it stands, with its folds, without its last line end. Bytes that are no UTF-8 become U+FFFD.
    func headerLines() -> [String]
    /// The message as it stands now. Throws if a spool file cannot be read.
    func snapshot() throws -> any MessageView
    /// The body comes in, or has: wishes about it (`Transaction.body`) come too late.
    var hasBegunBody: Bool { get }
    /// The whole message is there.
    var hasEnded: Bool { get }
    /// Parts so far; 0 if nobody parses.
    var mimePartCount: Int { get }
    /// The parts of the body; offsets count from `MessageView.bodyStart`. Once the message has ended. Walks the stored
    /// body if nobody had asked in time. Throws `BodyUnknown`, or what went wrong while it was read.
    func bodyTree() throws -> BodyTree
    /// Somebody cannot do their part for this message: it is refused for now.
    func fail(_ reason: String)
}

/// A message of which only header and bytes are known.
extension MessageContent {
    public func renameAuthenticationResults() {}
    public func decodedHeaderValues(_ name: String) -> [String] { headerValues(name) }
    public func headerLines() -> [String] { [] }
    public var hasBegunBody: Bool { true }
    public var hasEnded: Bool { true }
    public var mimePartCount: Int { 0 }
    public func bodyTree() throws -> BodyTree { throw BodyUnknown.notYet }
    public func fail(_ reason: String) {}
}

/// Why a message has no tree of parts.
public enum BodyUnknown: Error, Sendable {
    /// It has not ended.
    case notYet
    /// More than `max.mime_parts`.
    case tooManyParts
}

/// An unchanging view of headers and body, with CR LF line ends and without dot stuffing. Any thread.
public protocol MessageView: AnyObject, Sendable {
    var size: Int { get }
    /// Where the body begins, behind the blank line.
    var bodyStart: Int { get }
    /// Copies up to `buffer.count` bytes at `offset`; returns how many, 0 at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

extension MessageView {
    public var bodyStart: Int { 0 }
}
