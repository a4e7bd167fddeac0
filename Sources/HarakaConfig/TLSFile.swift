// tls.ini: certificates, versions, ciphers, client certificates. docs/encryption.md.

/// What tls.ini says about clients that come to us, and about servers we go to. A new value holds the built-in defaults.
///
/// The sections `[no_tls_hosts]` and `[redis]` are the plugin `tls`'s; of the former it is only checked here that
/// networks stand in it.
public struct TLSFile: Sendable, Equatable {
    /// The lowest version that is spoken.
    public enum Version: String, Sendable, CaseIterable {
        case v1_0 = "tlsv1"
        case v1_1 = "tlsv1.1"
        case v1_2 = "tlsv1.2"
        case v1_3 = "tlsv1.3"
    }

    /// What `[main]` says, and what the section of a host says for it.
    public struct Options: Sendable, Equatable {
        /// Files of private keys, and at the same places those of their certificates; relative to config/.
        public var keys: [String] = []
        public var certificates: [String] = []
        /// Of encrypted keys.
        public var passphrase: String?
        /// Files of authorities for client certificates; none: those that the system trusts.
        public var authorities: [String] = []
        /// OpenSSL's list; nil: the built-in one.
        public var ciphers: String?
        public var minVersion = Version.v1_2
        /// Groups with colons between, in order; nil: the built-in ones.
        public var groups: String?
        /// Our order of ciphers counts.
        public var honorsCipherOrder = true
        /// Ask clients for a certificate; nil: where `ca` or `rejectUnauthorized` shows that somebody wants them.
        public var requestsCertificate: Bool?
        /// Let no client in without a good one.
        public var rejectsUnauthorized = false

        public init() {}

        /// Whether clients are asked for a certificate. (Haraka asks always. Nearly no client of an MX has one, some
        /// stumble over the question, and who has not said whose certificates count gains nothing by it.)
        public var asksForCertificate: Bool {
            requestsCertificate ?? (rejectsUnauthorized || !authorities.isEmpty)
        }
    }

    /// `[main]`. Without `key` and `cert` the keys and certificates are those of ``standardKey``, if it is there.
    public var main = Options()
    /// By host name, lower case: sections with the name of a host. What one does not say is as in `[main]`.
    public var hosts: [String: Options] = [:]
    /// File of Diffie-Hellman parameters; nil: none, those of RFC 7919 are used where they are needed at all.
    public var dhParameters: String?
    /// Local ports on which a client must show a good certificate.
    public var requireAuthorized: [Int] = []
    /// Local ports on which STARTTLS is not offered.
    public var noStartTLSPorts: [Int] = []
    /// What ALPN may choose.
    public var protocols: [String] = []
    /// Seconds for the handshake.
    public var handshakeTimeout = 30.0
    /// Sessions may be resumed by ticket.
    public var sessionTickets = true
    /// Seconds a key for tickets is used.
    public var ticketPeriod = 3600
    /// Towards other servers.
    public var outbound = Outbound()

    /// Files that count where tls.ini names none.
    public static let standardKey = "tls_key.pem"
    public static let standardCertificate = "tls_cert.pem"

    /// The built-in defaults.
    public init() {}

    /// Reads tls.ini from the administrator's folder.
    public static func read(from directory: ConfigDirectory) -> (settings: TLSFile, diagnostics: [Diagnostic]) {
        var parsed = directory.get("tls.ini", .ini)
        var file = TLSFile()
        file.readHostLists(parsed)
        let findings = TLSFileSections.takeOut(of: &parsed)
        var reader = SettingsReader(parsed)
        let main = TLSOptionsReader(section: "main")
        file.main = main.options(&reader, standard: Options())
        main.ignoreIdle(&reader)
        file.readGeneral(&reader)
        file.readOutbound(&reader)
        for section in reader.sections where TLSFileSections.isHost(section) {
            let host = TLSOptionsReader(section: section)
            var inherited = file.main
            (inherited.keys, inherited.certificates) = ([], [])
            file.hosts[section.lowercased()] = host.options(&reader, standard: inherited)
            host.ignoreIdle(&reader)
        }
        return (file, findings + reader.finish(moved: moved))
    }

    private static let moved: [ConfigKey: String] = [
        ConfigKey("main", "no_tls_hosts"): "the section [no_tls_hosts]"
    ]

    /// What `[main]` alone may say.
    private mutating func readGeneral(_ reader: inout SettingsReader) {
        dhParameters = reader.text(ConfigKey("main", "dhparam"))
        requireAuthorized = Self.ports(&reader, "requireAuthorized")
        noStartTLSPorts = Self.ports(&reader, "no_starttls_ports")
        protocols = reader.texts(ConfigKey("main", "ALPNProtocols"))
            .flatMap { $0.split { ", ".contains($0) }.map(String.init) }
        handshakeTimeout = reader.seconds(ConfigKey("main", "handshake_timeout"), default: 30, in: 1...600)
        sessionTickets = reader.bool(ConfigKey("main", "session_tickets"), default: true)
        ticketPeriod = reader.integer(ConfigKey("main", "ticket_period"), default: 3600, in: 60...604_800)
    }

    /// Port numbers, one for each `key[]=`, or several with commas between. What is none does not spoil the others.
    private static func ports(_ reader: inout SettingsReader, _ name: String) -> [Int] {
        let key = ConfigKey("main", name)
        var ports: [Int] = []
        for (index, text) in reader.texts(key).enumerated() {
            for part in text.split(whereSeparator: { ", ".contains($0) }) {
                if let port = Int(part), (1...65_535).contains(port) {
                    ports.append(port)
                } else {
                    reader.reject(key, "expected a port, 1 to 65535", element: index)
                }
            }
        }
        return ports
    }
}
