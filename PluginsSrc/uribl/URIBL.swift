// uribl: lists of bad domains, asked for the names that a client and its message mention. RFC 5782 section 2.2.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerURIBL)
    }
#endif

/// All hooks, whatever is switched off: a hook can only be added now, but uribl.ini may change at any time.
public func registerURIBL(_ plugin: Plugin) throws(PluginError) {
    guard let resolver = plugin.resolver, let domains = plugin.domains else {
        throw PluginError("lookups are not offered by this host", status: HARAKA_E_UNSUPPORTED)
    }
    let files = Files(plugin)
    let asker = Asker(resolver: resolver, rules: DomainRules(domains), files: files)
    plugin.hook("lookup_rdns") { call, next throws(PluginError) in try lookUpClient(call, next, asker) }
    for hook in ["helo", "ehlo"] {
        plugin.hook(hook) { call, next throws(PluginError) in
            let name = call.text(0).string
            try asker.ask([Mention(.helo, bare(name))], call, next)
        }
    }
    plugin.hook("mail") { call, next throws(PluginError) in
        let host = call.address(0)?.host.string ?? ""
        try asker.ask(host.isEmpty ? [] : [Mention(.envfrom, bare(host))], call, next)
    }
    plugin.hook("data") { call in
        if files.settings.wants(.body), !asker.skips(call.connection) { call.transaction?.parseBody() }
        return .continue
    }
    plugin.hook("data_post") { call, next throws(PluginError) in try lookUpMessage(call, next, asker) }
    files.watch()
}

/// The hook `lookup_rdns`: the client's name is not known yet. The core asks for it later and finds the answer in the
/// cache.
private func lookUpClient(_ call: borrowing Call, _ next: consuming Next, _ asker: Asker) throws(PluginError) {
    let client = call.connection, asking = Asking(call)
    guard asker.files.settings.wants(.rdns), !client.isPrivate, !asker.skips(client),
        let question = asker.resolver.reverseName(client.remoteIP)
    else { return next.continue() }
    let time = asker.time(next)
    try asker.resolver.lookup(question, .ptr, for: next, timeout: time) { answer, next throws(PluginError) in
        try asker.ask(answer.texts.prefix(10).map { Mention(.rdns, $0) }, asking, next)
    }
}

/// The hook `data_post`: fields of the header, and what stands in the texts.
private func lookUpMessage(_ call: borrowing Call, _ next: consuming Next, _ asker: Asker) throws(PluginError) {
    guard let transaction = call.transaction, !asker.skips(call.connection) else { return next.continue() }
    var mentions: [Mention] = []
    for (purpose, field) in [(Purpose.from, "From"), (.replyto, "Reply-To"), (.msgid, "Message-Id")]
    where asker.files.settings.wants(purpose) {
        transaction.headers.get(field).forEach { value in
            mentions += hostsOfAddresses(value.text).map { Mention(purpose, $0) }
        }
    }
    let asking = Asking(call)
    guard asker.files.settings.wants(.body), transaction.body != nil else {
        return try asker.ask(mentions, asking, next)
    }
    let found = Collected()
    next.searchTexts(of: transaction) { text throws(PluginError) -> Bool? in
        try found.collect(text) ? true : nil
    } then: { _, next in
        let all = mentions + found.hosts.map { Mention(.body, $0) }
        do throws(PluginError) { try asker.ask(all, asking, next) } catch { asking.log(error) }
    }
}

/// What the texts of one message mention. They are given one after the other, on whatever thread, and the host orders the
/// threads.
private final class Collected: @unchecked Sendable {
    private var scan = URIScan()

    var hosts: [String] { scan.hosts }

    /// Reads one text to its end; true: enough was found.
    func collect(_ text: Stream) throws(PluginError) -> Bool {
        try text.forEachChunk { piece throws(PluginError) in scan.take(piece) }
        scan.finish()
        return scan.isFull
    }
}

/// The address of an address literal; any other name as it is.
private func bare(_ name: String) -> String {
    guard name.utf8.first == UInt8(ascii: "["), name.utf8.last == UInt8(ascii: "]") else { return name }
    let inner = String(decoding: name.utf8.dropFirst().dropLast(), as: UTF8.self)
    guard inner.asciiLowercased.utf8.starts(with: "ipv6:".utf8) else { return inner }
    return String(decoding: inner.utf8.dropFirst(5), as: UTF8.self)
}
