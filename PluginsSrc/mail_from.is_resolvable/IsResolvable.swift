// mail_from.is_resolvable: whether anybody would get an answer to a message.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerIsResolvable)
    }
#endif

/// One hook: the exchangers of the sender's domain, then the addresses of all of them at once.
public func registerIsResolvable(_ plugin: Plugin) throws(PluginError) {
    guard let resolver = plugin.resolver else {
        throw PluginError("lookups are not offered by this host", status: HARAKA_E_UNSUPPORTED)
    }
    let current = Current(plugin)
    plugin.hook("mail") { call, next throws(PluginError) in
        guard let transaction = call.transaction, let sender = call.address(0) else { return next.continue() }
        // Who sends from nowhere (`<>`, `<postmaster>`) is not asked where that is.
        guard !sender.host.isEmpty else {
            transaction.results.skip("null host")
            return next.continue()
        }
        let question = Question(
            domain: sender.host.string, transaction: transaction, rules: current.rules, resolver: resolver)
        try question.begin(next)
    }
    current.watch()
}

/// Whether one sender's domain takes mail.
private struct Question {
    let domain: String
    let transaction: Transaction
    /// Those that were in force when the sender was named.
    let rules: Rules
    let resolver: Resolver

    /// The first round: who takes the domain's mail.
    func begin(_ next: consuming Next) throws(PluginError) {
        if let address = literalAddress(domain) {
            return next.answer(conclude(rules.isUsable(literal: address) ? .pass("mx_ip") : .noValidMX))
        }
        try resolver.lookup(domain, .mx, for: next, timeout: time(next)) { answer, next throws(PluginError) in
            switch exchangers(answer, rules) {
            case .verdict(let verdict): next.answer(conclude(verdict))
            case .ask(let hosts): try ask(hosts, next)
            }
        }
    }

    /// Milliseconds for a round: the hook must be answered before its own time is over, or it refuses.
    private func time(_ next: borrowing Next) -> Int64 { max(1, min(rules.limit, next.millisecondsLeft - 1000)) }

    /// The second round: both kinds of addresses of all hosts.
    private func ask(_ hosts: Hosts, _ next: consuming Next) throws(PluginError) {
        let questions = hosts.names.flatMap { [(name: $0, type: RecordType.a), (name: $0, type: .aaaa)] }
        try resolver.lookupAll(questions, for: next, timeout: time(next)) { answers, next in
            next.answer(conclude(judge(answers, of: hosts, rules)))
        }
    }

    /// Records a verdict for other plugins, and says what becomes of the sender.
    private func conclude(_ verdict: Verdict) -> Answer {
        switch verdict {
        case .pass(let why): transaction.results.pass(why)
        case .nullMX: transaction.results.fail("null MX")
        case .noMX: transaction.results.fail("no MX")
        case .noValidMX: transaction.results.fail("no valid MX")
        case .failed(let code): transaction.results.error("\(domain): \(code)")
        }
        return answer(to: verdict, domain, rules.refusal)
    }
}

/// The rules in force.
private final class Current {
    private static let file = "mail_from.is_resolvable.ini"
    private let plugin: Plugin
    private(set) var rules = Rules()

    /// When the plugin is loaded there is nothing else to fall back to, so what is bad does not count and the rest does.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (rules, mistakes) = read()
        self.rules = rules
        for mistake in mistakes { plugin.log(.error, "\(Self.file): \(mistake); the default counts") }
    }

    /// From now on they follow the file.
    func watch() { plugin.config.watch(Self.file) { [self] in changed() } }

    /// All keys, or none.
    private func changed() {
        let (new, mistakes) = read()
        if let mistake = mistakes.first { return plugin.log(.error, "\(Self.file): all stays as it was: \(mistake)") }
        rules = new
        plugin.log(.info, "\(Self.file) has changed")
    }

    private func read() -> (Rules, [String]) {
        var rules = Rules()
        var mistakes = rules.read(plugin.config.ini(Self.file))
        do throws(PluginError) {
            let pattern = try Pattern(plugin, rules.bogusSource)
            rules.isBogus = { pattern.matches($0) }
        } catch {
            mistakes.append("re_bogus_ip: \(error.cause)")
        }
        return (rules, mistakes)
    }
}
