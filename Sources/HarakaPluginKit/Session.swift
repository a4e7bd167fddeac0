// What a session is besides its client: listener, proxy, who has authenticated; and its beginning anew.
import CHarakaPluginKit

extension Connection {
    /// The section of smtp.ini that the listener belongs to: `mx`, `submission`, `lmtp`, or empty.
    public var role: Text { property(HARAKA_CONN_ROLE).text }

    /// Who has authenticated; empty: nobody.
    public var authUser: Text { property(HARAKA_CONN_AUTH_USER).text }
    /// How: `PLAIN`, `SCRAM-SHA-256` ...
    public var authMethod: Text { property(HARAKA_CONN_AUTH_METHOD).text }

    /// The client has authenticated. Relaying is a question of its own: ``setRelaying(_:)``.
    public func setAuthenticated(user: String, method: String) throws(PluginError) {
        try object.set(property: HARAKA_CONN_AUTH_USER, to: .text(user))
        try object.set(property: HARAKA_CONN_AUTH_METHOD, to: .text(method))
    }

    /// The proxy that the client came by: `ip`, `type` (`haproxy`), `version` (1 or 2), `tls`, `authority`, `alpn`, `tlvs` (a
    /// list of maps `type`, `value`). Null: it came by itself.
    ///
    ///     if !call.connection.proxy.isNull { ... }
    public var proxy: ValueView { property(HARAKA_CONN_PROXY) }

    /// The session begins anew once the current hook was answered with `.ok`: another uuid, no transaction, no hello, nobody
    /// authenticated, no relaying. The client's name is looked up unless it is known; `connect` is asked, and the client gets a
    /// banner. Only in `unrecognized_command`. Addresses, ports and the name are set at once; who has authenticated is forgotten
    /// after the hook, and set in `connect`.
    public func restart(keepsName: Bool) throws(PluginError) {
        let flags = keepsName ? HARAKA_RESTART_KEEP_NAME : 0
        try PluginError.check(haraka_kit_host().pointee.restart(handle, flags), "restart")
    }
}
