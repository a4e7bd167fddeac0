// The client.
import CHarakaPluginKit

/// One client, from connect to disconnect. Loop thread only.
///
///     if call.connection.isRelaying { return .continue }
///     call.connection.results.fail("helo: \(call.connection.helloHost.string)")
public struct Connection: Sendable {
    let handle: haraka_connection
    let owner: haraka_self

    /// The same for notes, results, log lines and properties by number.
    public var object: Object { Object(handle: haraka_of_connection(handle), owner: owner) }
    public var notes: Notes { object.notes }
    public var results: Results { object.results }
    /// False for `init_*` hooks and hooks about queued mail.
    public var exists: Bool { handle.bits != 0 }

    public var uuid: Text { Text(haraka_connection_text(handle, HARAKA_CONN_UUID)) }
    public var remoteIP: Text { Text(haraka_remote_ip(handle)) }
    /// The reverse name, or `Unknown`, `NXDOMAIN`, `DNSERROR`.
    public var remoteHost: Text { Text(haraka_remote_host(handle)) }
    /// A private address (RFC 1918 and the like), localhost included.
    public var isPrivate: Bool { haraka_connection_integer(handle, HARAKA_CONN_REMOTE_IS_PRIVATE) != 0 }
    public var isLocal: Bool { haraka_connection_integer(handle, HARAKA_CONN_REMOTE_IS_LOCAL) != 0 }
    public var localPort: Int64 { haraka_connection_integer(handle, HARAKA_CONN_LOCAL_PORT) }
    /// Our name in the dialogue.
    public var localHost: Text { Text(haraka_connection_text(handle, HARAKA_CONN_LOCAL_HOST)) }
    public var helloHost: Text { Text(haraka_hello_host(handle)) }
    public var isEncrypted: Bool { haraka_connection_integer(handle, HARAKA_CONN_TLS_ENABLED) != 0 }
    /// May this client send mail to anywhere?
    public var isRelaying: Bool { haraka_relaying(handle) != 0 }

    /// Lets the client send anywhere; for the transaction only while there is one.
    public func setRelaying(_ on: Bool) { _ = haraka_set_relaying(handle, on ? 1 : 0) }

    /// Adds a line to the answer to EHLO (hook `capabilities`).
    public func addCapability(_ line: String) {
        _ = Value.text(line).lent { haraka_kit_host().pointee.append(object.handle, HARAKA_CONN_CAPABILITIES, $0) }
    }

    /// Any other property as text or number.
    public func property(_ number: Int32) -> ValueView { object.property(number) }

    /// Sends a reply at once; then answer `.ok` or `.done`, so that the core sends nothing.
    public func respond(_ code: Int32, _ reply: Reply) throws(PluginError) {
        let status = reply.lent { haraka_kit_host().pointee.respond(handle, code, $0) }
        try PluginError.check(status, "respond")
    }

    /// Ends the connection after the current hook, without a reply.
    public func disconnect() { _ = haraka_kit_host().pointee.disconnect(handle) }

    /// Stops reading from the client. Pauses count: each needs its ``resume()``.
    public func pause() { _ = haraka_kit_host().pointee.pause(handle) }
    public func resume() { _ = haraka_kit_host().pointee.resume(handle) }

    /// Says `text` in the Authentication-Results field that the core adds: of the transaction if there is one, of the
    /// connection else. Empty text says nothing. The field's value so far.
    ///
    ///     call.connection.authResults("spf=pass smtp.mailfrom=a@example.com")
    @discardableResult
    public func authResults(_ text: String = "") -> Text {
        var field = haraka_str()
        _ = text.lent { haraka_kit_host().pointee.auth_results(handle, $0, &field) }
        return Text(field)
    }
}
