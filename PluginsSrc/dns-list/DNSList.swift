// dns-list: what lists in the domain name system say about a client. RFC 5782.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerDNSList)
    }
#endif

/// All hooks, whatever is switched off: a hook can only be added now, but dns-list.ini may change at any time.
public func registerDNSList(_ plugin: Plugin) throws(PluginError) {
    guard let resolver = plugin.resolver else {
        throw PluginError("lookups are not offered by this host", status: HARAKA_E_UNSUPPORTED)
    }
    let lists = Lists(plugin, resolver)
    // A process is asked one of the two: which, depends on how many there are.
    for hook in ["init_master", "init_child"] {
        plugin.hook(hook) { _ in
            lists.begin()
            return .continue
        }
    }
    plugin.hook("connect") { call, next in connected(call, next, lists) }
    for hook in ["helo", "ehlo"] {
        plugin.hook(hook) { call in accepts(call, lists) ? .ok : .continue }
    }
    plugin.hook("mail") { call, next in
        accepts(call, lists) ? next.ok() : receivedMail(call, next, lists)
    }
}

/// Whether this hook ends here, because the client is on an allow list.
private func accepts(_ call: borrowing Call, _ lists: Lists) -> Bool {
    lists.settings.acceptingHooks.contains(call.hook.string) && call.connection.notes.get("dnswl").isTrue
}

/// Why a client is not looked up; nil if it is.
private func exemption(_ client: Connection) -> String? {
    if client.isPrivate { return "private: \(client.remoteIP.string)" }
    if client.isRelaying { return "relaying" }
    return IPAddress(client.remoteIP) == nil ? "no IP" : nil
}

/// The hook `connect`: all lists but those for bounces.
private func connected(_ call: borrowing Call, _ next: consuming Next, _ lists: Lists) {
    let client = call.connection
    // XCLIENT makes a client another one.
    if client.notes.get("dnswl").isTrue { client.notes.set("dnswl", .boolean(false)) }
    if let reason = exemption(client) {
        client.results.skip(reason)
        return next.continue()
    }
    let isIPv4 = IPAddress(client.remoteIP)?.isIPv4 == true
    let zones = lists.zones { $0.kind != .backscatterer && (isIPv4 || $0.hasIPv6) }
    guard !zones.isEmpty else { return next.continue() }
    let ip = client.remoteIP.string, acceptsNow = lists.settings.acceptingHooks.contains("connect")
    Search(lists, ip, client.results).begin(zones, next) { tally in
        if tally.isAllowed {
            client.notes.set("dnswl", .boolean(true))
            return acceptsNow ? .ok : .continue
        }
        let names = tally.refusing
        return names.isEmpty ? .continue : .deny("host [\(ip)] is listed on \(names.joined(by: ", "))")
    }
}

/// The hook `mail`: hosts that send bounces of what they should have refused are only asked for with bounces.
private func receivedMail(_ call: borrowing Call, _ next: consuming Next, _ lists: Lists) {
    let client = call.connection
    guard let transaction = call.transaction, let sender = call.address(0),
        sender.isNull || sender.user.asciiLowercased == "postmaster", exemption(client) == nil
    else { return next.continue() }
    let isIPv4 = IPAddress(client.remoteIP)?.isIPv4 == true
    let zones = lists.zones { $0.kind == .backscatterer && (isIPv4 || $0.hasIPv6) }
    guard !zones.isEmpty else { return next.continue() }
    let ip = client.remoteIP.string, host = client.remoteHost.string
    Search(lists, ip, transaction.results).begin(zones, next) { tally in
        guard let name = tally.refusing.first else { return .continue }
        return .deny("Host \(host) [\(ip)] is listed by \(name)")
    }
}
