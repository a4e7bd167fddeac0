// A mail in the queue: what its file begins with. docs/outbound.md "The queue's files".

public import HarakaCore
public import SMTPSyntax

/// One accepted message for all its recipients: what is known when it is queued, and never changes. What happens to each
/// recipient is told by the ``QueueRecord``s behind the message in the same file.
public struct QueuedMail: Sendable, Equatable {
    /// The transaction's uuid, which is the file's name.
    public var uuid: String
    /// Milliseconds since 1970.
    public var queueTime: Int64
    public var reversePath: Address
    /// A recipient's place here is its number in records.
    public var recipients: [QueuedRecipient]
    public var notes: Notes
    /// `smtp`, a plugin's name, `bounce`, `sendmail`.
    public var origin: String
    /// Bytes of the message.
    public var size: Int
    /// It holds bytes above 127 in header or body.
    public var is8Bit = false
    /// Its header does, so that a server must offer SMTPUTF8 (RFC 6531).
    public var isUTF8 = false
    public var forcesTLS = false
    /// ENVID of MAIL, decoded (RFC 3461).
    public var envelopeID = ""
    /// RET=FULL or RET=HDRS; nil: as is usual.
    public var returnsFullMessage: Bool?

    public init(
        uuid: String, queueTime: Int64, from reversePath: Address, to recipients: [QueuedRecipient],
        notes: Notes = Notes(), origin: String = "smtp", size: Int = 0
    ) {
        self.uuid = uuid
        self.queueTime = queueTime
        self.reversePath = reversePath
        self.recipients = recipients
        self.notes = notes
        self.origin = origin
        self.size = size
    }
}

/// Somebody who is to get it.
public struct QueuedRecipient: Sendable, Equatable {
    public var address: Address
    /// ORCPT, as given (RFC 3461); empty: none.
    public var original = ""
    /// NOTIFY (RFC 3461 section 4.1).
    public var notify: Notify = .usual

    public struct Notify: OptionSet, Sendable, Equatable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let success = Notify(rawValue: 1)
        public static let failure = Notify(rawValue: 2)
        public static let delay = Notify(rawValue: 4)
        public static let never: Notify = []
        /// Nothing was asked for: that is failures, and delays where the server tells of any.
        public static let usual: Notify = [.failure, .delay]
    }

    public init(_ address: Address) { self.address = address }
}

/// What happened to a queued mail after it was queued. One line each, behind the message.
public enum QueueRecord: Sendable, Equatable {
    /// These have it.
    case delivered([Int])
    /// These will not get it: the sender has been told, or nobody is to be told.
    case failed([Int])
    /// An attempt failed for these; not again before `next` (milliseconds since 1970).
    case deferred([Int], next: Int64, Attempt)
    /// Not to be tried until released; by an administrator.
    case held(Bool)

    /// How an attempt ended, for `haraka queue show` and for the report to the sender.
    public struct Attempt: Sendable, Equatable {
        /// Milliseconds since 1970.
        public var time: Int64
        public var code: Int
        public var status: EnhancedStatus
        /// The peer's words, or ours.
        public var text: String
        /// The peer; empty: none was reached.
        public var remote: String

        public init(time: Int64, code: Int, status: EnhancedStatus, text: String, remote: String) {
            self.time = time
            self.code = code
            self.status = status
            self.text = text
            self.remote = remote
        }
    }
}
