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
    let files = HeloFiles(plugin)
    plugin.hook("helo") { call in check(call, files, isExtended: false) }
    plugin.hook("ehlo") { call in check(call, files, isExtended: true) }
    files.watch()
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

/// One HELO or EHLO, from who is left alone to the answer.
private func check(_ call: borrowing Call, _ files: HeloFiles, isExtended: Bool) -> Answer {
    let (client, settings) = (call.connection, files.settings)
    if let reason = settings.skips(isPrivate: client.isPrivate, isRelaying: client.isRelaying) {
        client.results.skip(reason)
        return .continue
    }
    let now = EarlierGreeting(name: call.text(0).string, isExtended: isExtended)
    let before = client.notes.kept("before", as: Before.self)
    if let before, before.last == now { return before.answer }
    let next = before ?? Before(now)
    if before == nil { client.notes.keep("before", next) }
    next.last = now
    client.results.set("helo_host", .text(now.name))
    let greeting = Greeting(
        name: call.text(0), isExtended: isExtended, client: IPAddress(client.remoteIP), rdns: client.remoteHost,
        before: before?.first)
    next.answer = judge(greeting, files, client.results)
    return next.answer
}

/// Makes the checks that are switched on, and records what they find.
private func judge(_ greeting: Greeting, _ files: HeloFiles, _ results: Results) -> Answer {
    let settings = files.settings
    for check in HeloCheck.allCases where settings.isMade(check) {
        let outcome =
            check == .matchRE
            ? greeting.matched(files.patterns.matches(greeting.name)) : greeting.outcome(of: check, settings)
        switch outcome {
        case .none: continue
        case .pass(let detail): results.pass(result(check, detail))
        case .skip(let detail): results.skip(result(check, detail))
        case .fail(let detail, let words):
            results.fail(result(check, detail))
            if settings.isRefused(check) { return .deny(words) }
        }
    }
    return .continue
}

/// `rdns_match`, or `rdns_match(org_dom)`.
private func result(_ check: HeloCheck, _ detail: String) -> String {
    detail.isEmpty ? check.name : check.name + "(" + detail + ")"
}
