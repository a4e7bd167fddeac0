// A report about a message's delivery: RFC 3464 inside the multipart/report of RFC 6522, for non-ASCII addresses RFC
// 6533.

public import SMTPSyntax

/// What a report says. ``compose()`` makes the message.
///
/// Texts come from peers, senders and templates. Whatever they hold, they stay where they are put: no text can add a
/// field, a part or a line to what a program reads.
public struct DeliveryReport: Sendable {
    /// RFC 3464 section 2.3.3. `expanded` is not used: nothing is expanded here.
    public enum Action: String, Sendable { case failed, delayed, delivered, relayed }

    /// One recipient of the message.
    public struct Recipient: Sendable {
        public var address: Address
        /// ORCPT as given, `type;xtext`; empty: none.
        public var original = ""
        public var action: Action
        public var status: EnhancedStatus
        /// The server that has answered: a name, or an address in brackets; empty: none.
        public var remote = ""
        /// Its reply.
        public var reply: Reply?
        /// What this server has found itself, if there is no reply.
        public var reason = ""
        /// Dates as ``DateTime/rfc5322(secondsSince1970:offsetMinutes:)`` writes them; empty: not said.
        public var lastAttempt = ""
        public var willRetryUntil = ""

        public init(_ address: Address, _ action: Action, _ status: EnhancedStatus) {
            self.address = address
            self.action = action
            self.status = status
        }
    }

    /// What comes back of the message.
    public enum Original: Sendable {
        /// Its header, with or without the empty line.
        case header([UInt8])
        /// All of it, with CR LF. One that cannot stand in a message (very long lines, NUL) comes back as its header.
        case message([UInt8])
    }

    /// Fields in their order. What the report must say itself is left out of them: To, References, Auto-Submitted,
    /// MIME-Version, Content-...
    public var fields: [(name: String, value: String)] = []
    /// Who gets the report.
    public var to: Address
    /// Message-Id of the message; what is none is left out.
    public var references = ""
    /// This server's name.
    public var reportingServer: String
    /// ENVID, decoded; empty: none.
    public var envelopeID = ""
    /// When the message came; empty: not said.
    public var arrivalDate = ""
    public var recipients: [Recipient] = []
    /// For people.
    public var text = ""
    /// The same as HTML; empty: none.
    public var html = ""
    /// A part that the HTML refers to, with its own header; empty: none. Left out without HTML.
    public var image = ""
    public var original: Original
    /// The message needed SMTPUTF8: its header is UTF-8.
    public var isOriginalUTF8 = false
    /// Something that no other report has, such as a uuid: the boundary is made of it.
    public var unique: String

    public init(to: Address, from reportingServer: String, about original: Original, unique: String) {
        self.to = to
        self.reportingServer = reportingServer
        self.original = original
        self.unique = unique
    }

    /// A message, ready to be queued.
    public struct Composed: Sendable {
        public var bytes: [UInt8]
        /// The body holds bytes above 127.
        public var is8Bit: Bool
        /// So does the header: its own recipient has such an address.
        public var isUTF8: Bool
    }

    /// Header and body with CR LF line ends.
    public func compose() -> Composed {
        var parts = [textPart(), statusPart(), originalPart()]
        let boundary = ReportPart.boundary(unique, absentIn: parts)
        for index in parts.indices { parts[index].fillIn(boundary) }
        let is8Bit = parts.contains(where: \.is8Bit)
        var bytes = head(boundary, is8Bit: is8Bit)
        bytes += "This is a report about mail in MIME format (RFC 3464).\r\n".utf8
        ReportPart.write(parts, boundary: boundary, to: &bytes)
        return Composed(bytes: bytes, is8Bit: is8Bit, isUTF8: !to.user.isASCII)
    }
}

extension String {
    /// No character above U+007F.
    var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }

    /// At most so many bytes, cut between characters.
    func shortened(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        // A scalar is at most 4 bytes; what continues one is dropped together with its beginning.
        var bytes = Array(utf8.prefix(limit))
        while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
        if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self) + "..."
    }
}
