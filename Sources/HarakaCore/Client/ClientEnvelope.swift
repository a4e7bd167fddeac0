// A message's envelope as a server is to get it (RFC 5321 section 2.3.1).

public import SMTPSyntax

/// What ``ClientMachine`` must know of a message; its bytes are the driver's.
public struct ClientEnvelope: Sendable, Equatable {
    public var from: Address
    /// At least one; their places here are those in ``ClientOutcome/recipients``.
    public var recipients: [Address]
    /// Bytes of the message, for SIZE (RFC 1870); 0: not known.
    public var size: Int
    /// It holds bytes above 127, so that a server must offer 8BITMIME to get it as it is (RFC 6152).
    public var is8Bit: Bool
    /// Its header does (RFC 6532): SMTPUTF8 is asked for where it is offered. Where it is not, the message goes as it
    /// is, as it came: most such headers are older than RFC 6532, and servers take them.
    public var isUTF8: Bool
    /// RET (RFC 3461 section 4.3): true is FULL, false is HDRS, nil is neither.
    public var returnsFullMessage: Bool?
    /// ENVID, decoded; empty: none.
    public var envelopeID = ""
    /// NOTIFY and ORCPT by the recipient's place. May be shorter than ``recipients``: nothing is known of the rest.
    public var notifications: [ClientNotification] = []

    public init(
        from: Address, recipients: [Address], size: Int = 0, is8Bit: Bool = false, isUTF8: Bool = false
    ) {
        self.from = from
        self.recipients = recipients
        self.size = size
        self.is8Bit = is8Bit
        self.isUTF8 = isUTF8
    }
}

/// What a sender wants to hear about one recipient (RFC 3461 sections 4.1 and 4.2). Goes to servers that offer DSN.
public struct ClientNotification: Sendable, Equatable {
    /// nil: nothing was asked for, and nothing is sent. Empty: NEVER.
    public var notify: Notify?
    /// ORCPT as it came, `rfc822;...` in xtext; empty: none.
    public var original: String

    public struct Notify: OptionSet, Sendable, Equatable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let success = Notify(rawValue: 1)
        public static let failure = Notify(rawValue: 2)
        public static let delay = Notify(rawValue: 4)
    }

    public init(notify: Notify? = nil, original: String = "") {
        self.notify = notify
        self.original = original
    }
}
