// How a message went, as values. docs/outbound.md "The dialogue".

public import SMTPSyntax

/// Why something could not be done.
public struct ClientFailure: Sendable, Equatable, Error {
    /// Trying again is of no use.
    public var isPermanent: Bool
    public var stage: ClientStage
    /// The server's words; nil: it said nothing, or nothing that can be read.
    public var reply: Reply?
    /// Of the reply if it has one, else what fits (RFC 3463).
    public var status: EnhancedStatus
    /// For reports and logs. Holds no secret, nor a control character.
    public var text: String
    /// Another host of the same destination may be asked at once.
    public var mayTryNextHost: Bool
    /// The connection was kept from an earlier message, and ended before anything was said about this one: a new one to
    /// the same host may do.
    public var wasStale = false
    /// The whole message was sent, and no reply came: it may be there. To send it again makes two of it, not to send it
    /// may make none.
    public var mayHaveBeenDelivered = false

    public init(
        isPermanent: Bool, stage: ClientStage, reply: Reply? = nil, status: EnhancedStatus, text: String,
        mayTryNextHost: Bool
    ) {
        self.isPermanent = isPermanent
        self.stage = stage
        self.reply = reply
        self.status = status
        self.text = text
        self.mayTryNextHost = mayTryNextHost
    }

    /// The outcome of a message that met this before it could begin.
    public func outcome(for envelope: ClientEnvelope) -> ClientOutcome {
        ClientOutcome(
            recipients: envelope.recipients.map { ClientRecipient($0, self) }, reply: reply, canContinue: false)
    }
}

/// How it went for one recipient.
public struct ClientRecipient: Sendable, Equatable {
    public enum Result: Sendable, Equatable {
        case delivered, deferred, failed
    }

    public var address: Address
    /// nil: delivered.
    public var failure: ClientFailure?
    /// The reply that decided; nil: none did.
    public var reply: Reply?
    /// Deferred only because the server takes no more recipients in one transaction, and has taken some: to be sent at
    /// once in the next transaction (RFC 5321 section 4.5.3.1.10).
    public var isLeftOver = false

    init(_ address: Address, _ failure: ClientFailure) {
        self.address = address
        self.failure = failure
        reply = failure.reply
    }

    init(_ address: Address, delivered reply: Reply) {
        self.address = address
        self.reply = reply
    }

    public var result: Result {
        guard let failure else { return .delivered }
        return failure.isPermanent ? .failed : .deferred
    }

    /// Which reply decided.
    public var stage: ClientStage { failure?.stage ?? .final }
}

/// How a message went.
public struct ClientOutcome: Sendable, Equatable {
    /// As in the envelope.
    public var recipients: [ClientRecipient]
    /// The server's last word about the message as a whole; nil: there was none.
    public var reply: Reply?
    /// The connection is good for another message; `ready` follows. Else `close` does, at once or after QUIT.
    public var canContinue: Bool

    /// Some are deferred for reasons of this host alone. Those whose failure says so may be sent to another at once.
    public var mayTryNextHost: Bool { recipients.contains { $0.failure?.mayTryNextHost == true } }

    /// See ``ClientFailure/wasStale``.
    public var wasStale: Bool { recipients.contains { $0.failure?.wasStale == true } }

    /// See ``ClientFailure/mayHaveBeenDelivered``.
    public var mayHaveBeenDelivered: Bool { recipients.contains { $0.failure?.mayHaveBeenDelivered == true } }
}
