// What is to be delivered, and what became of it. Values; docs/outbound.md "Connections and TLS".

public import HarakaCore
public import HarakaQueue
public import SMTPSyntax

/// One attempt to deliver a message to recipients of one domain.
public struct DeliveryJob {
    /// For log lines.
    public var uuid: String
    /// Tried in this order; none: nothing can be done.
    public var hops: [Hop]
    public var envelope: ClientEnvelope
    /// The message as it is to be sent, CR LF and single dots. It is read on the loop if it is small, else on the pool.
    public var message: any MessageView
    /// Nothing is sent without TLS and a good certificate.
    public var forcesTLS = false
    /// Makes the same message without bytes above 127, for servers without 8BITMIME; on any thread. It throws for a
    /// message that cannot be changed. nil: it goes as it is.
    public var sevenBitForm: (@Sendable () throws -> any MessageView)?

    public init(
        uuid: String, hops: [Hop], envelope: ClientEnvelope, message: any MessageView, forcesTLS: Bool = false
    ) {
        self.uuid = uuid
        self.hops = hops
        self.envelope = envelope
        self.message = message
        self.forcesTLS = forcesTLS
    }
}

/// How an attempt went. Each recipient of the envelope is in one of the three lists.
public struct DeliveryResult: Sendable, Equatable {
    public var delivered: [Address] = []
    /// To be tried again.
    public var deferred: [RecipientFailure] = []
    /// Nobody need try again.
    public var failed: [RecipientFailure] = []
    /// The server that has taken it, or the last one that was tried: its name, or the path of its socket.
    public var host = ""
    public var ip = ""
    public var port = 0
    /// What it said to the message; empty: it did not come so far.
    public var response = ""
    public var isLMTP = false
    public var isSecured = false
    public var isAuthenticated = false
    /// Some server has said that it takes mail: the site is there.
    public var hasReachedAnybody = false
    /// What the attempt ended with, if not well: for `deferred`, `bounce` and the log.
    public var error = ""

    public init() {}
}
