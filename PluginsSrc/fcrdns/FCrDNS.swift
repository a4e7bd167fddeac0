// fcrdns: whether a client's address and name agree in both directions.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerFCrDNS)
    }
#endif

/// In the order of the hooks. The work is done at `lookup_rdns`, so that all later plugins see what was found.
public func registerFCrDNS(_ plugin: Plugin) throws(PluginError) {
    guard let resolver = plugin.resolver, let domains = plugin.domains else {
        throw PluginError("lookups are not offered by this host", status: HARAKA_E_UNSUPPORTED)
    }
    let settings = LiveSettings(plugin)
    plugin.hook("connect_init") { call in
        recordNothing(call.connection.results)
        return .continue
    }
    plugin.hook("lookup_rdns") { call, next throws(PluginError) in
        guard let client = Client(call.connection) else { return next.continue() }
        try Inquiry(client: client, settings: settings.now, resolver: resolver, domains: domains).begin(next)
    }
    // Behind all others of this hook: an answer with the name ends it.
    plugin.hook("lookup_rdns", priority: 100) { call in
        guard let name = Found.of(call.connection)?.name else { return .continue }
        return .ok(name)
    }
    plugin.hook("data") { call in
        if let transaction = call.transaction { Found.of(call.connection)?.show(transaction.headers) }
        return .continue
    }
    // The client's own fields of these names came after `data`.
    plugin.hook("data_post", priority: -100) { call in
        if let transaction = call.transaction { dropForged(transaction.headers, Found.of(call.connection)) }
        return .continue
    }
    settings.watch()
}

/// Who is looked at. Nil: nobody, because the address is private, or none.
struct Client {
    let connection: Connection
    let ip: String
    let address: IPAddress

    init?(_ connection: Connection) {
        guard !connection.isPrivate else {
            connection.results.skip("private_ip")
            return nil
        }
        guard let address = IPAddress(connection.remoteIP) else { return nil }
        (self.connection, ip, self.address) = (connection, connection.remoteIP.string, address)
    }

    /// Whom nothing is refused.
    var isTrusted: Bool { connection.isRelaying || connection.notes.get("rdns_access").text == "white" }
}

/// The lookups for one client.
struct Inquiry {
    let client: Client
    /// Those that were in force when the client came.
    let settings: Settings
    let resolver: Resolver
    let domains: Domains

    /// The first round: the names of the address.
    func begin(_ next: consuming Next) throws(PluginError) {
        guard let question = resolver.reverseName(client.ip) else { return next.continue() }
        try resolver.lookup(question, .ptr, for: next, timeout: time(next)) { answer, next throws(PluginError) in
            let names = reverseNames(answer)
            guard names.isEmpty else { return try confirm(names, next) }
            next.answer(conclude(Findings(withoutNames: answer)))
        }
    }

    /// Milliseconds for a round: the hook must be answered before its own time is over, or it refuses.
    private func time(_ next: borrowing Next) -> Int64 { max(1, min(settings.limit, next.millisecondsLeft - 1000)) }

    /// The second round: both kinds of addresses of all names.
    private func confirm(_ names: [String], _ next: consuming Next) throws(PluginError) {
        let questions = names.flatMap { [(name: $0, type: RecordType.a), (name: $0, type: .aaaa)] }
        try resolver.lookupAll(questions, for: next, timeout: time(next)) { answers, next in
            var findings = Findings(names, answers, client.address)
            findings.look(
                at: client.address, organizational: { domains.organizational($0) },
                hasKnownTop: { domains.hasKnownTop($0) })
            next.answer(conclude(findings))
        }
    }

    /// Records what was found, and refuses who is to be refused for it.
    private func conclude(_ findings: Findings) -> Answer {
        findings.record(client.connection.results)
        client.connection.authResults("iprev=" + findings.iprev)
        client.connection.notes.keep("found", Found(client.ip, findings))
        guard !client.isTrusted, let refusal = findings.refusal(of: client.ip, settings) else { return .continue }
        return refusal
    }
}
