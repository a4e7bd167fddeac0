// STARTTLS, from the host's service tls/1, and what is known of a connection's TLS.
import CHarakaPluginKit

/// Offers and starts TLS (RFC 3207); the handshake is the host's. plugin.ini: `needs=tls/1`. Loop thread only.
///
///     let tls = TLS(plugin)
///     plugin.hook("capabilities") { call in
///         if tls?.available(call.connection) == true { call.connection.addCapability("STARTTLS") }
///         return .continue
///     }
public struct TLS: @unchecked Sendable {
    private let service: UnsafePointer<haraka_tls_1>

    /// nil: this host does not offer it.
    public init?(_ plugin: Plugin) {
        guard let service = HarakaPluginKit.service("tls/1", haraka_tls_1.self) else { return nil }
        self.service = service
    }

    /// Whether TLS could begin now: there is a certificate, TLS is off, and the listener's rule allows it.
    public func available(_ connection: Connection) -> Bool { service.pointee.available(connection.handle) == 1 }

    /// In the hook `unrecognized_command`: sends 220, throws away what else the client has sent, and does the handshake. `body`
    /// is told whether it succeeded; answer `.ok` then. After success nothing that the client has said before counts: no
    /// transaction, no hello, nobody authenticated. After a failure the connection is over.
    public func start(
        _ next: consuming Next,
        then body: @escaping (_ ok: Bool, _ next: consuming Next) throws(PluginError) -> Void
    ) throws(PluginError) {
        let handle = next.handle
        let waiting = Waiting(next)
        let box = StatusBox { status in
            waiting.resume { next throws(PluginError) in try body(status >= 0, next) }
        }
        let status = handOver(box) { context in
            var callback = haraka_status_callback(function: runStatus, context: context, destroy: releaseKept)
            return service.pointee.start(handle, &callback)
        }
        try PluginError.check(status, "STARTTLS")
    }

    /// What binds an authentication to this very connection: `type` is `tls-exporter` (RFC 9266), `tls-server-end-point` or
    /// `tls-unique` (RFC 5929). nil: no TLS, or this version of it has no such binding.
    public func channelBinding(_ connection: Connection, _ type: String) -> [UInt8]? {
        type.lent { type in
            var binding = haraka_str()
            let status = service.pointee.channel_binding(connection.handle, type, &binding)
            return status < 0 ? nil : Array(Text(binding).bytes)
        }
    }
}

extension Plugin {
    /// nil: this host does not offer TLS.
    public var tls: TLS? { TLS(self) }
}

/// A connection's TLS. Texts are lent, and empty without TLS. Loop thread only.
public struct ConnectionTLS: Sendable {
    let connection: Connection

    public var isEnabled: Bool { connection.property(HARAKA_CONN_TLS_ENABLED).isTrue }
    /// `TLSv1.3` ...
    public var version: Text { connection.property(HARAKA_CONN_TLS_VERSION).text }
    /// OpenSSL's name of the cipher suite.
    public var cipher: Text { connection.property(HARAKA_CONN_TLS_CIPHER).text }
    /// The RFC's name of it.
    public var standardCipher: Text { connection.property(HARAKA_CONN_TLS_CIPHER_STANDARD).text }
    /// Of the secret key.
    public var bits: Int64 { connection.property(HARAKA_CONN_TLS_BITS).integer(or: 0) }
    /// The name that the client asked for (SNI).
    public var serverName: Text { connection.property(HARAKA_CONN_TLS_SERVER_NAME).text }
    /// The protocol that both chose.
    public var alpn: Text { connection.property(HARAKA_CONN_TLS_ALPN).text }
    public var isResumed: Bool { connection.property(HARAKA_CONN_TLS_RESUMED).isTrue }
    /// The client has shown a certificate that tls.ini's `ca` vouches for.
    public var isVerified: Bool { connection.property(HARAKA_CONN_TLS_VERIFIED).isTrue }
    /// Why it does not.
    public var verifyError: Text { connection.property(HARAKA_CONN_TLS_VERIFY_ERROR).text }
    /// The client's certificate: `subject`, `issuer`, `cn`, `names` (a list), `serial`, `not_before`, `not_after` (seconds since
    /// 1970), `fingerprint` (SHA-256, hexadecimal). Null: it has shown none.
    public var peer: ValueView { connection.property(HARAKA_CONN_TLS_PEER) }
    /// STARTTLS was offered.
    public var isAdvertised: Bool { connection.property(HARAKA_CONN_TLS_ADVERTISED).isTrue }

    public func setAdvertised(_ on: Bool) throws(PluginError) {
        try connection.object.set(property: HARAKA_CONN_TLS_ADVERTISED, to: .boolean(on))
    }
}

extension Connection {
    /// What is known of its TLS.
    public var tls: ConnectionTLS { ConnectionTLS(connection: self) }
}

private final class StatusBox {
    let body: (Int32) -> Void
    init(_ body: @escaping (Int32) -> Void) { self.body = body }
}

private let runStatus: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Void = { context, status in
    guard let context else { return }
    Unmanaged<StatusBox>.fromOpaque(context).takeUnretainedValue().body(status)
}
