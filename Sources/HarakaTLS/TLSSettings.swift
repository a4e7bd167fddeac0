// What TLS is to be: certificates, versions, ciphers, client certificates. Plain values; docs/encryption.md.

/// The text of a PEM file (RFC 7468), and the name by which messages speak of it.
public struct PEMText: Sendable, Equatable {
    /// The path as it was opened.
    public var name: String
    public var bytes: [UInt8]

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Versions of TLS. Older ones than 1.2 are unsafe and off unless an administrator asks for them.
public enum TLSVersion: String, Sendable, CaseIterable, Comparable {
    case v1_0 = "TLSv1"
    case v1_1 = "TLSv1.1"
    case v1_2 = "TLSv1.2"
    case v1_3 = "TLSv1.3"

    /// On the wire (RFC 8446, section 4.1.2): 0x0301 to 0x0304.
    var number: Int32 {
        switch self {
        case .v1_0: 0x0301
        case .v1_1: 0x0302
        case .v1_2: 0x0303
        case .v1_3: 0x0304
        }
    }

    public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.number < right.number }
}

/// A private key with its certificate and the chain that leads to an authority.
public struct TLSIdentity: Sendable, Equatable {
    public var key: PEMText
    /// The key's own certificate and, in any order, those between it and the authority.
    public var chain: PEMText
    /// Names that it is shown for, lower case, `*.example.com` among them; empty: those in the certificate.
    public var names: [String]
    /// Of an encrypted key; empty: it is not.
    public var passphrase: String

    public init(key: PEMText, chain: PEMText, names: [String] = [], passphrase: String = "") {
        self.key = key
        self.chain = chain
        self.names = names
        self.passphrase = passphrase
    }
}

/// What is agreed with a client, and what is asked of it.
public struct TLSRules: Sendable, Equatable {
    public enum ClientCertificate: String, Sendable {
        /// Not asked for.
        case ignored
        /// Asked for; without one, or with one that leads to no authority of ours, the client is welcome nevertheless.
        case requested
        /// The handshake fails without a good one.
        case required
    }

    /// OpenSSL's list, names of TLS 1.3 among them; empty: ECDHE with AEAD only.
    public var ciphers = ""
    public var minVersion = TLSVersion.v1_2
    public var maxVersion = TLSVersion.v1_3
    /// Groups for the key exchange, in our order, with colons between.
    public var groups = "X25519:P-256:P-384"
    /// Our order of ciphers counts, not the client's.
    public var prefersOwnOrder = true
    public var clientCertificate = ClientCertificate.ignored
    /// Who may have signed the other side's certificate; empty: the authorities that the system trusts.
    public var authorities: [PEMText] = []

    public init() {}
}

/// Everything that a ``TLSContext`` is made of.
public struct TLSSettings: Sendable, Equatable {
    /// For one host name: the section of that name in tls.ini.
    public struct Host: Sendable, Equatable {
        public var rules: TLSRules
        /// Empty: whichever of ``TLSSettings/identities`` has the name.
        public var identities: [TLSIdentity]

        public init(rules: TLSRules, identities: [TLSIdentity] = []) {
            self.rules = rules
            self.identities = identities
        }
    }

    /// The first of each kind of key is for clients that name no host that we know. None: no TLS.
    public var identities: [TLSIdentity] = []
    public var rules = TLSRules()
    /// By lower-case host name.
    public var hosts: [String: Host] = [:]
    /// What ALPN may choose (RFC 7301), in our order; empty: it is ignored.
    public var protocols: [String] = []
    /// Diffie-Hellman parameters for TLS 1.2 ciphers of that kind; nil: RFC 7919's.
    public var dhParameters: PEMText?
    /// Sessions may be resumed by ticket (RFC 5077, RFC 8446 section 4.6.1).
    public var usesTickets = true
    /// Seconds a ticket key is used for new tickets.
    public var ticketPeriod: Int64 = 3600
    /// Seconds for the handshake.
    public var handshakeLimit = 30.0
    /// Local ports on which a client must show a good certificate.
    public var portsThatDemandCertificates: Set<Int> = []
    /// Local ports on which STARTTLS is not offered.
    public var portsWithoutStartTLS: Set<Int> = []

    public init() {}
}
