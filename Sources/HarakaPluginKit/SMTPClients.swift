// Dialogues with other servers, from the host's service smtp_client/1.
import CHarakaPluginKit

/// To whom, and how. A path counts before a pool, a pool before a host.
public struct SMTPClientOptions: Sendable {
    /// A name or address.
    public var host = ""
    /// 0: 25, or 24 for LMTP.
    public var port: UInt32 = 0
    /// A unix socket, instead of a host.
    public var path = ""
    /// Or several, `ip:port, ip:port`: asked in turn, the dead ones left out.
    public var pool = ""
    /// LHLO, and a reply for each recipient after the message.
    public var isLMTP = false
    /// STARTTLS if it is offered.
    public var usesTLS = false
    /// No dialogue without it.
    public var requiresTLS = false
    /// The certificate must be vouched for.
    public var verifiesTLS = false
    /// If the server offers XCLIENT, it is told who the client of ``connection`` is.
    public var tellsClient = false
    /// Not a connection that was kept.
    public var isFresh = false
    /// Our name for EHLO; empty: the server's.
    public var helo = ""
    /// Empty user: no AUTH. Empty type: the best that both can.
    public var user = "", password = "", authType = ""
    /// Milliseconds; 0: 30 s.
    public var connectTimeout: Int64 = 0
    /// Milliseconds for each reply, and for which a connection is kept; 0: 300 s.
    public var idleTimeout: Int64 = 0
    /// Milliseconds until a dead host of a pool is tried again; 0: 10 s.
    public var deadRetry: Int64 = 0
    /// For whom: its log lines, and its end is that of the dialogue. nil: for nobody.
    public var connection: Connection?

    public init(_ host: String = "", port: UInt32 = 0) { (self.host, self.port) = (host, port) }

    private var flags: UInt32 {
        var flags: UInt32 = 0
        if isLMTP { flags |= HARAKA_CLIENT_LMTP }
        if usesTLS || requiresTLS || verifiesTLS { flags |= HARAKA_CLIENT_TLS }
        if requiresTLS { flags |= HARAKA_CLIENT_TLS_REQUIRED }
        if verifiesTLS { flags |= HARAKA_CLIENT_TLS_VERIFY }
        if tellsClient { flags |= HARAKA_CLIENT_XCLIENT }
        if isFresh { flags |= HARAKA_CLIENT_FRESH }
        return flags
    }

    func lent<Result>(_ body: (UnsafePointer<haraka_smtp_client_options>) -> Result) -> Result {
        var options = haraka_smtp_client_options()
        options.size = MemoryLayout<haraka_smtp_client_options>.size
        (options.flags, options.port) = (flags, port)
        (options.connect_timeout, options.idle_timeout) = (connectTimeout, idleTimeout)
        options.dead_retry = deadRetry
        if let connection { options.connection = connection.handle }
        // The service wants one of the three. All texts are in one block, one after the other.
        let pool = path.isEmpty ? self.pool : ""
        let host = path.isEmpty && pool.isEmpty ? self.host : ""
        let texts = [host, path, pool, helo, user, password, authType]
        return texts.flatMap { Array($0.utf8) }.withUnsafeBytes { bytes in
            var used = 0
            func take(_ index: Int) -> haraka_str {
                defer { used += texts[index].utf8.count }
                let place = bytes[used..<used + texts[index].utf8.count]
                return Text(UnsafeRawBufferPointer(rebasing: place)).lent
            }
            (options.host, options.path, options.pool, options.helo) = (take(0), take(1), take(2), take(3))
            (options.auth_user, options.auth_pass, options.auth_type) = (take(4), take(5), take(6))
            return body(&options)
        }
    }
}

/// What another server has answered, copied.
public struct SMTPReply: Equatable, Sendable {
    /// Why none came.
    public enum Trouble: Equatable, Sendable {
        /// It took too long.
        case timedOut
        /// The server has closed.
        case closed
        /// No connection, no TLS.
        case failed
    }

    /// 0: none came, and ``trouble`` says why.
    public var code: UInt32
    /// RFC 3463, if it said one.
    public var status: Status?
    /// Without code; the enhanced status stays in its line. Without a reply, the reason, for a log.
    public var lines: [String]
    /// host:port, or the socket's path.
    public var host = ""
    public var trouble: Trouble?

    public init(_ code: UInt32, _ lines: [String] = [], status: Status? = nil, trouble: Trouble? = nil) {
        (self.code, self.lines, self.status, self.trouble) = (code, lines, status, trouble)
    }

    /// 2xx.
    public var isPositive: Bool { code / 100 == 2 }
    /// 3xx.
    public var isIntermediate: Bool { code / 100 == 3 }
    /// 5xx.
    public var isPermanent: Bool { code / 100 == 5 }
    /// Neither 2xx, 3xx nor 5xx: another time it may work.
    public var isTemporary: Bool { !isPositive && !isIntermediate && !isPermanent }
    /// Its lines, each on one of its own.
    public var text: String { lines.joined(by: "\n") }

