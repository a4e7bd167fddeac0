// What STARTTLS is answered, and what is kept of a handshake.
import HarakaPluginKit

/// How a session stands when its client says STARTTLS.
struct TLSState {
    /// TLS is in use.
    var isOn: Bool
    /// The answer to its last EHLO had STARTTLS in it.
    var isOffered: Bool
    /// The server could do the handshake now.
    var isAvailable: Bool

    enum Answer {
        case start
        case refuse(Reply)
        /// For other plugins, or the core's 500.
        case notMine
    }

    /// RFC 3207 section 4.
    func answer(to argument: Text) -> Answer {
        if isOn { return .refuse(Reply("TLS is active already", code: 503, status: Status(5, 5, 1))) }
        guard isOffered else { return .notMine }
        guard argument.trimmed.isEmpty else {
            return .refuse(Reply("Syntax error (no parameters allowed)", code: 501, status: Status(5, 5, 4)))
        }
        // The certificate has gone since the client was offered it.
        guard isAvailable else {
            return .refuse(Reply("TLS not available due to temporary reason", code: 454, status: Status(4, 7, 0)))
        }
        return .start
    }
}

/// What is known after a handshake, copied.
struct HandshakeFacts {
    var version = "", cipher = "", standardCipher = ""
    var isVerified = false, verifyError = ""
    /// The client's certificate; null: none.
    var peer = Value.null

    init() {}

    init(_ tls: ConnectionTLS) {
        version = tls.version.string
        cipher = tls.cipher.string
        standardCipher = tls.standardCipher.string
        isVerified = tls.isVerified
        verifyError = tls.verifyError.string
        peer = Value(tls.peer)
    }

    private var cipherMap: Value {
        .map([("name", .text(cipher)), ("standardName", .text(standardCipher)), ("version", .text(version))])
    }

    /// Haraka's `connection.notes.tls`.
    var note: Value {
        .map([
            ("authorized", .boolean(isVerified)),
            ("authorizationError", .text(verifyError)), ("peerCertificate", peer),
            ("cipher", cipherMap),
        ])
    }

    var results: [(key: String, value: Value)] {
        [
            ("enabled", .boolean(true)), ("verified", .boolean(isVerified)), ("version", .text(version)),
            ("cipher", cipherMap),
        ]
    }

    /// For the log.
    var line: String {
        var line = "secured: cipher=\(cipher) version=\(version) verified=\(isVerified)"
        if !verifyError.isEmpty { line += " error=\"\(verifyError)\"" }
        for key in ["cn", "issuer", "fingerprint"] {
            if case .text(let text) = peer[key], !text.isEmpty { line += " \(key)=\"\(text)\"" }
        }
        return line
    }
}
