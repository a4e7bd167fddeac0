// What is to be known of a certificate without OpenSSL: for messages, lists and choices.

import CSSL

/// A certificate as plain values.
public struct CertificateSummary: Sendable, Equatable {
    /// In the form of RFC 2253.
    public var subject: String
    public var issuer: String
    /// Lower-case host names that it is for, `*.example.com` among them.
    public var hosts: [String]
    /// Seconds since 1970.
    public var notBefore: Int64
    public var notAfter: Int64
    /// `RSA 2048`, `EC prime256v1` ...
    public var keyKind: String
    /// SHA-256, lower-case hexadecimal.
    public var fingerprint: String
    public var isSelfSigned: Bool
    /// It signs others.
    public var isAuthority: Bool
    /// SHA-256 of the public key: the same for the key that belongs to it.
    var keyID: [UInt8]
    /// The key can be broken: less than 112 bits of strength (RSA: less than 2048).
    var isWeak: Bool
    /// Of its BEGIN in its file.
    var line: Int

    init(_ certificate: Certificate) {
        let names = certificate.names
        (subject, issuer, hosts) = (names.subject, names.issuer, names.hosts)
        (notBefore, notAfter, keyID) = (names.notBefore, names.notAfter, names.keyID)
        fingerprint = Fingerprint.text(names.digest(EVP_sha256()))
        isSelfSigned = certificate.isSelfSigned
        isAuthority = X509_check_ca(certificate.pointer) > 0
        line = certificate.line
        guard let key = X509_get0_pubkey(certificate.pointer) else {
            (keyKind, isWeak) = ("unknown key", false)
            return
        }
        keyKind = Self.kind(key)
        isWeak = EVP_PKEY_get_security_bits(key) < 112
    }

    private static func kind(_ key: OpaquePointer) -> String {
        let name = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
        guard name == "EC" else { return name.hasPrefix("RSA") ? "\(name) \(EVP_PKEY_get_bits(key))" : name }
        var group = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_group_name(key, &group, group.count, nil) == 1 else { return name }
        return "EC \(String(decoding: group.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))"
    }
}

/// A digest as people compare it.
enum Fingerprint {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// Something about a file of keys or certificates that its owner should know. One line.
public struct TLSFinding: Sendable, Equatable {
    /// The identity is not used, or should not be; else a remark.
    public var isError: Bool
    public var file: String
    /// From 1; 0: the whole file.
    public var line: Int
    public var message: String

    init(_ isError: Bool, _ file: String, line: Int = 0, _ message: String) {
        (self.isError, self.file, self.line, self.message) = (isError, file, line, message)
    }
}
