// Which mails somebody means, and what he is shown of them.

/// Some parts of the queue: those that fulfil everything that is said here. A new one means all.
public struct QueueFilter: Sendable, Equatable {
    /// Of a mail or of a part of it; empty: any.
    public var id = ""
    /// Of the recipients; empty: any.
    public var domain = ""
    /// An address, `@domain`, or `<>`; empty: any. Capital letters do not count.
    public var sender = ""
    /// An address; empty: any. Only this recipient is meant then, and not the others of the same mail.
    public var recipient = ""
    /// Seconds that it has been in the queue at least.
    public var olderThan: Int64 = 0
    /// The oldest of them, so many; 0: all.
    public var limit = 0

    public init() {}
}

/// A part of a mail, as a list shows it.
public struct QueueRow: Sendable, Equatable {
    public enum State: String, Sendable {
        /// It is being delivered.
        case active
        /// It could be, but others come first, or its site has enough to do.
        case ready
        /// It waits for its time.
        case deferred
        case held
    }

    /// Of the mail, its file's name; of the part.
    public var uuid, hmailUUID: String
    public var domain, sender: String
    public var recipients: [String]
    /// Milliseconds since 1970.
    public var queueTime, next: Int64
    /// Bytes of the message.
    public var size: Int
    public var failures: Int
    public var lastError: String
    public var state: State
    /// Where its site rests: until when (milliseconds since 1970); 0: it does not.
    public var siteRestsUntil: Int64
}

/// Numbers of a queue.
public struct QueueStats: Sendable, Equatable {
    /// Parts that are being delivered, that could be, that wait for their time, that are held: the first three are
    /// Haraka's `in_progress/waiting/tempfail`.
    public var inProgress = 0, waiting = 0, deferred = 0, held = 0
    public var messages = 0
    /// Who wait.
    public var recipients = 0
    /// Of the messages.
    public var bytes = 0
    /// Domains with mail, and sites that rest.
    public var domains = 0, restingSites = 0
    public init() {}
}
