// What tls.ini says about TLS towards other servers. docs/outbound.md "Connections and TLS".

extension TLSFile {
    /// `[outbound]`, `mutual_tls` and the lists of hosts. A new value holds the built-in defaults.
    public struct Outbound: Sendable, Equatable {
        /// Key, certificate, authorities, ciphers, versions. What `[outbound]` does not say is as in `[main]`, but for `ca`
        /// and `rejectUnauthorized`: whoever demands certificates of clients does not mean every server in the world, nor
        /// has his own authority signed theirs.
        public var options = Options()
        /// Nothing is sent there without TLS and a certificate that is vouched for: names, addresses, networks.
        public var forcedHosts: [String] = []
        /// STARTTLS is not used there.
        public var hostsWithoutTLS: [String] = []
        /// Our certificate is shown to every server that asks for one.
        public var showsCertificate = false
        /// Hosts that are shown one, and a name that the certificate has; nil: the usual one.
        public var mutualHosts: [String: String?] = [:]
        /// Hosts that are shown none.
        public var mutualExceptions: [String] = []

        public init() {}
    }

    mutating func readOutbound(_ reader: inout SettingsReader) {
        var inherited = main
        (inherited.requestsCertificate, inherited.rejectsUnauthorized, inherited.authorities) = (nil, false, [])
        let section = TLSOptionsReader(section: "outbound")
        outbound.options = section.options(&reader, standard: inherited)
        if outbound.options.keys.isEmpty {
            (outbound.options.keys, outbound.options.certificates) = (main.keys, main.certificates)
        }
        section.ignoreIdle(&reader)
        reader.ignore(ConfigKey("outbound", "dhparam"), "outbound.dhparam has no effect: the server chooses parameters")
        outbound.showsCertificate = reader.bool(ConfigKey("main", "mutual_tls"), default: false)
        outbound.forcedHosts = Self.hosts(&reader, "force_tls_hosts")
        outbound.hostsWithoutTLS = Self.hosts(&reader, "no_tls_hosts")
    }

    private static func hosts(_ reader: inout SettingsReader, _ name: String) -> [String] {
        reader.texts(ConfigKey("outbound", name)).flatMap { $0.split { ", ".contains($0) }.map(String.init) }
    }

    /// Lists of hosts, of which one has no values. Before `takeOut`.
    mutating func readHostLists(_ parsed: Parsed) {
        guard let sections = parsed.value.map else { return }
        let mutual = sections["mutual_auth_hosts"]?.map ?? OrderedMap()
        for (host, name) in mutual.entries {
            let text = name.text ?? ""
            outbound.mutualHosts[host.lowercased()] = .some(text.isEmpty ? nil : text)
        }
        outbound.mutualExceptions = (sections["mutual_auth_hosts_exclude"]?.map?.keys ?? []).map { $0.lowercased() }
    }
}
