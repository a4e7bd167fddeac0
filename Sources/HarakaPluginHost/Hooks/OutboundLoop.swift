// What outbound/1 and smtp_client/1 need of the rest of the server. HarakaNet fills these in. plugin.h, since 0.5.

public import HarakaCore
public import SMTPSyntax

// MARK: the queue

/// The queue, for plugins. It may live in another process. On the loop; each `done` is called there, once, at once or
/// later.
public protocol PluginOutbound: AnyObject {
    /// Queues a mail. OK: it is on disk, and the text is `Message Queued (uuid)`. DENYSOFT: the disk does not take it.
    func send(_ mail: PluginMail, _ done: @escaping (Verdict) -> Void)
    /// Queues the message of a transaction as it stands, for its recipients. The same answers.
    func sendTransaction(_ transaction: Transaction, _ connection: Connection?, _ done: @escaping (Verdict) -> Void)
    func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void)
    /// Oldest first.
    func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void)
    /// Does `action` to what `query` matches; how many it were.
    func act(
        _ action: QueueAction, _ query: QueueQuery, _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void)
}

/// Why the queue has given no answer.
public enum PluginQueueFailure: Error, Sendable, Equatable {
    /// Its process has not answered in time.
    case timedOut
    /// It cannot be asked or read; why is for the log.
    case unavailable(String)
}

/// A mail that a plugin sends. Addresses and line ends are in order: the host has looked at them.
public struct PluginMail: Sendable, Equatable {
    /// Who sends it: the mail's origin.
    public var plugin: String
    public var from: Address
    /// At least one.
    public var recipients: [Address]
    /// Header, empty line, body; line ends are CR LF, dots are not doubled, the last line has its end.
    public var contents: [UInt8]
    /// Its Message-Id goes, a new one comes.
    public var removesMessageID = false
    /// The same for Date.
    public var removesDate = false
    /// They travel with it.
    public var notes = Notes()
    /// The connection or transaction that it comes from, for log lines; `-`: none.
    public var originUUID = "-"

    public init(plugin: String, from: Address, recipients: [Address], contents: [UInt8]) {
        self.plugin = plugin
        self.from = from
        self.recipients = recipients
        self.contents = contents
    }
}

/// What a plugin can have done to queued mails. The raw values are plugin.h's HARAKA_QUEUE_...
public enum QueueAction: Int32, Sendable, CaseIterable {
    case retry = 1, hold, release, delete, bounce
}

/// Which queued mails. What is empty or 0 matches everything.
public struct QueueQuery: Sendable, Equatable {
    /// A file name or uuid.
    public var id = ""
    /// Of recipients.
    public var domain = ""
    /// An address, or `@domain`.
    public var sender = ""
    /// An address, or `@domain`.
    public var recipient = ""
    /// Seconds since it was queued.
    public var olderThan: Int64 = 0
    /// At most so many; 0: all.
    public var limit = 0

    public init() {}
}

/// How the queue stands.
public struct QueueFigures: Sendable, Equatable {
    /// Parts (a message and the recipients of one domain): under way, not tried yet, to be tried again, held.
    public var inProgress = 0
    public var waiting = 0
    public var deferred = 0
    public var held = 0
    public var messages = 0
    /// Those who wait.
    public var recipients = 0
    public var bytes: Int64 = 0

    public init() {}
}

/// One part of a queued mail, as a list shows it.
public struct QueueEntry: Sendable, Equatable {
    public enum State: String, Sendable { case waiting, active, deferred, held }

    public var file = ""
    public var uuid = ""
    /// Milliseconds since 1970.
    public var queueTime: Int64 = 0
    public var domain = ""
    public var from = Address.null
    public var to: [Address] = []
    public var size: Int64 = 0
    public var attempts = 0
    /// Milliseconds since 1970; 0: under way.
    public var nextAttempt: Int64 = 0
    public var state = State.waiting
    /// What the last attempt ended with.
    public var error = ""

    public init() {}
}

// MARK: dialogues

