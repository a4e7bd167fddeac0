// Lookups of names on an event loop: cache, hosts file, then libunbound. docs/dns.md.

public import HarakaCore
public import NIOCore

/// Looks up names. One for each event loop, used on that loop only; it costs nothing until the first lookup.
///
/// What is known is given at once by `remembered`. Everything else goes to libunbound; those who ask the same at the
/// same time share one question. Each lookup ends within its limit, whatever the network does, and when the resolvers
/// are silent as a whole this costs the limit once, not once for each lookup.
public final class Resolver {
    /// A level of HarakaLog's (3 error, 4 warn, 5 notice ...) and a line for the log.
    public typealias Log = (_ level: Int32, _ text: String) -> Void

    private(set) var settings: DNSSettings
    let loop: any EventLoop
    private(set) var limit: TimeAmount
    let log: Log
    var cache: AnswerCache
    var hosts: HostsTable
    var silence: Silence
    var isLooking = false
    var queries: [NameQuestion: Query] = [:]
    var bySerial: [UInt64: Query] = [:]
    var lookupCount = 0
    private var unbound: Unbound?
    private var serial: UInt64 = 0
    private(set) var isClosed = false

    /// - Parameter log: called on the loop when the resolvers fall silent and when they answer again, and for what goes
    ///   wrong inside.
    public init(_ settings: DNSSettings, loop: any EventLoop, log: @escaping Log = { _, _ in }) {
        self.settings = settings
        self.loop = loop
        self.log = log
        limit = Resolver.amount(settings.limit)
        cache = AnswerCache(entries: settings.cacheEntries, bytes: settings.cacheBytes)
        hosts = HostsTable(settings.hostsFile)
        silence = Silence(limit: limit)
    }

    /// Lookups that are waited for.
    public var underWay: Int { lookupCount }

    /// What is known without asking: from the cache, from the hosts file, or because the name is none. The answer's
    /// `ttl` is what is left of it; that of its records is as it came.
    ///
    /// - Parameter strict: an answer whose signatures are wrong is none, but has the status `bogus` (RFC 4035).
    public func remembered(_ question: NameQuestion, strict: Bool) -> NameAnswer? {
        // What is kept has a proper name, so the name is looked at only when there is nothing.
        let now = NIODeadline.now()
        if let finding = cache.find(question, now: now) { return finding.answer(strict: isStrict(strict)) }
        guard let name = DomainName.normal(question.name) else { return Resolver.badName(question) }
        if let answer = hosts.answer(NameQuestion(name, question.type)) { return answer }
        guard name != question.name else { return nil }
        return cache.find(NameQuestion(name, question.type), now: now)?.answer(strict: isStrict(strict))
    }

    /// Calls `done` once, on the loop, after this has returned.
    ///
    /// - Parameter limit: if it is shorter than that of the settings.
    /// - Returns: nil if too many lookups are under way or the resolver is closed: `done` is not called.
    public func lookup(
        _ question: NameQuestion, strict: Bool, limit: TimeAmount?, _ done: @escaping (NameAnswer) -> Void
    ) -> Lookup? {
        guard lookupCount < settings.maxUnderWay, !isClosed else { return nil }
        let lookup = Lookup(strict: isStrict(strict), done)
        lookup.resolver = self
        lookupCount += 1
        if let answer = remembered(question, strict: strict) ?? silentAnswer(question) {
            answerSoon(lookup, answer)
        } else if let query = query(NameQuestion(DomainName.normal(question.name) ?? "", question.type)) {
            wait(lookup, for: query, min(limit ?? self.limit, self.limit))
        } else {
            answerSoon(lookup, NameAnswer(question, .failed, reason: Resolver.cannotStart))
        }
        return lookup
    }

    /// Goes by other settings from now on: what was remembered is forgotten, and questions under way are asked anew.
    public func change(_ new: DNSSettings) {
        guard new != settings, !isClosed else { return }
        settings = new
        limit = Resolver.amount(new.limit)
        cache = AnswerCache(entries: new.cacheEntries, bytes: new.cacheBytes)
        hosts = HostsTable(new.hostsFile)
        silence = Silence(limit: limit)
        let open = Array(queries.values)
        endUnbound()
        for old in open {
            for lookup in Array(old.lookups.values) {
                guard let query = query(old.question) else {
                    finish(lookup, NameAnswer(old.question, .failed, reason: Resolver.cannotStart))
                    continue
                }
                query.lookups[ObjectIdentifier(lookup)] = lookup
                lookup.query = query
            }
        }
    }

    /// Ends everything: no `done` is called any more. Does not wait for the network.
    public func close() {
        isClosed = true
        for query in queries.values {
            for lookup in query.lookups.values { lookup.end() }
        }
        lookupCount = 0
        _ = silence.heard()
        endUnbound()
    }

    private func endUnbound() {
        for query in queries.values { query.asked.cancel() }
        queries = [:]
        bySerial = [:]
        unbound?.close()
        unbound = nil
    }

    deinit { close() }

    // MARK: questions

    /// The question that is under way, or a new one.
    private func query(_ question: NameQuestion) -> Query? {
        if let query = queries[question] { return query }
        guard let unbound = unbound ?? startUnbound() else { return nil }
        serial &+= 1
        guard let asked = unbound.ask(question, serial) else { return nil }
        let query = Query(question, serial, asked)
        queries[question] = query
        bySerial[serial] = query
        take(silence.asked(now: .now()))
        return query
    }

    private func startUnbound() -> Unbound? {
        nonisolated(unsafe) weak let resolver = self
        let loop = loop
        unbound = Unbound(UnboundOptions(settings)) { reports in
            loop.execute { resolver?.take(reports) }
        }
        if unbound == nil { log(3, "dns: libunbound cannot be started") }
        return unbound
    }

    private func answerSoon(_ lookup: Lookup, _ answer: NameAnswer) {
        nonisolated(unsafe) let lookup = lookup
        nonisolated(unsafe) weak let resolver = self
        loop.execute { resolver?.finish(lookup, answer) }
    }

    private func wait(_ lookup: Lookup, for query: Query, _ limit: TimeAmount) {
        query.lookups[ObjectIdentifier(lookup)] = lookup
        lookup.query = query
        lookup.isPatient = limit == self.limit
        nonisolated(unsafe) weak let waiting = lookup
        lookup.start(loop.scheduleTask(in: limit) { waiting.map { $0.resolver?.timedOut($0) } })
    }

    // MARK: what the probe needs

    func askForSign() { (unbound ?? startUnbound())?.askForSign() }

    /// Begins again with nothing that was remembered of servers. Nothing is under way.
    func renewUnbound() {
        unbound?.close()
        unbound = nil
    }

    /// The machine may have come into another network.
    func followSystem() {
        if let unbound, unbound.forwarders != settings.forwarders { renewUnbound() }
    }

    func isStrict(_ strict: Bool) -> Bool { strict || settings.validation == .strict }

    private static let cannotStart = "the resolver cannot be started"

    /// A millisecond at least, an hour at most.
    private static func amount(_ seconds: Double) -> TimeAmount {
        .milliseconds(Int64(min(max(0.001, seconds), 3600) * 1000))
    }

    static func badName(_ question: NameQuestion) -> NameAnswer {
        NameAnswer(question, .badName, reason: "no domain name")
    }
}
