// access: lists of who is let in and who is kept out.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerAccess)
    }
#endif

/// All hooks, whatever is switched off: a hook can only be added now, but access.ini may change at any time.
public func registerAccess(_ plugin: Plugin) {
    let access = Access(plugin)
    plugin.hook("connect") { call in access.connected(call) }
    plugin.hook("helo") { call in access.greeted(call) }
    plugin.hook("ehlo") { call in access.greeted(call) }
    plugin.hook("mail") { call in access.receivedMail(call) }
    plugin.hook("rcpt") { call in access.receivedRcpt(call) }
    plugin.hook("data_post") { call in access.receivedMessage(call) }
    access.watch()
}

/// What the hooks ask. First `any`, then the phase's own lists, as in Haraka: whoever `any` refuses is refused.
final class Access {
    private let settings: LiveSettings
    private let domains: DomainFile
    private let connect, helo, mail, rcpt: Phase

    init(_ plugin: Plugin) {
        settings = LiveSettings(plugin)
        domains = DomainFile(plugin)
        connect = Phase(
            plugin, "conn", prefix: "connect.rdns_access", entries: .clients,
            morePatterns: (welcome: "rdns.allow_regexps", refused: "rdns.deny_regexps"))
        helo = Phase(plugin, "helo", refusedPatterns: "helo.checks.regexps")
        mail = Phase(
            plugin, "mail", prefix: "mail_from.access", entries: .addresses, moreRefused: "mail_from.blocklist")
        rcpt = Phase(plugin, "rcpt", prefix: "rcpt_to.access", entries: .addresses, moreRefused: "rcpt_to.blocklist")
    }

    /// From now on everything follows its files.
    func watch() {
        settings.watch()
        domains.watch()
        for phase in [connect, helo, mail, rcpt] { phase.watch() }
    }

    /// The hook `connect`. Who is refused here gets no further chance, so the connection ends.
    func connected(_ call: borrowing Call) -> Answer {
        let (client, results) = (call.connection, call.connection.results)
        if let answer = judgeAnywhere(results, "connect", rdns(client), nil) { return answer }
        guard settings.now.checks.conn else { return .continue }
        guard connect.judge([client.remoteIP, client.remoteHost], results) == .refused else { return .continue }
        return .denyDisconnect(
            "\(client.remoteHost.string) [\(client.remoteIP.string)] \(settings.now.texts.conn)")
    }

    /// The hooks `helo` and `ehlo`. An address in brackets is in no domain.
    func greeted(_ call: borrowing Call) -> Answer {
        let (name, results) = (call.text(0), call.connection.results)
        if let answer = judgeAnywhere(results, "helo", isLiteral(name) ? Text(haraka_str()) : name, nil) {
            return answer
        }
        guard settings.now.checks.helo, helo.judge([name], results) == .refused else { return .continue }
        return .deny("\(name.string) \(settings.now.texts.helo)")
    }

    /// The hook `mail`. Nobody (`<>`) is on no list: bounces are the business of the plugin `bounce`.
    func receivedMail(_ call: borrowing Call) -> Answer {
        guard let results = call.transaction?.results, let sender = call.address(0) else { return .continue }
        guard !sender.isNull else {
            results.skip("null sender")
            return .continue
        }
        if let answer = judgeAnywhere(results, "mail", sender.host, sender.address) { return answer }
        guard settings.now.checks.mail,
            withForms(of: sender, { mail.judge($0, results) }) == .refused
        else { return .continue }
        return .deny("\(sender.address.string) \(settings.now.texts.mail)")
    }

    /// The hook `rcpt`, the only one where being welcome may be an answer.
    func receivedRcpt(_ call: borrowing Call) -> Answer {
        guard let results = call.transaction?.results, let recipient = call.address(0) else { return .continue }
        if let answer = judgeAnywhere(results, "rcpt", recipient.host, recipient.address) { return answer }
        guard settings.now.checks.rcpt else { return .continue }
        switch withForms(of: recipient, { rcpt.judge($0, results) }) {
        case .refused: return .deny("\(recipient.address.string) \(settings.now.texts.rcpt)")
        case .welcome: return settings.now.acceptsWelcome ? .ok : .continue
        case .unlisted: return .continue
        }
    }

    /// The field From. Its addresses are never in encoded words (RFC 2047 section 5), so it is read as it stands.
    func receivedMessage(_ call: borrowing Call) -> Answer {
        guard settings.now.checks.data, let transaction = call.transaction else { return .continue }
        let fields = transaction.headers.get("From")
        for index in 0..<fields.count {
            for mailbox in mailboxes(fields[index].text) {
                let verdict = record(
                    transaction.results, "data_post", domains.judge(domain: domain(of: mailbox), mailbox))
                if verdict == .refused { return .deny("Email from that domain is not accepted here.") }
            }
        }
        return .continue
    }

    /// `any`: one list for all phases. Nil: it has nothing against it.
    private func judgeAnywhere(_ results: Results, _ hook: String, _ domain: Text, _ address: Text?) -> Answer? {
        guard settings.now.checks.any else { return nil }
        guard !domain.isEmpty else {
            results.skip("no domain(\(hook):any)")
            return nil
        }
        let verdict = record(results, hook, domains.judge(domain: domain, address))
        return verdict == .refused ? .deny("You are not welcome here.") : nil
    }

    /// Leaves what was found for other plugins, in Haraka's words.
    private func record(_ results: Results, _ hook: String, _ verdict: Verdict) -> Verdict {
        switch verdict {
        case .welcome: results.pass(hook + ":any")
        case .refused: results.fail(hook + ":any")
        case .unlisted: results.message("unlisted(\(hook):any)")
        }
        return verdict
    }
}

/// The client's name; empty if it has none.
private func rdns(_ client: Connection) -> Text {
    let host = client.remoteHost
    return host == "Unknown" || host == "NXDOMAIN" || host == "DNSERROR" ? Text(haraka_str()) : host
}

private func isLiteral(_ name: Text) -> Bool { name.bytes.first == UInt8(ascii: "[") }

/// As the client wrote it, and as `user@domain-in-A-labels` if that is something else: a list may have either.
private func withForms(of address: Address, _ body: ([Text]) -> Verdict) -> Verdict {
    guard !address.host.equalsCaseless(address.originalHost) else { return body([address.address]) }
    let other = Array((address.user.string + "@" + address.host.string).utf8)
    return other.withUnsafeBytes { body([address.address, Text($0)]) }
}
