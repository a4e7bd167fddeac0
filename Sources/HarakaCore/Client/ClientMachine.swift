// The client's side of an SMTP or LMTP dialogue. RFC 5321 section 3, RFC 2033; docs/outbound.md "The dialogue".

public import SMTPSyntax

/// A dialogue with one server as a machine: it is told what happened and says what to do; it touches no socket, no
/// clock, no log and no message.
///
///     greeting -> EHLO [-> STARTTLS -> EHLO] [-> XCLIENT -> EHLO] [-> AUTH] -> ready
///     ready -> begin: [RSET ->] MAIL -> RCPT ... -> DATA -> message -> done -> ready, any number of times
///     ready -> quit -> close
///
/// The driver carries out each list of actions in order, feeds every reply to `received`, and arms one timer anew after
/// each event: ``timeLimit``. Whatever a server says or does, each message that was begun has one outcome, each
/// dialogue that comes to nothing one `refused`, and no trap is sprung.
public struct ClientMachine: ~Copyable {
    enum State {
        case greeting
        /// EHLO or LHLO, or the HELO of last resort.
        case hello(isLastResort: Bool)
        case startTLS, handshake, xclient
        case auth(ClientExchange)
        /// `*` was sent in the midst of AUTH.
        case cancelling(ClientFailure)
        case idle
        case reset
        /// MAIL, RCPT, DATA: ``ClientTransaction`` knows what is awaited.
        case asking
        case sending
        case final
        /// The final dot alone, for a server that wants a message without recipients (RFC 2920 section 3.1).
        case loneDot
        case quitting
        case closed
    }

    public let settings: ClientSettings
    /// What the server offers; empty until it has answered EHLO, and anew after STARTTLS and XCLIENT.
    public internal(set) var offers = ClientCapabilities()
    /// The first word of its reply to EHLO or HELO: its name, if it tells the truth. Empty: none was said.
    public internal(set) var serverName = ""
    /// TLS has begun, by STARTTLS or with the connection.
    public internal(set) var isSecured = false
    /// How we have logged in; empty: we have not.
    public internal(set) var authMethod = ""
    /// Messages that were begun.
    public internal(set) var messages = 0

    var state = State.greeting
    var transaction: ClientTransaction?
    var bindings: [ClientChannelBinding] = []
    var hasAskedTLS = false
    var hasSentXCLIENT = false
    var hasTriedAuth = false
    /// The last transaction was left half way, so the next begins with RSET.
    var needsReset = false

    public init(_ settings: ClientSettings) { self.settings = settings }

    /// The server's EHLO lines without the first.
    public var capabilities: [String] { offers.lines }

    public var isAuthenticated: Bool { !authMethod.isEmpty }

    /// The server knows, or would like to know, for whom we speak: XCLIENT was sent or is offered.
    public var asksForWhom: Bool { hasSentXCLIENT || !offers.xclient.isEmpty }

    /// `begin` may be called.
    public var isIdle: Bool {
        if case .idle = state { return true }
        return false
    }

    public var isClosed: Bool {
        if case .closed = state { return true }
        return false
    }

    /// What is awaited.
    public var stage: ClientStage {
        switch state {
        case .greeting: .greeting
        case .hello: .hello
        case .startTLS: .startTLS
        case .handshake: .handshake
        case .xclient: .xclient
        case .auth, .cancelling: .auth
        case .idle: .idle
        case .reset: .reset
        case .asking: transaction?.stage ?? .mail
        case .sending: .message
        case .final, .loneDot: .final
        case .quitting: .quit
        case .closed: .closed
        }
    }

    /// Seconds until ``timedOut()``, counted from the last event (and while a message is sent, from its last progress);
    /// nil: nothing is awaited, and how long an idle connection is kept is for the driver to say.
    public var timeLimit: Int? { settings.timeLimits[stage] }

    /// The server has answered.
    /// - Parameter isLast: nothing has come behind this reply, neither another nor the beginning of one. Matters for
    ///   STARTTLS: what came in the clear must not be taken for what TLS brings (CVE-2011-0411).
    public mutating func received(_ reply: Reply, isLast: Bool = true) -> [ClientAction] {
        if reply.code == 421 { return serviceClosed(reply) }
        switch state {
        case .greeting: return greeted(reply)
        case .hello(let isLastResort): return helloAnswered(reply, isLastResort)
        case .startTLS: return startTLSAnswered(reply, isLast)
        case .xclient: return xclientAnswered(reply)
        case .auth(let exchange): return authAnswered(reply, exchange)
        case .cancelling(let failure): return end(failure, .quit)
        case .reset: return resetAnswered(reply)
        case .asking: return asked(reply)
        case .sending: return interrupted(reply)
        case .final: return judged(reply)
        case .loneDot: return finish()
        case .quitting: return end(.unexpected(reply, .quit), .close(nil))
        case .idle, .handshake: return broken(reply)
        case .closed: return []
        }
    }

    /// `command` with CR LF.
    static func line(_ command: String) -> ClientAction { .send(Array(command.utf8) + [0x0D, 0x0A]) }
}
