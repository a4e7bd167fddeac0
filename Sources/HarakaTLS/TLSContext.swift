// All certificates and rules of a server, ready for connections: one OpenSSL context for each set of certificates.

import CSSL

/// TLS as ``TLSSettings`` want it. Immutable once made, so that all connections of all loops share it, and a reload
/// makes a new one. Making it takes milliseconds and belongs off the event loop.
public final class TLSContext: @unchecked Sendable {
    /// For clients that name no host, or one that we do not know; and, without a certificate, for being a client.
    let standard: HostContext
    /// By host name, and by `*.example.com`.
    private let hosts: [String: HostContext]
    let tickets: TicketKeys
    let protocols: [UInt8]
    private let demandingPorts: Set<Int>
    /// Seconds for the handshake, as set.
    public let handshakeLimit: Double
    /// Local ports on which STARTTLS is not offered, as set.
    public let portsWithoutStartTLS: Set<Int>

    /// - Throws: The first mistake in keys, certificates or lists, in one line.
    public init(_ settings: TLSSettings, tickets: TicketKeys) throws(TLSError) {
        self.tickets = tickets
        demandingPorts = settings.portsThatDemandCertificates
        handshakeLimit = settings.handshakeLimit
        portsWithoutStartTLS = settings.portsWithoutStartTLS
        protocols = settings.protocols.flatMap { name in
            let bytes = Array(name.utf8.prefix(255))
            return bytes.isEmpty ? [] : [UInt8(bytes.count)] + bytes
        }
        var plan = try HostPlan(settings)
        standard = try plan.makeStandard(tickets)
        hosts = try plan.makeHosts(tickets)
    }

    /// Whether it can serve. Without a certificate it can only be a client.
    public var hasCertificate: Bool { standard.hasCertificate }

    /// Whether clients of this local port must show a good certificate.
    func demandsCertificate(on port: Int?) -> Bool { port.map(demandingPorts.contains) ?? false }

    /// The exact name, then the wildcard that stands for its first label (RFC 6125, section 6.4.3).
    func host(_ name: String) -> HostContext? {
        guard !hosts.isEmpty, !name.isEmpty else { return nil }
        if let host = hosts[name] { return host }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return hosts["*\(name[dot...])"]
    }

    func makeSSL() -> OpaquePointer? { SSL_new(standard.pointer) }

    /// Gives a connection what a host's context does not by itself: OpenSSL copies some settings when the connection is
    /// made, which is before the client has named a host.
    func adopt(_ connection: TLSConnection, as host: HostContext) {
        let ssl = connection.ssl
        if host !== standard { SSL_set_SSL_CTX(ssl, host.pointer) }
        if host.rules != standard.rules {
            _ = CSSL_set_min_proto_version(ssl, host.rules.minVersion.number)
            _ = CSSL_set_max_proto_version(ssl, host.rules.maxVersion.number)
            _ = CSSL_set1_groups_list(ssl, host.rules.groups)
            let order = CSSL_OP_CIPHER_SERVER_PREFERENCE()
            _ = host.rules.prefersOwnOrder ? SSL_set_options(ssl, order) : SSL_clear_options(ssl, order)
        }
        let asked = connection.demandsCertificate ? .required : host.rules.clientCertificate
        if host !== standard || connection.demandsCertificate { ClientCertificates.ask(ssl, asked) }
        let id = connection.demandsCertificate ? host.sessionID.map { ~$0 } : host.sessionID
        if host !== standard || connection.demandsCertificate {
            SSL_set_session_id_context(ssl, id, UInt32(id.count))
        }
    }
}
