// What the delivery worker asks plugins about a queued mail. docs/hooks.md "Outbound".

public import SMTPSyntax

/// A question about one ``HMail``, with what the hook's arguments are made of.
public enum OutboundQuestion: Sendable, Equatable {
    /// A delivery is about to begin. DELAY with seconds puts it off.
    case sendEmail
    /// Where to. OK with a value: there. DENY: nowhere, for good. DENYSOFT: not now.
    case getMX(domain: String)
    /// Some recipients have it.
    case delivered(DeliveredFacts)
    /// A temporary failure, and attempts are left. DENYSOFT with seconds: not before then. Anything but CONT: it is dropped.
    case deferred(DeferredFacts)
    /// Nobody will try again. Anything but CONT: no report is sent.
    case bounce(BouncedFacts)

    public var hook: Hook {
        switch self {
        case .sendEmail: .sendEmail
        case .getMX: .getMX
        case .delivered: .delivered
        case .deferred: .deferred
        case .bounce: .bounce
        }
    }
}

/// Arguments of `delivered`, in this order.
public struct DeliveredFacts: Sendable, Equatable {
    public var host = ""
    public var ip = ""
    public var response = ""
    /// Seconds since it was queued.
    public var delay = 0.0
    public var port = 25
    public var isLMTP = false
    public var recipients: [Address] = []
    public var isSecured = false
    public var isAuthenticated = false
    public init() {}
}

/// The map that `deferred` is given: delay, err, fail_recips, mx.
public struct DeferredFacts: Sendable, Equatable {
    /// Seconds until the next attempt.
    public var delay: Int64 = 0
    public var error = ""
    public var failed: [RecipientFailure] = []
    public var mx = ""
    public init() {}
}

/// The map that `bounce` is given: err, mx, deferred_rcpt, bounced_rcpt.
public struct BouncedFacts: Sendable, Equatable {
    public var error = ""
    public var bounced: [RecipientFailure] = []
    public var deferred: [RecipientFailure] = []
    public var mx = ""
    public init() {}
}

/// A recipient and why: as a map, Haraka's dsn_* members of the address (address, original, user, host, dsn_action, dsn_status,
/// dsn_smtp_code, dsn_smtp_response, dsn_remote_mta, reason).
public struct RecipientFailure: Sendable, Equatable {
    public var address: Address
    /// RFC 3463.
    public var status: EnhancedStatus
    /// The remote server's reply; nil: it is our own finding.
    public var reply: Reply?
    /// The remote server's name, if it said that.
    public var remote: String?
    /// For people.
    public var reason: String

    public init(
        _ address: Address, _ status: EnhancedStatus, reply: Reply? = nil, remote: String? = nil, reason: String
    ) {
        self.address = address
        self.status = status
        self.reply = reply
        self.remote = remote
        self.reason = reason
    }
}
