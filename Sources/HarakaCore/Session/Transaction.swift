// One mail transaction: envelope, message and what plugins noted about them. RFC 5321 section 3.3, docs/objects.md.

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
    /// What plugins found out, and `mail_from`, `rcpt_to` and `queue` of the core.
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
    /// The values of all fields of that name, in order.
    func headerValues(_ name: String) -> [String]
    /// The message as it stands now. Throws if a spool file cannot be read.
    func snapshot() throws -> any MessageView
}

/// An unchanging view of headers and body, with CR LF line ends and without dot stuffing. Any thread.
public protocol MessageView: AnyObject, Sendable {
    var size: Int { get }
    /// Copies up to `buffer.count` bytes at `offset`; returns how many, 0 at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}
