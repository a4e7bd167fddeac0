// tls: offers STARTTLS (RFC 3207) and starts it. The handshake is the server's.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerStartTLS)
    }
#endif

/// In the order of a session: offer, start.
public func registerStartTLS(_ plugin: Plugin) throws(PluginError) {
    guard let tls = plugin.tls else {
        throw PluginError("TLS is not offered by this host", status: HARAKA_E_UNSUPPORTED)
    }
    let offers = Offers(plugin, try TLSSettings(of: plugin))
    plugin.config.watch("tls.ini") { offers.changed() }
    plugin.hook("capabilities") { call throws(PluginError) in
        try offer(call.connection, tls, offers)
        return .continue
    }
    plugin.hook("unrecognized_command") { call, next throws(PluginError) in
        guard isSTARTTLS(call.text(0)) else { return next.continue() }
        let client = call.connection
        let state = TLSState(
            isOn: client.tls.isEnabled, isOffered: client.tls.isAdvertised, isAvailable: tls.available(client))
        switch state.answer(to: call.text(1)) {
        case .notMine: next.continue()
        case .refuse(let reply): next.answer(.deny, reply)
        case .start: try start(client, tls, offers, next)
        }
    }
}

private func offer(_ client: Connection, _ tls: TLS, _ offers: Offers) throws(PluginError) {
    guard !client.tls.isEnabled else {
        // A listener whose sessions begin with TLS: nobody has noted it yet.
        if client.results.get("tls", "enabled").isNull { note(client, offers.plugin) }
        return
    }
    let isOffered = tls.available(client) && offers.isAllowed(client)
    if isOffered { client.addCapability("STARTTLS") }
    try client.tls.setAdvertised(isOffered)
}

private func start(_ client: Connection, _ tls: TLS, _ offers: Offers, _ next: consuming Next) throws(PluginError) {
    try tls.start(next) { ok, next in
        if ok { note(client, offers.plugin) } else { offers.failed(client) }
        // The server has said 220, and says nothing more: the next word is the client's, or nobody's.
        next.ok()
    }
}

/// `connection.notes.tls` and the results, as Haraka has them, and a line in the log.
private func note(_ client: Connection, _ plugin: Plugin) {
    let facts = HandshakeFacts(client.tls)
    client.notes.set("tls", facts.note)
    for (key, value) in facts.results { client.results.set(key, value) }
    plugin.log(.info, about: client.object, facts.line)
}

/// Verbs are compared without case (RFC 5321 section 2.4).
private func isSTARTTLS(_ word: Text) -> Bool {
    let verb: StaticString = "STARTTLS"
    return word.equalsCaseless(Text(UnsafeRawBufferPointer(start: verb.utf8Start, count: verb.utf8CodeUnitCount)))
}
