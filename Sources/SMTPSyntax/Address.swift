// A mail address: the value that MAIL and RCPT carry (RFC 5321 section 4.1.2).

/// A reverse-path or forward-path, with the members of Haraka's Address.
///
/// Two addresses are equal if all their parts are, the spelling of ``original`` included.
public struct Address: Hashable, Sendable {
    /// As given, with angle brackets and source route if they were there.
    public let original: String
    /// Local part as given; a quoted one keeps its quotes, as in Haraka. Empty for the null path.
    public let user: String
    /// Domain or address literal in lower case, a non-ASCII domain as A-labels. Empty for the null path and for
    /// `<postmaster>`.
    public let host: String
    /// Domain or address literal as given.
    public let originalHost: String
    /// Local part or domain holds non-ASCII characters, so that another server must offer SMTPUTF8 to get the address
    /// as given. (Haraka's `is_utf8` looks at the domain only.)
    public let isUTF8: Bool

    init(original: String, user: String, host: String, originalHost: String) {
        self.original = original
        self.user = user
        self.host = host
        self.originalHost = originalHost
        // Only a source route can make a difference between the whole and its parts.
        self.isUTF8 = !original.isASCII && !(user.isASCII && originalHost.isASCII)
    }

    /// The null reverse-path `<>`.
    public static let null = Address(original: "<>", user: "", host: "", originalHost: "")

    /// An address made by the server or by a plugin, not checked against the grammar.
    ///
    /// Whatever the parts hold, it is one path and ends where it seems to: a user that is no dot-string is quoted,
    /// without control characters; a host that is no address literal loses what no domain has, quotes, backslashes,
    /// brackets, `@` and `,` among it. An underscore stays, since hosts are called so. What is left need not be a
    /// domain (`a..b`), and a non-ASCII host is not turned into A-labels: ``parse(_:idna:)`` sees to both.
    public init(user: String, host: String) {
        let user = Address.quotedIfNeeded(user)
        let clean = AddressLiteral.isValid(host.utf8.span) ? host : Address.filtered(host) { $0.mayStandInHost }
        let original = clean.isEmpty ? user : "\(user)@\(clean)"
        self.init(original: original, user: user, host: clean.lowercasedASCII, originalHost: clean)
    }

    /// No local part: the null path.
    public var isNull: Bool { user.isEmpty }

    /// `<user@originalHost>`, or `<>` for the null path.
    public var formatted: String {
        if isNull { return "<>" }
        // Of what was parsed with its brackets and without a route, the original is the formatted form.
        let isFormatted = original.utf8.count == user.utf8.count + originalHost.utf8.count + 3 && !originalHost.isEmpty
        return isFormatted ? original : joined(open: "<", host: originalHost, close: ">")
    }

    /// `<user@host>` with the domain as A-labels, for servers without SMTPUTF8.
    public var formattedASCII: String { isNull ? "<>" : joined(open: "<", host: host, close: ">") }

    /// `user@originalHost` without angle brackets; "" for the null path.
    public var address: String { isNull ? "" : joined(open: "", host: originalHost, close: "") }

    private func joined(open: String, host: String, close: String) -> String {
        var text = ""
        text.reserveCapacity(user.utf8.count + host.utf8.count + 3)
        text += open
        text += user
        if !host.isEmpty {
            text += "@"
            text += host
        }
        text += close
        return text
    }
}

extension Address {
    private static func filtered(_ text: String, _ keep: (UInt8) -> Bool) -> String {
        text.utf8.allSatisfy(keep) ? text : String(decoding: text.utf8.filter(keep), as: UTF8.self)
    }

    /// `user` as it is if it is a local part already, else as a Quoted-string without control characters.
    private static func quotedIfNeeded(_ user: String) -> String {
        let bytes = user.utf8.span
        if user.isEmpty || AddressParser.localPartEnd(bytes, 0..<bytes.count) == bytes.count { return user }
        var quoted = "\""
        for scalar in user.unicodeScalars where scalar.value >= 0x20 && scalar.value != 0x7F {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}

extension UInt8 {
    /// `Let-dig`, `-` and `.` of a Domain (RFC 5321 section 4.1.2), every octet of a UTF-8 sequence, and `_`.
    fileprivate var mayStandInHost: Bool {
        isLetDig || !isASCII || self == UInt8(ascii: "-") || self == UInt8(ascii: ".") || self == UInt8(ascii: "_")
    }
}
