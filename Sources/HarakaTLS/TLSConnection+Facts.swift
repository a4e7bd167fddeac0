// What is known of a connection once the handshake is done.

import CSSL
import HarakaCore

extension TLSConnection {
    /// Copies everything, since OpenSSL's texts end with the connection. After the handshake.
    var facts: TLSFacts {
        var facts = TLSFacts()
        facts.version = SSL_get_version(ssl).map { String(cString: $0) } ?? ""
        if let cipher = SSL_get_current_cipher(ssl) {
            facts.cipher = SSL_CIPHER_get_name(cipher).map { String(cString: $0) } ?? ""
            facts.standardCipher = SSL_CIPHER_standard_name(cipher).map { String(cString: $0) } ?? ""
            facts.bits = Int(SSL_CIPHER_get_bits(cipher, nil))
        }
        facts.serverName = hello.serverName
        facts.alpn = chosenProtocol
        facts.isResumed = SSL_session_reused(ssl) == 1
        if let certificate = SSL_get0_peer_certificate(ssl) {
            facts.peer = PeerCertificate(CertificateNames(certificate: certificate))
            facts.verifyError = verifyError ?? ""
            facts.isVerified = facts.verifyError.isEmpty
        }
        return facts
    }

    /// Why the other side's certificate is not good; nil: it is.
    var certificateProblem: String? {
        guard SSL_get0_peer_certificate(ssl) != nil || verifyError != nil else {
            return "the client showed no certificate, and one is required"
        }
        return verifyError
    }

    /// OpenSSL's verdict; four of its words say the same to an administrator. It is "all right" where there was no
    /// certificate to judge.
    private var verifyError: String? {
        let result = SSL_get_verify_result(ssl)
        switch Int32(truncatingIfNeeded: result) {
        case X509_V_OK: return nil
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "unknown CA"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "self-signed"
        default: return X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "error \(result)"
        }
    }

    /// Points into OpenSSL's own memory until it is copied here.
    private var chosenProtocol: String {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &bytes, &count)
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    /// What ties an authentication to this connection (RFC 5056): `tls-exporter` (RFC 9266), `tls-server-end-point`
    /// and, with TLS 1.2 only, `tls-unique` (RFC 5929). nil: there is none of that type here.
    func channelBinding(_ type: String) -> [UInt8]? {
        guard !isBroken, SSL_is_init_finished(ssl) == 1 else { return nil }
        switch type {
        case "tls-exporter": return hasUniqueSecret ? exported : nil
        case "tls-server-end-point": return serverEndPoint
        case "tls-unique": return isVersion1_3 || !hasUniqueSecret ? nil : firstFinished
        default: return nil
        }
    }

    private var isVersion1_3: Bool { SSL_version(ssl) == TLSVersion.v1_3.number }

    /// Without RFC 7627's extension two connections of TLS 1.2 can be made to have the same secret.
    private var hasUniqueSecret: Bool { isVersion1_3 || CSSL_get_extms_support(ssl) == 1 }

    /// RFC 5705, without a context, as RFC 9266 has it.
    private var exported: [UInt8]? {
        let label = "EXPORTER-Channel-Binding"
        var bytes = [UInt8](repeating: 0, count: 32)
        let result = SSL_export_keying_material(ssl, &bytes, bytes.count, label, label.utf8.count, nil, 0, 0)
        return result == 1 ? bytes : nil
    }

    /// The server's certificate, hashed as its signature was, but never with less than SHA-256 (section 4.1).
    private var serverEndPoint: [UInt8]? {
        guard let certificate = isServer ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl) else { return nil }
        var kind: Int32 = 0
        guard X509_get_signature_info(certificate, &kind, nil, nil, nil) == 1 else { return nil }
        let isWeak = kind == NID_md5 || kind == NID_sha1 || kind == NID_undef
        guard let algorithm = isWeak ? EVP_sha256() : EVP_get_digestbyname(OBJ_nid2sn(kind)) else { return nil }
        let digest = CertificateNames(certificate: certificate).digest(algorithm)
        return digest.isEmpty ? nil : digest
    }

    /// The first Finished message: the client's, or the server's when a session was resumed.
    private var firstFinished: [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let isResumed = SSL_session_reused(ssl) == 1
        let count =
            isResumed == isServer
            ? SSL_get_finished(ssl, &bytes, bytes.count) : SSL_get_peer_finished(ssl, &bytes, bytes.count)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// What this connection could be resumed with. TLS 1.3: only after something was read.
    var session: TLSSession? { SSL_get1_session(ssl).map(TLSSession.init) }
}

/// A session of a client, to be resumed by another connection.
final class TLSSession: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over the reference.
    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { SSL_SESSION_free(pointer) }
}

extension PeerCertificate {
    init(_ certificate: CertificateNames) {
        self.init()
        subject = certificate.subject
        issuer = certificate.issuer
        commonName = certificate.commonName
        names = certificate.alternatives
        serial = certificate.serial
        notBefore = certificate.notBefore
        notAfter = certificate.notAfter
        fingerprint = Fingerprint.text(certificate.digest(EVP_sha256()))
    }
}
