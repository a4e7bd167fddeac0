// OpenSSL's error queue into one line that an administrator understands.

import CSSL

/// Why a handshake or a record failed, right after it did.
struct TLSReason {
    let text: String

    /// Empties this thread's error queue.
    init(_ connection: TLSConnection) {
        let peer = connection.isServer ? "client" : "server"
        let error = Self.cause()
        guard error != 0 else {
            text = Self.gone(isServer: connection.isServer)
            return
        }
        text = Self.known(error, connection, peer) ?? Self.alert(CSSL_ERR_GET_REASON(error), peer) ?? Self.words(error)
    }

    /// The oldest entry that is about TLS, else the oldest: the others are what it led to.
    private static func cause() -> UInt {
        var cause: UInt = 0
        while case let error = ERR_get_error(), error != 0 {
            if cause == 0 || CSSL_ERR_GET_LIB(error) == ERR_LIB_SSL && CSSL_ERR_GET_LIB(cause) != ERR_LIB_SSL {
                cause = error
            }
        }
        return cause
    }

    /// The connection ended before the handshake did.
    static func gone(isServer: Bool) -> String {
        "the \(isServer ? "client" : "server") closed the connection during the handshake"
    }

    /// OpenSSL's own words.
    static func words(_ error: UInt) -> String {
        guard let reason = ERR_reason_error_string(error) else { return "error \(error) of OpenSSL" }
        return String(cString: reason)
    }

    /// The cause of the last failure of this thread, for what has no connection; empties the queue.
    static func last() -> String {
        defer { ERR_clear_error() }
        let error = ERR_peek_error()
        return error == 0 ? "out of memory" : words(error)
    }

    /// What we found out ourselves.
    private static func known(_ error: UInt, _ connection: TLSConnection, _ peer: String) -> String? {
        guard CSSL_ERR_GET_LIB(error) == ERR_LIB_SSL else { return nil }
        switch CSSL_ERR_GET_REASON(error) {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_WRONG_SSL_VERSION:
            return version(connection, peer)
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_BAD_RECORD_TYPE,
            SSL_R_UNEXPECTED_MESSAGE, SSL_R_LENGTH_TOO_SHORT, SSL_R_UNSOLICITED_EXTENSION:
            return connection.speaksClearly ? "not TLS at all: the \(peer) speaks in the clear" : nil
        case SSL_R_NO_SHARED_CIPHER:
            return "no shared cipher: the \(peer) offered none of ours"
        case SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_GROUPS:
            return "no shared group for the key exchange: the \(peer) offered none of ours"
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            return "no shared signature algorithm: the \(peer) cannot check our certificate"
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "the \(peer) showed no certificate, and one is required"
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return "the \(peer)'s certificate: \(connection.certificateProblem ?? "it is not good")"
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return gone(isServer: connection.isServer)
        default: return nil
        }
    }

    /// The client's highest version is the one that matters: it was too low, or we would have agreed.
    private static func version(_ connection: TLSConnection, _ peer: String) -> String {
        guard connection.isServer, let name = ClientHello.versionName(connection.hello.highestVersion) else {
            return "no shared version of TLS"
        }
        return "\(peer) offered only \(name)"
    }

    /// What the other side has sent as an alert (RFC 8446, section 6.2): OpenSSL counts its reasons from 1000.
    private static func alert(_ reason: Int32, _ peer: String) -> String? {
        let meanings: [Int32: String] = [
            10: "unexpected message", 20: "bad record MAC", 22: "record overflow", 40: "handshake failure",
            42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked",
            45: "certificate expired", 46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA",
            49: "access denied", 50: "decode error", 51: "decrypt error", 70: "protocol version",
            71: "insufficient security", 80: "internal error", 86: "inappropriate fallback", 90: "user cancelled",
            100: "no renegotiation", 109: "missing extension", 112: "unrecognized name", 113: "bad OCSP response",
            115: "unknown PSK identity", 116: "certificate required", 120: "no application protocol",
        ]
        guard let meaning = meanings[reason - SSL_AD_REASON_OFFSET] else { return nil }
        switch reason - SSL_AD_REASON_OFFSET {
        case 42...46, 48: return "the \(peer) does not accept our certificate: \(meaning)"
        case 70: return "the \(peer) does not accept our versions of TLS"
        default: return "the \(peer) gave up: \(meaning)"
        }
    }
}

extension TLSConnection {
    /// What came first is no TLS record and no ClientHello of SSL 2.
    var speaksClearly: Bool {
        guard let firstByte else { return false }
        return firstByte < 20 || (24..<0x80).contains(firstByte)
    }
}
