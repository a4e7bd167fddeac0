// early_talker: waits a moment, and turns away who cannot.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerEarlyTalker)
    }
#endif

/// A mistake in the configuration refuses to load.
///
/// The banner and 354 are what a client must wait for (RFC 5321 sections 3.1 and 4.1.1.4, RFC 2920 section 3.1). The wait
/// before the banner is at `connect_init`, the refusal at `connect`, because `connect_init` cannot refuse.
public func registerEarlyTalker(_ plugin: Plugin) throws(PluginError) {
    let current = Current(try Settings(of: plugin))
    plugin.config.watch("early_talker.ini") { current.changed(plugin) }
    plugin.hook("connect_init") { call, next in
        // What other plugins waited counts, too: the client has had that time to talk.
        let waited = Plugin.wallClock - call.connection.property(HARAKA_CONN_START_TIME).integer(or: Plugin.wallClock)
        wait(call, next, current.settings, waited: waited) { next in next.continue() }
    }
    plugin.hook("connect") { call in judge(call.connection, current.settings) }
    plugin.hook("data") { call, next in
        let connection = call.connection
        wait(call, next, current.settings, waited: 0) { next in next.answer(judge(connection, current.settings)) }
    }
}

/// What is in force. Who waits already waits to the end.
private final class Current {
    private(set) var settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "early_talker.ini has changed")
        } catch {
            plugin.log(.error, "early_talker.ini: all stays as it was: \(error.cause)")
        }
    }
}

private func wait(
    _ call: borrowing Call, _ next: consuming Next, _ settings: Settings, waited: Int64,
    then: @escaping (consuming Next) -> Void
) {
    guard settings.pause > 0 else { return next.continue() }
    if let reason = exemption(call.connection, settings) {
        if call.hook == "connect_init" { call.connection.results.skip(reason) }
        return next.continue()
    }
    // A pause that is longer than the plugin's time limit must not end in a refusal.
    let rest = min(settings.pause - max(0, waited), next.millisecondsLeft - 500)
    // There is nothing to wait for once the client has talked: it will not take that back.
    guard rest > 0, !isEarly(call.connection) else { return then(next) }
    next.after(milliseconds: rest, then)
}

/// Whether the client has talked before it was its turn; refuses it then, or only notes it.
private func judge(_ connection: Connection, _ settings: Settings) -> Answer {
    guard settings.pause > 0, exemption(connection, settings) == nil else { return .continue }
    guard isEarly(connection) else {
        connection.results.pass("early")
        return .continue
    }
    connection.results.fail("early")
    return settings.rejects ? .denyDisconnect("You talk too soon") : .continue
}

private func isEarly(_ connection: Connection) -> Bool { connection.property(HARAKA_CONN_EARLY_TALKER).isTrue }

/// Why a client need not wait; nil if it must.
private func exemption(_ connection: Connection, _ settings: Settings) -> String? {
    if connection.isLocal { return "local" }
    if connection.isPrivate { return "private" }
    if connection.isRelaying { return "relaying" }
    if connection.notes.get("auth_user").isTrue { return "authed" }
    if settings.allowed.contains(connection.remoteIP) { return "whitelist" }
    return connection.results.get("karma", "good").number(or: 0) > 0 ? "karma" : nil
}
