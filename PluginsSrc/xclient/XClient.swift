// xclient: a trusted proxy says on whose behalf it speaks. https://www.postfix.org/XCLIENT_README.html
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerXClient)
    }
#endif

/// In the order of a session: offer, take, and give the session what was said.
public func registerXClient(_ plugin: Plugin) throws(PluginError) {
    let proxies = TrustedProxies(plugin)
    proxies.watch()
    plugin.hook("capabilities") { call in
        if proxies.contains(call.connection.remoteIP) {
            // Haraka's words; the other attributes are understood as well.
            call.connection.addCapability("XCLIENT NAME ADDR PROTO HELO LOGIN")
        }
        return .continue
    }
    plugin.hook("unrecognized_command") { call throws(PluginError) in
        // Case counts, as in Haraka; attributes may be written in any.
        guard call.text(0) == "XCLIENT" else { return .continue }
        guard call.transaction == nil else { return refuse(503, Status(5, 5, 0), "Mail transaction in progress") }
        guard proxies.contains(call.connection.remoteIP) else { return refuse(550, Status(5, 5, 0), "Not authorized") }
        let said = ClientAttributes(call.text(1))
        for word in said.ignored { call.log(.warn, "XCLIENT: ignored: \(word)") }
        guard let address = said.address else { return refuse(501, Status(5, 5, 4), "No valid IP address found") }
        let proxy = call.connection.remoteIP.string
        try become(call.connection, address, said)
        call.log(.info, "XCLIENT: \(proxy) speaks for \(said.line)")
        return .ok
    }
    // First of all: what other plugins decide here may depend on who has authenticated.
    plugin.hook("connect", priority: -100) { call throws(PluginError) in
        guard let said = call.connection.notes.kept("said", as: Said.self) else { return .continue }
        try introduce(call.connection, said.attributes)
        return .continue
    }
}

/// What a proxy said last; kept with its connection.
private final class Said {
    let attributes: ClientAttributes
    init(_ attributes: ClientAttributes) { self.attributes = attributes }
}

private func refuse(_ code: UInt32, _ status: Status, _ text: String) -> Answer {
    Answer(.deny, Reply(text, code: code, status: status))
}

/// The connection is another client's from now on. Its name is looked up unless the proxy has said it.
private func become(_ connection: Connection, _ address: String, _ said: ClientAttributes) throws(PluginError) {
    try connection.restart(keepsName: said.name != nil)
    connection.notes.keep("said", Said(said))
    let object = connection.object
    try object.set(property: HARAKA_CONN_REMOTE_IP, to: .text(address))
    if let name = said.name { try object.set(property: HARAKA_CONN_REMOTE_HOST, to: .text(name)) }
    try object.set(property: HARAKA_CONN_REMOTE_LOGIN, to: .text(said.login ?? ""))
    if let port = said.port { try object.set(property: HARAKA_CONN_REMOTE_PORT, to: .integer(port)) }
    if let address = said.ownAddress { try object.set(property: HARAKA_CONN_LOCAL_IP, to: .text(address)) }
    if let port = said.ownPort { try object.set(property: HARAKA_CONN_LOCAL_PORT, to: .integer(port)) }
}

/// What the server forgets when a session begins anew.
private func introduce(_ connection: Connection, _ said: ClientAttributes) throws(PluginError) {
    if let hello = said.hello { try connection.object.set(property: HARAKA_CONN_HELLO_HOST, to: .text(hello)) }
    guard let login = said.login else { return }
    // As in Postfix: whom the proxy has authenticated counts as authenticated, and may relay.
    try connection.setAuthenticated(user: login, method: "XCLIENT")
    connection.notes.set("auth_user", .text(login))
    connection.setRelaying(true)
}
