// helo.checks: what the name in HELO tells about a client.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerHeloChecks)
    }
#endif

/// One function for both hooks: it makes the checks in order, until one refuses.
public func registerHeloChecks(_ plugin: Plugin) {
    let checks = HeloChecks(plugin)
    plugin.hook("helo") { call, next throws(PluginError) in try checks.check(call, next, isExtended: false) }
    plugin.hook("ehlo") { call, next throws(PluginError) in try checks.check(call, next, isExtended: true) }
    checks.files.watch()
}

/// What a client has said before; kept with the connection.
private final class Before {
    /// The first greeting, whatever became of it.
    let first: EarlierGreeting
    /// The last one, and its answer: a client that says the same again, as after STARTTLS, is not recorded twice.
    var last: EarlierGreeting
    var answer = Answer.continue

    init(_ greeting: EarlierGreeting) { (first, last) = (greeting, greeting) }
}

/// The checks, with what they take of the host.
private struct HeloChecks {
    let files: HeloFiles
    /// Nil if the host does not offer it: `forward_dns` is not made then.
    let resolver: Resolver?
    let names: NameRules

    init(_ plugin: Plugin) {
        files = HeloFiles(plugin)
        resolver = plugin.resolver
        names = plugin.domains.map { NameRules($0) } ?? .guessed
    }

    /// One HELO or EHLO, from who is left alone to the answer.
    func check(_ call: borrowing Call, _ next: consuming Next, isExtended: Bool) throws(PluginError) {
        let (client, settings) = (call.connection, files.settings)
        if let reason = settings.skips(isPrivate: client.isPrivate, isRelaying: client.isRelaying) {
            client.results.skip(reason)
            return next.continue()
        }
        let now = EarlierGreeting(name: call.text(0).string, isExtended: isExtended)
        let before = client.notes.kept("before", as: Before.self)
        if let before, before.last == now { return next.answer(before.answer) }
        let latest = before ?? Before(now)
        if before == nil { client.notes.keep("before", latest) }
        latest.last = now
        client.results.set("helo_host", .text(now.name))
        let greeting = Greeting(
            name: call.text(0), isExtended: isExtended, client: IPAddress(client.remoteIP), rdns: client.remoteHost,
            before: before?.first, names: names)
        latest.answer = judge(greeting, client.results)
        guard latest.answer.code == .continue, settings.isMade(.forwardDNS), let resolver else {
            return next.answer(latest.answer)
        }
        if let outcome = greeting.withoutLookup(settings) {
            latest.answer = conclude(.forwardDNS, outcome, client.results, settings) ?? .continue
            return next.answer(latest.answer)
        }
        try lookUp(now.name, client, latest, next, resolver)
    }

    /// Makes the checks that are switched on and take no time, and records what they find.
    private func judge(_ greeting: Greeting, _ results: Results) -> Answer {
        let settings = files.settings
        for check in HeloCheck.allCases where settings.isMade(check) {
            let outcome =
                check == .matchRE
                ? greeting.matched(files.patterns.matches(greeting.name)) : greeting.outcome(of: check, settings)
            if let refusal = conclude(check, outcome, results, settings) { return refusal }
        }
        return .continue
    }

    /// `forward_dns`: both kinds of addresses at once. The greeting itself is lent no longer when they are there.
    private func lookUp(
        _ name: String, _ client: Connection, _ latest: Before, _ next: consuming Next, _ resolver: Resolver
    ) throws(PluginError) {
        let (settings, names) = (files.settings, names)
        let questions = [(name: name, type: RecordType.a), (name: name, type: .aaaa)]
        // The hook must be answered before its own time is over, or it refuses.
        let time = max(1, min(settings.lookupLimit, next.millisecondsLeft - 1000))
        try resolver.lookupAll(questions, for: next, timeout: time) { answers, next in
            let outcome = Array(name.utf8).withUnsafeBytes { bytes in
                Greeting(
                    name: Text(bytes), isExtended: latest.last.isExtended, client: IPAddress(client.remoteIP),
                    rdns: client.remoteHost, before: nil, names: names
                ).forwardMatch(answers)
            }
            latest.answer = conclude(.forwardDNS, outcome, client.results, settings) ?? .continue
            next.answer(latest.answer)
        }
    }
}

/// Records what a check found; the answer if it refuses.
private func conclude(
    _ check: HeloCheck, _ outcome: Outcome, _ results: Results, _ settings: HeloSettings
) -> Answer? {
    switch outcome {
    case .none: break
    case .pass(let detail): results.pass(result(check, detail))
    case .skip(let detail): results.skip(result(check, detail))
    case .fail(let detail, let words):
        results.fail(result(check, detail))
        return settings.isRefused(check) ? .deny(words) : nil
    case .unknown(let detail, let words):
        results.error(result(check, detail))
        return settings.isRefused(check) ? .denySoft(words) : nil
    }
    return nil
}

/// `rdns_match`, or `rdns_match(org_dom)`.
private func result(_ check: HeloCheck, _ detail: String) -> String {
    detail.isEmpty ? check.name : check.name + "(" + detail + ")"
}
