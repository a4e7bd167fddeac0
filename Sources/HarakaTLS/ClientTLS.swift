// TLS towards other servers: which rules and certificates a connection begins with. RFC 3207, RFC 7672 section 2
// (without DANE), docs/outbound.md "Connections and TLS".

import CSSL
public import NIOCore
import Synchronization

/// The contexts for deliveries. Immutable once made, but for the sessions that it keeps; a reload makes a new one.
/// Making it takes milliseconds and belongs off the event loop; everything else is for any thread.
public final class ClientTLS: Sendable {
    /// For one certificate of ours, or none.
    private struct Contexts: Sendable {
        let lenient: TLSContext
        let strict: TLSContext

        init(_ settings: ClientTLSSettings, _ identity: TLSIdentity?) throws(TLSError) {
            var made = TLSSettings()
            made.rules = settings.rules
            made.identities = identity.map { [$0] } ?? []
            // A client that makes no tickets needs no keys for them.
            let tickets = TicketKeys(secret: [UInt8](repeating: 0, count: 32), epoch: 0)
            made.rules.clientCertificate = .ignored
            lenient = try TLSContext(made, tickets: tickets)
            made.rules.clientCertificate = .required
            strict = try TLSContext(made, tickets: tickets)
        }
    }

    /// A session is only for connections that want what the first one wanted.
    private struct SessionKey: Hashable {
        let host: String
        let isStrict: Bool
    }

    /// Hosts whose sessions are kept.
    private static let sessionLimit = 1000

    public let settings: ClientTLSSettings
    private let usual: Contexts
    private let bare: Contexts
    private let own: [String: Contexts]
    private let sessions = Mutex<[SessionKey: TLSSession]>([:])

    /// - Throws: The first mistake in keys, certificates or lists, in one line.
    public init(_ settings: ClientTLSSettings) throws(TLSError) {
        self.settings = settings
        bare = try Contexts(settings, nil)
        usual = settings.identity == nil ? bare : try Contexts(settings, settings.identity)
        var own: [String: Contexts] = [:]
        for (host, identity) in settings.identities { own[HostList.plain(host)] = try Contexts(settings, identity) }
        self.own = own
    }

    /// For one connection, added to its channel when STARTTLS was answered with 220.
    ///
    /// - Parameters:
    ///   - host: The server's name as MX has it: asked for (SNI), and looked for in its certificate. An address is only
    ///     looked for (RFC 6066 section 3). Empty: `ip` is.
    ///   - verifies: Without a good certificate with that name the handshake fails. Else the facts tell whether it is
    ///   one.
    public func makeHandler(host: String, ip: String, verifies: Bool, limit: TimeAmount) -> TLSHandler {
        let isStrict = verifies || settings.verifies
        let contexts = contexts(host, ip)
        let session = sessions.withLock { $0.removeValue(forKey: key(host, ip, isStrict)) }
        return TLSHandler(
            client: isStrict ? contexts.strict : contexts.lenient, serverName: host.isEmpty ? ip : host, limit: limit,
            resuming: session)
    }

    /// Keeps the session of a connection that works for the next one to that host. Each is used once (RFC 8446 appendix
    /// C.4).
    public func keepSession(of handler: TLSHandler, host: String, ip: String, verifies: Bool) {
        guard handler.facts != nil, let session = handler.session, SSL_SESSION_is_resumable(session.pointer) == 1 else {
            return
        }
        let key = key(host, ip, verifies || settings.verifies)
        sessions.withLock { kept in
            // Any one will do: the next connection there pays for a whole handshake.
            if kept.count >= Self.sessionLimit, kept[key] == nil { kept.remove(at: kept.startIndex) }
            kept[key] = session
        }
    }

    private func key(_ host: String, _ ip: String, _ isStrict: Bool) -> SessionKey {
        SessionKey(host: HostList.plain(host.isEmpty ? ip : host), isStrict: isStrict)
    }

    /// Which certificate is shown depends on the server.
    private func contexts(_ host: String, _ ip: String) -> Contexts {
        let name = HostList.plain(host)
        if settings.hostsWithoutIdentity.contains(name) || settings.hostsWithoutIdentity.contains(ip) { return bare }
        return own[name] ?? own[ip] ?? usual
    }
}
