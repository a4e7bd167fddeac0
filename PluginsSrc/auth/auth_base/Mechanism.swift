// The mechanisms of SASL that are spoken here (RFC 4422), and what they want next. Pure: who asks the client and the
// user's data, waits and answers is Exchange.swift.
import HarakaPluginKit

/// Names as they stand in the AUTH line, strongest first.
enum MechanismName: String, CaseIterable {
    case scramPlus = "SCRAM-SHA-256-PLUS"
    case scram = "SCRAM-SHA-256"
    case bearer = "OAUTHBEARER"
    case xoauth2 = "XOAUTH2"
    case plain = "PLAIN"
    case login = "LOGIN"
    case cramMD5 = "CRAM-MD5"

    /// The method that speaks it, for children to override: `auth_plain`, `auth_scram_sha_256` ...
    var method: String {
        "auth_" + String(decoding: rawValue.asciiLowercased.utf8.map { $0 == 0x2D ? 0x5F : $0 }, as: UTF8.self)
    }
}

/// What a mechanism wants next.
enum Step: Equatable {
    /// Send this (334, in Base64) and give the client's response to `received`.
    case challenge([UInt8])
    /// Ask who knows the users, and give the answer to `judged` or `answered`.
    case ask(Question)
    /// The client is who it says it is.
    case accepted
    /// It is not, or cannot prove it. Counts as a failed attempt.
    case refused
    /// Not what the mechanism's grammar says. Nothing was tried, so it does not count.
    case malformed
    /// The mechanism begins with the server, but the client has brought something (RFC 4954 section 4: 501).
    case unexpected
    /// An empty response where there must be one. Haraka closes.
    case badProtocol
}

/// What only who knows the users can tell.
enum Question: Equatable {
    case password(user: String, password: String)
    /// CRAM-MD5: `digest` in hexadecimal digits.
    case digest(user: String, digest: String, ticket: String)
    /// SCRAM: the stored keys, or the password.
    case credentials(user: String)
    /// A bearer token; `user` is empty if the client leaves it to the token.
    case token(user: String, token: String)
}

extension String {
    /// A name or password: UTF-8 without NUL. What is not UTF-8 would be repaired when it becomes a string, and two wrong
    /// passwords could become the same.
    init?(credential bytes: some Collection<UInt8>) {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self = text
    }
}
