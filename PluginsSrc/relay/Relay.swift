// relay: who may send mail to anywhere.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerRelay)
    }
#endif

/// All hooks, whatever is switched off: a hook can only be added now, but relay.ini may change at any time.
public func registerRelay(_ plugin: Plugin) {
    let switches = RelaySwitches(plugin)
    let networks = AllowedNetworks(plugin)
    let routes = Routes(plugin)
    plugin.hook("connect_init") { call in allow(call.connection, switches.now, networks) }
    plugin.hook("connect") { call in
        // Whoever may relay is one of ours: no plugin behind this one looks at the client any more.
        switches.now.acl && call.connection.isRelaying ? .ok : .continue
    }
    plugin.hook("rcpt") { call in
        let answer = switches.now.destinationDomains ? judge(call, routes) : .continue
        guard answer.code == .continue, switches.now.all, let transaction = call.transaction else { return answer }
        call.connection.setRelaying(true)
        transaction.results.pass("relay_all")
        return .ok
    }
    // First of all: another plugin's answer would end the hook.
    plugin.hook("data", priority: -100) { call in settle(call) }
    plugin.hook("get_mx") { call in
        guard switches.now.forcesRouting, let hop = routes.table.nextHop(for: call.text(0)) else { return .continue }
        return Answer(.ok, value: .text(hop))
    }
    for file in [switches.watch, networks.watch, routes.watch] { file() }
}

/// The hook `connect_init`, whose answer does not count.
private func allow(_ client: Connection, _ switches: Switches, _ networks: AllowedNetworks) -> Answer {
    guard switches.acl, !networks.now.isEmpty else { return .continue }
    if networks.now.contains(client.remoteIP) {
        client.results.pass("relay_acl")
        client.setRelaying(true)
    } else {
        client.results.skip("relay_acl(unlisted)")
    }
    return .continue
}

/// That this plugin has let a client send to a listed domain; kept with the transaction.
private final class OpenedByDomain {}

/// Whether one of the recipients so far was in a listed domain.
private func isOpened(_ transaction: Transaction) -> Bool {
    transaction.notes.kept("opened", as: OpenedByDomain.self) != nil
}

/// The hook `rcpt` with `dest_domains`.
private func judge(_ call: borrowing Call, _ routes: Routes) -> Answer {
    guard let transaction = call.transaction, let recipient = call.address(0) else { return .continue }
    // One recipient's domain says nothing about the next recipient's: else a listed one would open the way to all
    // others, and delay_deny would forgive what is refused here.
    if isOpened(transaction) { call.connection.setRelaying(false) }
    guard !call.connection.isRelaying else {
        transaction.results.skip("relay_dest_domain(relay)")
        return .continue
    }
    let verdict = routes.table.verdict(for: recipient.host)
    if verdict.isAllowed {
        transaction.results.pass("relay_dest_domain")
        transaction.notes.keep("opened", OpenedByDomain())
        call.connection.setRelaying(true)
    } else {
        transaction.results.fail("relay_dest_domain")
    }
    switch verdict {
    case .accept: return .ok
    case .continue: return .continue
    case .deny: return .deny("You are not allowed to relay")
    case .unknown: return .deny("Mail for that recipient is not accepted here.")
    }
}

/// The hook `data`: no recipient is refused any more, and the message goes out as that of a client that may relay.
private func settle(_ call: borrowing Call) -> Answer {
    if let transaction = call.transaction, isOpened(transaction) { call.connection.setRelaying(true) }
    return .continue
}
