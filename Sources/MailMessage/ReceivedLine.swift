// The Received field that the server puts on top of each message (RFC 5321 section 4.4).

public import SMTPSyntax

/// The parts of a Received field, and the value that they make.
///
/// The value has Haraka's layout. Nothing that a client or a name server chose can leave its place: in words of theirs,
/// blanks, control characters and the characters that structure the field become `?`.
public struct ReceivedLine: Sendable {
    /// Argument of the client's HELO or EHLO.
    public var helloHost = ""
    /// Name of the client's address. Left out if empty, `NXDOMAIN` or `DNSERROR`.
    public var rdns = ""
    /// Used instead of ``rdns`` if set (`remote.info`).
    public var remoteInfo: String?
    /// The client's address without square brackets.
    public var ip = ""
    /// Name of this server.
    public var localHost = ""
    /// Software of this server, such as `Haraka/3.1.6`.
    public var localInfo = ""
    /// See ``protocolName(isExtended:isTLS:isAuthenticated:isLMTP:)``.
    public var protocolName = "ESMTP"
    /// UUID of the transaction.
    public var transactionID: String
    /// Sender of the envelope.
    public var envelopeFrom = Address.null
    /// Cipher of the TLS session, nil without TLS.
    public var tlsCipher: String?
    /// What authentication adds, such as `(authenticated bits=0)`; line ends behind it are dropped.
    public var authBits: String?
    /// As ``DateTime/rfc5322(secondsSince1970:offsetMinutes:)`` writes it.
    public var date: String

    /// A line for one transaction; the other parts are set one by one.
    public init(transactionID: String, date: String) {
        self.transactionID = transactionID
        self.date = date
    }

    /// The `with` keyword of RFC 3848: `SMTP`, `ESMTP` or `LMTP`, then `S` for TLS, then `A` for authentication.
    public static func protocolName(
        isExtended: Bool, isTLS: Bool, isAuthenticated: Bool, isLMTP: Bool = false
    ) -> String {
        (isLMTP ? "LMTP" : isExtended ? "ESMTP" : "SMTP") + (isTLS ? "S" : "") + (isAuthenticated ? "A" : "")
    }

    /// The value, folded with CR LF TAB, without name and final line end.
    public var value: String {
        var text = Text()
        text.add("from ", helloHost, .word)
        addRemote(to: &text)
        text.add(")\r\n\tby ", localHost, .word)
        text.add(" (", localInfo, .comment)
        text.add(") with ", protocolName, .word)
        text.add(" id ", transactionID, .word)
        text.add("\r\n\tenvelope-from ", envelopeFrom.formatted, .phrase)
        if let tlsCipher { text.add("\r\n\ttls ", tlsCipher, .word) }
        if let authBits { text.add(" ", ReceivedLine.withoutLineEnd(authBits), .phrase) }
        text.add(";\r\n\t", date, .phrase)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    private func addRemote(to text: inout Text) {
        let name = remoteInfo ?? rdns
        if name.isEmpty || name == "NXDOMAIN" || name == "DNSERROR" {
            text.add(" ([", ip, .word)
        } else {
            text.add(" (", name, .comment)
            text.add(" [", ip, .word)
        }
        text.bytes.append(0x5D)
    }

    private static func withoutLineEnd(_ text: String) -> String {
        let end = text.utf8.reversed().prefix(while: isWhiteSpace).count
        return end == 0 ? text : String(decoding: text.utf8.dropLast(end), as: UTF8.self)
    }
}

extension ReceivedLine {
    /// What a part must not hold.
    private enum Place {
        /// One word: no blanks, nothing that opens, closes or ends anything.
        case word
        /// Inside parentheses.
        case comment
        /// Anything that stays on its line.
        case phrase

        func refuses(_ octet: UInt8) -> Bool {
            switch octet {
            case 0x00..<0x20, 0x7F: true
            case 0x20, 0x22, 0x2C, 0x3B, 0x3C, 0x3E: self == .word
            case 0x28, 0x29, 0x5C: self != .phrase
            case 0x5B, 0x5D: self == .comment
            default: false
            }
        }
    }

    /// The value while it grows.
    private struct Text {
        var bytes: [UInt8]

        init() {
            bytes = []
            bytes.reserveCapacity(384)
        }

        /// Text of our own, then a part from outside with `?` for what its place refuses.
        mutating func add(_ own: StaticString, _ part: String, _ place: Place) {
            bytes += UnsafeBufferPointer(start: own.utf8Start, count: own.utf8CodeUnitCount)
            let start = bytes.count
            bytes += part.utf8
            for offset in start..<bytes.count where place.refuses(bytes[offset]) { bytes[offset] = 0x3F }
        }
    }
}