/// Dialogues with other servers, for plugins. On the loop.
public protocol PluginSMTPClients: AnyObject {
    /// Connects, or takes a connection that was kept, and does greeting, EHLO, STARTTLS and AUTH. `then` is called
    /// once, on the loop, with the last reply: anything but 2xx, and the dialogue is over. Nil: too many are open, and
    /// `then` is not called.
    /// - Parameter connection: for whom; it stays until the dialogue is over
    func open(
        _ options: SMTPClientOptions, for connection: Connection?, _ then: @escaping (SMTPClientReply) -> Void
    ) -> (any PluginSMTPClient)?
}

/// One dialogue. On the loop. Each `then` is called in the order of the calls, also when the dialogue breaks; after
/// `release` and `abort` none is called any more.
public protocol PluginSMTPClient: AnyObject {
    /// The lines of the server's answer to EHLO but for the first.
    var capabilities: [String] { get }
    /// One line, without its line end; it has neither CR nor LF in it.
    func command(_ line: [UInt8], _ then: @escaping (SMTPClientReply) -> Void)
    /// MAIL FROM with the parameters that this server understands.
    /// - Parameter transaction: for SIZE, BODY and SMTPUTF8; nil: none of them
    func mail(_ from: Address, _ transaction: Transaction?, _ then: @escaping (SMTPClientReply) -> Void)
    func rcpt(_ to: Address, _ then: @escaping (SMTPClientReply) -> Void)
    /// After 354: the message with doubled dots and the final one. In LMTP `then` is called for each recipient that was
    /// accepted; see ``SMTPClientReply/isLast``.
    func message(_ message: any MessageView, _ then: @escaping (SMTPClientReply) -> Void)
    /// RSET, and the connection is kept for the next; or QUIT. If a reply is still awaited: `abort`.
    func release()
    /// Closes at once.
    func abort()
}

/// With whom, and how.
public struct SMTPClientOptions: Sendable, Equatable {
    public enum TLS: Sendable, Equatable { case never, ifOffered, required }

    public var isLMTP = false
    public var tls = TLS.never
    /// Its certificate must be vouched for.
    public var verifiesTLS = false
    /// If it is offered, the server is told who our client is.
    public var usesXCLIENT = false
    /// Not a connection that was kept.
    public var isFresh = false
    /// One of these three is given: a name or address, a unix socket, or `ip:port, ip:port ...`, asked in turn.
    public var host = ""
    public var path = ""
    public var pool = ""
    public var port = 25
    /// Empty: our own name.
    public var helo = ""
    /// Empty user: no AUTH. Empty mechanism: the best that both can.
    public var user = ""
    public var password = ""
    public var mechanism = ""
    /// Milliseconds.
    public var connectTimeout: Int64 = 30_000
    /// Milliseconds for each reply, and how long the connection is kept afterwards.
    public var idleTimeout: Int64 = 300_000
    /// Milliseconds until a dead host of a pool is tried again.
    public var deadRetry: Int64 = 10_000
    /// Who asks, for log lines.
    public var plugin = ""

    public init() {}
}

/// What a server has answered, or why it has not.
public struct SMTPClientReply: Sendable, Equatable {
    public enum Failure: Sendable, Equatable {
        case timedOut
        /// The server has closed.
        case closed
        /// No connection, no TLS, no login, a reply that is none.
        case failed
    }

    /// Nil: `reply` has come. Else the dialogue is over, and `reply.lines` say why, for people.
    public var failure: Failure?
    /// The enhanced status stays in its line, and is in `status` too.
    public var reply: Reply
    /// `host:port`, or the socket's path.
    public var host: String
    /// No other reply follows to the same call. False only in LMTP after a message.
    public var isLast = true

    public init(_ reply: Reply, from host: String, isLast: Bool = true) {
        self.reply = reply
        self.host = host
        self.isLast = isLast
    }

    public init(_ failure: Failure, _ reason: String, from host: String) {
        self.failure = failure
        reply = Reply(0, reason)
        self.host = host
    }
}
