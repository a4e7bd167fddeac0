// Makes keys and certificates: `haraka tls self-signed`, and everything that tests need.

import CSSL
import Glibc

/// What a certificate shall say. Any thread; making one takes milliseconds.
public struct CertificateMaker: Sendable {
    enum Key: Sendable {
        case p256
        case rsa(Int)
        case ed25519
    }

    /// A key and its certificate as PEM.
    public struct Made: Sendable {
        public let key: [UInt8]
        public let certificate: [UInt8]
    }

    /// Host names and IP addresses; the first is the common name too.
    public var names: [String]
    /// From now on.
    public var days: Int
    var kind = Key.p256
    /// Seconds from now.
    var begins = -3600
    /// It may sign others.
    var isAuthority = false

    public init(names: [String], days: Int) {
        self.names = names
        self.days = days
    }

    /// A certificate that its own key has signed.
    ///
    /// - Throws: A name that is none, or what OpenSSL says.
    public func selfSigned() throws(TLSError) -> Made { try made(signer: nil) }

    /// - Parameter signer: the authority; nil: its own key signs it.
    func made(signer: Made?) throws(TLSError) -> Made {
        let alternatives = try alternativeNames()
        guard let key = makeKey().map({ PrivateKey($0, line: 0) }), let pointer = X509_new() else { throw Self.failure }
        let certificate = Certificate(pointer, line: 0)
        let issuer = signer.map { PEMContent($0.certificate).certificates.first } ?? certificate
        let signingKey = signer.map { PEMContent($0.key).keys.first } ?? key
        guard let issuer, let signingKey else { throw Self.failure }
        guard fill(pointer, key, issuer.pointer), extend(pointer, issuer.pointer, alternatives) else {
            throw Self.failure
        }
        let algorithm = signingKey.kind == "ED25519" ? nil : EVP_sha256()
        guard X509_sign(pointer, signingKey.pointer, algorithm) > 0 else { throw Self.failure }
        return Made(
            key: try Self.text { PEM_write_bio_PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) },
            certificate: try Self.text { PEM_write_bio_X509($0, pointer) })
    }

    private static var failure: TLSError { TLSError("no certificate was made: \(TLSReason.last())") }

    /// `DNS:a.example,IP:192.0.2.1`. Nothing else can get into OpenSSL's little language.
    private func alternativeNames() throws(TLSError) -> String {
        var parts: [String] = []
        for name in names {
            var address = in6_addr()
            if inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1 {
                parts.append("IP:\(name)")
            } else if ClientHello.hostName(name.hasPrefix("*.") ? name.utf8.dropFirst(2) : name.utf8[...]) != nil {
                parts.append("DNS:\(name)")
            } else {
                throw TLSError("\"\(name)\" is neither a host name nor an IP address")
            }
        }
        guard !parts.isEmpty else { throw TLSError("a certificate needs a name") }
        return parts.joined(separator: ",")
    }

    /// nil: OpenSSL's error queue says why.
    private func makeKey() -> OpaquePointer? {
        switch kind {
        case .p256: CSSL_EVP_EC_gen("P-256")
        case .rsa(let bits): CSSL_EVP_RSA_gen(UInt32(clamping: bits))
        case .ed25519: CSSL_EVP_ED25519_gen()
        }
    }

    private func fill(_ certificate: OpaquePointer, _ key: PrivateKey, _ issuer: OpaquePointer) -> Bool {
        // 16 random bytes; the highest bit clear, so that the number is positive, and one set, so that it is not short.
        var serial = [UInt8](repeating: 0, count: 16)
        guard RAND_bytes(&serial, Int32(serial.count)) == 1 else { return false }
        serial[0] = serial[0] & 0x3F | 0x40
        guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else { return false }
        defer { BN_free(number) }
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate))
        X509_set_version(certificate, 2)
        X509_gmtime_adj(X509_getm_notBefore(certificate), begins)
        X509_time_adj_ex(X509_getm_notAfter(certificate), Int32(clamping: days), 0, nil)
        X509_set_pubkey(certificate, key.pointer)
        // RFC 5280 allows 64 characters.
        let name = Array((names.first ?? "").utf8.prefix(64))
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_NID(subject, NID_commonName, CSSL_MBSTRING_UTF8(), name, Int32(name.count), -1, 0)
        return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1
    }

    /// What RFC 5280 wants of a server's certificate, and of an authority's.
    private func extend(_ certificate: OpaquePointer, _ issuer: OpaquePointer, _ alternatives: String) -> Bool {
        let uses = isAuthority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,keyEncipherment"
        let extensions: [(Int32, String)] = [
            (NID_basic_constraints, isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE"), (NID_key_usage, uses),
            (NID_subject_alt_name, alternatives), (NID_subject_key_identifier, "hash"),
        ]
        return extensions.allSatisfy { CSSL_add_extension(certificate, issuer, $0, $1) == 1 }
    }

    private static func text(_ write: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else { throw failure }
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { throw failure }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = CSSL_BIO_get_mem_data(bio, &bytes)
        return Array(UnsafeRawBufferPointer(start: bytes, count: max(0, count)))
    }
}
