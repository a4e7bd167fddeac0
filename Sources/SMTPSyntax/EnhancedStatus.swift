// Enhanced mail system status codes (RFC 3463).

/// A status such as `5.7.1`: success or failure, what it is about, and the detail.
public struct EnhancedStatus: Hashable, Sendable, CustomStringConvertible {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    public let `class`: UInt8
    /// 0 other, 1 addressing, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 security or policy.
    public let subject: UInt16
    /// Meaning depends on the subject; see the IANA registry of enhanced status codes.
    public let detail: UInt16

    /// A status of these numbers, which are taken as they are.
    public init(class: UInt8, subject: UInt16, detail: UInt16) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    /// Reads `class "." subject "." detail` (RFC 3463 section 2): class 2, 4 or 5, the others of one to three digits
    /// without leading zeros. nil for anything else.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let first = Self.number(parts[0]), [2, 4, 5].contains(first),
            let subject = Self.number(parts[1]), let detail = Self.number(parts[2])
        else { return nil }
        self.init(class: UInt8(first), subject: subject, detail: detail)
    }

    /// The status that `text` begins with, if a blank or nothing follows, and how many bytes both have. Cheap if it
    /// begins with a letter.
    static func leading(_ text: String) -> (status: EnhancedStatus, count: Int)? {
        let bytes = text.utf8
        let isDigit = bytes.withContiguousStorageIfAvailable { $0.first.map { (0x32...0x35).contains($0) } ?? false }
        guard isDigit ?? true else { return nil }
        let word = bytes.prefix(10).prefix { $0 != .space }
        guard word.count == bytes.count || bytes.dropFirst(word.count).first == .space else { return nil }
        guard let status = EnhancedStatus(String(Substring(word))) else { return nil }
        return (status, min(word.count + 1, bytes.count))
    }

    private static func number(_ digits: Substring.UTF8View) -> UInt16? {
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isDigit) else { return nil }
        if digits.count > 1, digits.first == UInt8(ascii: "0") { return nil }
        return digits.reduce(0) { $0 * 10 + UInt16($1 & 0x0F) }
    }

    /// `5.7.1`
    public var description: String { "\(`class`).\(subject).\(detail)" }
}

extension EnhancedStatus {
    /// The standard text of subject and detail, in the words that Haraka sends; "" if there is none.
    public var standardText: String {
        guard Int(subject) < Self.texts.count else { return "" }
        let details = Self.texts[Int(subject)]
        return Int(detail) < details.count ? details[Int(detail)] : ""
    }

    /// By subject, then by detail.
    private static let texts: [[String]] = [
        ["Other undefined status"],
        [
            "Other address status", "Bad destination mailbox address", "Bad destination system address",
            "Bad destination mailbox address syntax", "Destination mailbox address ambiguous",
            "Destination address valid", "Destination mailbox has moved, No forwarding address",
            "Bad sender's mailbox address syntax", "Bad sender's system address",
            "Message relayed to non-compliant mailer",  // RFC 3886
            "Recipient address has null MX",  // RFC 7505
        ],
        [
            "Other or undefined mailbox status", "Mailbox disabled, not accepting messages", "Mailbox full",
            "Message length exceeds administrative limit", "Mailing list expansion problem",
        ],
        [
            "Other or undefined mail system status", "Mail system full", "System not accepting network messages",
            "System not capable of selected features", "Message too big for system", "System incorrectly configured",
            "Requested priority was changed",  // RFC 6710
        ],
        [
            "Other or undefined network or routing status", "No answer from host", "Bad connection",
            "Directory server failure", "Unable to route", "Mail system congestion", "Routing loop detected",
            "Delivery time expired",
        ],
        [
            "Other or undefined protocol status", "Invalid command", "Syntax error", "Too many recipients",
            "Invalid command arguments", "Wrong protocol version",
            "Authentication Exchange line is too long",  // RFC 4954
        ],
        [
            "Other or undefined media error", "Media not supported", "Conversion required and prohibited",
            "Conversion required but not supported", "Conversion with loss performed", "Conversion failed",
            "Message content not available",  // RFC 4468
        ],
        security,
    ]

    /// Subject 7: RFC 3463, then 4954 (8, 9, 11, 12), 5248 (10, 13, 14), 6710 (15, 16), 7293 (17 to 19),
    /// 7372 (20 to 26) and 7505 (27).
    private static let security = [
        "Other or undefined security status", "Delivery not authorized, message refused",
        "Mailing list expansion prohibited", "Security conversion required but not possible",
        "Security features not supported", "Cryptographic failure", "Cryptographic algorithm not supported",
        "Message integrity failure", "Authentication credentials invalid", "Authentication mechanism is too weak",
        "Encryption Needed", "Encryption required for requested authentication mechanism",
        "A password transition is needed", "User Account Disabled", "Trust relationship required",
        "Priority Level is too low", "Message is too big for the specified priority", "Mailbox owner has changed",
        "Domain owner has changed", "RRVS test cannot be completed", "No passing DKIM signature found",
        "No acceptable DKIM signature found", "No valid author-matched DKIM signature found",
        "SPF validation failed", "SPF validation error", "Reverse DNS validation failed",
        "Multiple authentication checks failed", "Sender address has null MX",
    ]
}
