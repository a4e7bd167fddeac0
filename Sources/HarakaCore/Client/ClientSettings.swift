// How a dialogue with another server is to be held. docs/outbound.md "The dialogue".

/// What a ``ClientMachine`` is told once, for a connection's whole life.
public struct ClientSettings: Sendable {
    /// The name that EHLO, HELO or LHLO says. Characters that no name has are left out when it is sent.
    public var helo: String
    /// LHLO, and after the message one reply for each recipient that was accepted (RFC 2033).
    public var isLMTP = false
    public var tls = ClientTLSRule.ifOffered
    /// nil: no AUTH.
    public var credentials: ClientCredentials?
    /// PIPELINING is used where it is offered (RFC 2920).
    public var usesPipelining = true
    /// The most RCPT commands that are sent at once. Less than 1 counts as 1.
    public var recipientsPerBatch = 100
    /// Whom the server is to take for its client, if it offers XCLIENT; nil: us.
    public var xclient: ClientIdentity?
    public var timeLimits = ClientTimeLimits()
    /// For CRAM-MD5 and SCRAM; nil: neither is tried.
    public var crypto: (any ClientCrypto)?

    public init(helo: String) { self.helo = helo }
}

/// When a dialogue is encrypted by STARTTLS (RFC 3207).
public enum ClientTLSRule: Sendable, Equatable {
    case never
    /// If the server offers it; if it then refuses, on without.
    case ifOffered
    /// No mail without it. Whether the certificate must be vouched for is the driver's business.
    case required
}

/// XCLIENT: the client for whom we speak, as Postfix and Haraka take it from hosts that they trust.
public struct ClientIdentity: Sendable, Equatable {
    /// Names in upper case (ADDR, PORT, NAME, HELO, PROTO, LOGIN), and values; sent in this order, if the server lists
    /// the name. An IPv6 address has `IPV6:` in front.
    public var attributes: [Attribute]
    /// What EHLO says afterwards; empty: our own name.
    public var helo: String

    public struct Attribute: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ attributes: [Attribute], helo: String = "") {
        self.attributes = attributes
        self.helo = helo
    }
}

/// How long each step may take, in seconds: RFC 5321 section 4.5.3.2, and where it says nothing, what a command has.
public struct ClientTimeLimits: Sendable, Equatable {
    /// For the greeting.
    public var greeting = 300
    /// For the reply to a command.
    public var command = 300
    /// For the handshake of TLS.
    public var handshake = 60
    /// For the reply to DATA.
    public var data = 120
    /// Without any progress while the message is sent.
    public var block = 180
    /// For the reply to the final dot.
    public var final = 600
    /// For the reply to QUIT, when all is done.
    public var quit = 10

    public init() {}

    /// The same for every step but QUIT, which has no longer than usual.
    public init(each seconds: Int) {
        (greeting, command, handshake, data) = (seconds, seconds, seconds, seconds)
        (block, final, quit) = (seconds, seconds, min(seconds, 10))
    }

    /// The limit of a step; nil: nothing is awaited.
    public subscript(stage: ClientStage) -> Int? {
        switch stage {
        case .greeting: greeting
        case .hello, .startTLS, .xclient, .auth, .mail, .recipient, .reset: command
        case .handshake: handshake
        case .data: data
        case .message: block
        case .final: final
        case .quit: quit
        case .idle, .closed: nil
        }
    }
}

/// Where a dialogue stands: which reply, or which other event, is awaited.
public enum ClientStage: String, Sendable, CaseIterable {
    case greeting, hello, startTLS, handshake, xclient, auth
    /// Logged in; nothing is awaited.
    case idle
    case reset, mail, recipient, data
    /// The message is being sent.
    case message
    /// The final dot was sent.
    case final
    case quit, closed
}

extension ClientStage: CustomStringConvertible {
    /// The awaited reply, for people: `reply to RCPT`.
    public var description: String {
        switch self {
        case .greeting: "greeting"
        case .hello: "reply to EHLO"
        case .startTLS: "reply to STARTTLS"
        case .handshake: "TLS handshake"
        case .xclient: "reply to XCLIENT"
        case .auth: "reply to AUTH"
        case .idle: "next message"
        case .reset: "reply to RSET"
        case .mail: "reply to MAIL"
        case .recipient: "reply to RCPT"
        case .data: "reply to DATA"
        case .message: "transmission of the message"
        case .final: "reply to the message"
        case .quit: "reply to QUIT"
        case .closed: "end"
        }
    }
}
