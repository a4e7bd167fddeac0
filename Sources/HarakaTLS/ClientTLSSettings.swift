// What TLS towards other servers is to be: tls.ini's section [outbound]. Plain values; docs/outbound.md "Connections
// and TLS".

import HarakaCore

/// Everything that a ``ClientTLS`` is made of.
public struct ClientTLSSettings: Sendable, Equatable {
    /// Versions, ciphers, groups, and who may have signed a server's certificate (none: those whom the system trusts).
    /// ``TLSRules/clientCertificate`` means nothing here.
    public var rules = TLSRules()
    /// `rejectUnauthorized`: every server's certificate must be vouched for, not only those of ``forcedHosts``.
    public var verifies = false
    /// `mutual_tls`: shown to every server that asks for a certificate; nil: none is.
    public var identity: TLSIdentity?
    /// `mutual_auth_hosts`: by lower-case host name or address, instead of ``identity``.
    public var identities: [String: TLSIdentity] = [:]
    /// `mutual_auth_hosts_exclude`: they are shown none.
    public var hostsWithoutIdentity: Set<String> = []
    /// `force_tls_hosts`: nothing is sent there without TLS and a good certificate.
    public var forcedHosts = HostList()
    /// `no_tls_hosts`: STARTTLS is not used there.
    public var hostsWithoutTLS = HostList()
    /// Seconds for the handshake.
    public var handshakeLimit = 30.0

    public init() {}
}

/// Hosts in configuration: names, addresses and networks.
public struct HostList: Sendable, Equatable {
    private struct Network: Sendable, Equatable {
        let address: IPAddress
        let prefix: Int
    }

    private var names: Set<String> = []
    private var networks: [Network] = []

    /// Nothing is in it.
    public init() {}

    /// Each is a host or domain name in any case, an address, or a network (`198.51.100.0/24`).
    public init(_ texts: [String]) {
        for text in texts {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let address = IPAddress(String(first)) else {
                names.insert(Self.plain(text))
                continue
            }
            let whole = address.bytes.count * 8
            let prefix = parts.count == 2 ? Int(parts[1]) ?? -1 : whole
            if (0...whole).contains(prefix) { networks.append(Network(address: address, prefix: prefix)) }
        }
    }

    public var isEmpty: Bool { names.isEmpty && networks.isEmpty }

    /// Whether one of them is in it: names exactly, addresses in a network.
    public func contains(any hosts: String...) -> Bool {
        guard !isEmpty else { return false }
        return hosts.contains { host in
            if host.isEmpty { return false }
            if names.contains(Self.plain(host)) { return true }
            guard !networks.isEmpty, let address = IPAddress(host) else { return false }
            return networks.contains { address.isIn($0.address, prefix: $0.prefix) }
        }
    }

    /// As names are compared: lower case, without the dot of the root.
    static func plain(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}
