// What a handshake found out about the client. docs/encryption.md; plugin.h HARAKA_CONN_TLS_...

/// The client's side of a TLS connection (RFC 8446, RFC 5246), as plugins and the Received line show it.
public struct TLSFacts: Sendable, Equatable {
    /// `TLSv1.2` or `TLSv1.3`.
    public var version = ""
    /// OpenSSL's name of the cipher suite: `ECDHE-ECDSA-AES256-GCM-SHA384`.
    public var cipher = ""
    /// The RFC's name of it: `TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384`.
    public var standardCipher = ""
    /// Of the secret key.
    public var bits = 0
    /// The name that the client asked for (SNI, RFC 6066); empty: none.
    public var serverName = ""
    /// What both chose by ALPN (RFC 7301); empty: none.
    public var alpn = ""
    public var isResumed = false
    /// The client has shown a certificate, and it leads to one of ours.
    public var isVerified = false
    /// Why it does not; empty: it does, or there is none.
    public var verifyError = ""
    public var peer: PeerCertificate?

    public init() {}
}

/// A certificate that the client has shown (RFC 5280).
public struct PeerCertificate: Sendable, Equatable {
    /// In the form of RFC 2253.
    public var subject = ""
    public var issuer = ""
    public var commonName = ""
    /// DNS names and addresses of the extension subjectAltName.
    public var names: [String] = []
    /// Upper-case hexadecimal.
    public var serial = ""
    /// Seconds since 1970.
    public var notBefore: Int64 = 0
    public var notAfter: Int64 = 0
    /// SHA-256 of the certificate, lower-case hexadecimal.
    public var fingerprint = ""

    public init() {}
}

/// Who has authenticated (RFC 4954).
public struct AuthFacts: Sendable, Equatable {
    public var user = ""
    /// PLAIN, SCRAM-SHA-256 ...
    public var method = ""

    public init(user: String = "", method: String = "") {
        self.user = user
        self.method = method
    }
}

/// What a PROXY header said of itself (haproxy's PROXY protocol, version 1 and 2). The addresses that it brought are the
/// connection's own.
public struct ProxyFacts: Sendable, Equatable {
    /// Of the proxy.
    public var ip = ""
    /// 1 or 2.
    public var version = 1
    /// The client spoke TLS with the proxy (PP2_TYPE_SSL).
    public var isTLS = false
    /// The name that the client asked the proxy for (PP2_TYPE_AUTHORITY).
    public var authority = ""
    /// PP2_TYPE_ALPN.
    public var alpn = ""
    /// All of version 2's type-length-values, in order.
    public var values: [(type: UInt8, value: [UInt8])] = []

    public init() {}

    public static func == (left: ProxyFacts, right: ProxyFacts) -> Bool {
        left.ip == right.ip && left.version == right.version && left.isTLS == right.isTLS
            && left.authority == right.authority && left.alpn == right.alpn
            && left.values.elementsEqual(right.values) { $0.type == $1.type && $0.value == $1.value }
    }
}
