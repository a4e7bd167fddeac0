// What SASL's mechanisms need of a cryptographic library, which a pure room has not.

/// Digests for the client's side of AUTH. nil: the library does not offer it here (MD5 under FIPS), or has failed; the
/// attempt to log in ends for now, and no mail is returned for it. Any thread.
public protocol ClientCrypto: Sendable {
    /// 32 bytes (FIPS 180-4).
    func sha256(_ bytes: [UInt8]) -> [UInt8]?
    /// 32 bytes (RFC 2104).
    func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]?
    /// 16 bytes.
    func hmacMD5(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]?
    /// PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2): 32 bytes. Slow by intent.
    func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8]?
    /// Printable ASCII without a comma, made of 18 bytes or more that nobody can foresee; new for each call.
    func nonce() -> String?
}

/// What ties an exchange to this TLS connection and no other, by name (RFC 5056).
public struct ClientChannelBinding: Sendable, Equatable {
    /// `tls-exporter` (RFC 9266) or `tls-server-end-point` (RFC 5929).
    public var name: String
    public var data: [UInt8]

    public init(name: String, data: [UInt8]) {
        self.name = name
        self.data = data
    }
}