    /// What a hook says that passes it on: OK, DENY or DENYSOFT with the server's words, and of a refusal its code. Where no
    /// reply came, the words are `words`: the reason is for the log.
    public func answer(unanswered words: String) -> Answer {
        if isPositive { return .ok(text) }
        guard trouble == nil, code >= 400 else { return .denySoft(words) }
        let refusal = Reply(text, code: code)
        return isPermanent ? Answer(.deny, refusal) : Answer(.denySoft, refusal)
    }
}

/// The dialogue after its beginning, or nil, and the last reply that came; the Next that waited for it.
public typealias SMTPOpenBody = (
    _ client: SMTPClient?, _ reply: SMTPReply, _ next: consuming Next
) throws(PluginError) -> Void

/// Opens dialogues. Connections are kept and used again. plugin.ini: `needs=smtp_client/1`. Loop thread only.
///
///     var options = SMTPClientOptions("192.0.2.1", port: 25)
///     options.connection = call.connection
///     try clients.open(options, for: next) { client, reply, next throws(PluginError) in
///         guard let client else { return next.continue() }
///         try client.command("VRFY ann", for: next) { reply, next in
///             client.release()
///             reply.isPositive ? next.ok() : next.deny(reply.text)
///         }
///     }
public struct SMTPClients: @unchecked Sendable {
    let service: UnsafePointer<haraka_smtp_client_1>
    let owner: haraka_self

    /// nil: this host does not offer it.
    public init?(_ plugin: Plugin) {
        guard let service = HarakaPluginKit.service("smtp_client/1", haraka_smtp_client_1.self) else { return nil }
        (self.service, owner) = (service, plugin.handle)
    }

    /// Connects, or takes a connection that was kept, and does greeting, EHLO, STARTTLS and AUTH. A reply of 2xx comes with a
    /// client; after any other the dialogue is over. If the hook ends before, the dialogue ends with it.
    public func open(
        _ options: SMTPClientOptions, for next: consuming Next, then body: @escaping SMTPOpenBody
    ) throws(PluginError) {
        let waiting = Waiting(next)
        let client = SMTPClient(service, isLMTP: options.isLMTP)
        let opening = Opening { reply in
            if !reply.isPositive { client.hasEnded = true }
            waiting.resumeIfWanted { next throws(PluginError) in try body(reply.isPositive ? client : nil, reply, next)
            }
        }
        let box = ReplyBox { opening.replied($0) }
        var handle = haraka_smtp_client()
        let status = options.lent { options in
            box.hand { service.pointee.open(owner, options, $0, &handle) }
        }
        try PluginError.check(status, "opening a dialogue")
        client.begins(handle)
        waiting.stops { client.abort() }
        opening.begins()
    }
}

/// Keeps a reply that comes before the dialogue has its handle.
private final class Opening {
    private let body: (SMTPReply) -> Void
    private var early: SMTPReply?
    private var hasBegun = false

    init(_ body: @escaping (SMTPReply) -> Void) { self.body = body }

    func replied(_ reply: SMTPReply) { if hasBegun { body(reply) } else { early = reply } }

    func begins() {
        hasBegun = true
        if let early { body(early) }
    }
}

extension Plugin {
    /// nil: this host offers no dialogues with other servers.
    public var smtpClients: SMTPClients? { SMTPClients(self) }
}

/// Waits for one reply, or in LMTP for several.
final class ReplyBox {
    let body: (SMTPReply) -> Void
    init(_ body: @escaping (SMTPReply) -> Void) { self.body = body }

    /// Gives itself to the host as the context of a callback.
    func hand(_ ask: (UnsafePointer<haraka_smtp_reply_callback>) -> Int32) -> Int32 {
        handOver(self) { context in
            var callback = haraka_smtp_reply_callback(function: runReply, context: context, destroy: releaseKept)
            return ask(&callback)
        }
    }
}

private let runReply: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_smtp_reply>?) -> Void = {
    context, status, reply in
    guard let context else { return }
    let box = Unmanaged<ReplyBox>.fromOpaque(context).takeUnretainedValue()
    box.body(SMTPReply(status, reply?.pointee))
}

extension SMTPReply {
    fileprivate init(_ status: Int32, _ lent: haraka_smtp_reply?) {
        let lines = lent.map { lent in (0..<lent.line_count).map { Text(lent.lines[$0]).string } } ?? []
        self.init(lent?.code ?? 0, lines)
        if let lent, lent.status_class != 0 {
            self.status = Status(lent.status_class, lent.status_subject, lent.status_detail)
        }
        if let lent { host = Text(lent.host).string }
        guard status < 0 || code == 0 else { return }
        code = 0
        switch status {
        case HARAKA_E_TIMED_OUT: trouble = .timedOut
        case HARAKA_E_GONE: trouble = .closed
        default: trouble = .failed
        }
    }
}
