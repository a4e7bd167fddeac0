// Lookups in the domain name system, from the host's service dns/1.
import CHarakaPluginKit

/// One answer, with the Next that waited for it.
public typealias DNSBody = (_ answer: DNSAnswer, _ next: consuming Next) throws(PluginError) -> Void
/// Answers in the order of their questions, with the Next that waited for them.
public typealias DNSListBody = (_ answers: [DNSAnswer], _ next: consuming Next) throws(PluginError) -> Void

/// Asks for names, with a cache that all plugins of the process share. plugin.ini: `needs=dns/1`. Loop thread only.
///
///     plugin.hook("mail") { call, next throws(PluginError) in
///         guard let sender = call.address(0), let resolver = call.plugin.resolver else { return next.continue() }
///         try resolver.lookup(sender.host.string, .mx, for: next) { answer, next in
///             answer.isEmpty ? next.deny("no such domain") : next.continue()
///         }
///     }
public struct Resolver: @unchecked Sendable {
    private let service: UnsafePointer<haraka_dns_1>
    private let owner: haraka_self

    /// nil: this host does not offer it.
    public init?(_ plugin: Plugin) {
        guard let service = HarakaPluginKit.service("dns/1", haraka_dns_1.self) else { return nil }
        (self.service, owner) = (service, plugin.handle)
    }

    /// Asks for a hook, and gives its Next back with the answer. When the hook ends before (the client has left, the time limit
    /// is over), the lookup ends with it and `body` is let go. If too many lookups are under way, the answer is `.failed`.
    ///
    /// `strict`: an answer with wrong signatures is none. `timeout`: milliseconds; 0: the configured limit, never more than it.
    public func lookup(
        _ name: String, _ type: RecordType, for next: consuming Next, strict: Bool = false, timeout: Int64 = 0,
        then body: @escaping DNSBody
    ) throws(PluginError) {
        let options = options(strict, timeout, next.handle)
        let waiting = Waiting(next)
        let box = DNSBox { answer in waiting.resume { next throws(PluginError) in try body(answer, next) } }
        try ask(name, type, options, box)
    }

    /// Asks for all of them at once, and gives the Next back when all are answered. Answers stand in the order of the questions.
    ///
    ///     try resolver.lookupAll([(host, .a), (host, .aaaa)], for: next) { answers, next in ... }
    public func lookupAll(
        _ questions: [(name: String, type: RecordType)], for next: consuming Next, strict: Bool = false,
        timeout: Int64 = 0, then body: @escaping DNSListBody
    ) throws(PluginError) {
        let options = options(strict, timeout, next.handle)
        let gathering = Gathering(next, questions.count, body)
        for (index, question) in questions.enumerated() {
            let box = DNSBox { answer in gathering.answered(index, answer) }
            try ask(question.name, question.type, options, box)
        }
        gathering.started()
    }

    /// Asks on behalf of nobody: `body` runs once unless the lookup is cancelled or the plugin is unloaded.
    @discardableResult
    public func lookup(
        _ name: String, _ type: RecordType, strict: Bool = false, timeout: Int64 = 0,
        then body: @escaping (_ answer: DNSAnswer) -> Void
    ) throws(PluginError) -> Query {
        var query = haraka_query()
        let status = start(name, type, options(strict, timeout, haraka_next()), DNSBox(body), &query)
        try PluginError.check(status, "lookup of \(name)")
        return Query(service: service, handle: query)
    }

    /// The name for a reverse lookup of an address: `4.3.2.1.in-addr.arpa`, or `4.3.2.1.<zone>` as block lists want it; IPv6 by
    /// nibbles. nil: no address.
    public func reverseName(_ ip: some Lendable, zone: String = "") -> String? {
        ip.lend { ip in
            zone.lent { zone in
                var name = haraka_str()
                return service.pointee.reverse_name(ip.lent, zone, &name) < 0 ? nil : Text(name).string
            }
        }
    }

    /// Starts one whose box must be told in any case: what the host is too busy for has failed.
    private func ask(
        _ name: String, _ type: RecordType, _ options: haraka_dns_options, _ box: DNSBox
    ) throws(PluginError) {
        var query = haraka_query()
        let status = start(name, type, options, box, &query)
        guard status != HARAKA_E_LIMIT else {
            return box.body(DNSAnswer(name, type, .failed, reason: "too many lookups are under way"))
        }
        try PluginError.check(status, "lookup of \(name)")
    }

    private func start(
        _ name: String, _ type: RecordType, _ options: haraka_dns_options, _ box: DNSBox,
        _ query: inout haraka_query
    ) -> Int32 {
        var options = options
        return name.lent { name in
            handOver(box) { context in
                var callback = haraka_dns_callback(function: runDNS, context: context, destroy: releaseKept)
                return service.pointee.lookup(owner, name, type.rawValue, &options, &callback, &query)
            }
        }
    }

    private func options(_ strict: Bool, _ timeout: Int64, _ next: haraka_next) -> haraka_dns_options {
        haraka_dns_options(
            size: MemoryLayout<haraka_dns_options>.size, flags: strict ? HARAKA_DNS_STRICT : 0, reserved: 0,
            timeout: timeout, next: next)
    }
}

/// A lookup that is under way. Loop thread only.
public struct Query: @unchecked Sendable {
    fileprivate let service: UnsafePointer<haraka_dns_1>
    fileprivate let handle: haraka_query

    /// Its answer will not come. Harmless if it has come.
    public func cancel() { _ = service.pointee.cancel(handle) }
}

extension Plugin {
    /// nil: this host does not offer names.
    public var resolver: Resolver? { Resolver(self) }
}

/// Waits for the last of many answers.
private final class Gathering {
    private let waiting: Waiting
    private let body: DNSListBody
    private var answers: [DNSAnswer?]
    /// Of the answers, and one more until all questions are asked: some may be answered at once.
    private var missing: Int

    init(_ next: consuming Next, _ count: Int, _ body: @escaping DNSListBody) {
        waiting = Waiting(next)
        self.body = body
        answers = Array(repeating: nil, count: count)
        missing = count + 1
    }

    func answered(_ index: Int, _ answer: DNSAnswer) {
        answers[index] = answer
        started()
    }

    func started() {
        missing -= 1
        guard missing == 0 else { return }
        let (answers, body) = (answers.compactMap { $0 }, body)
        waiting.resume { next throws(PluginError) in try body(answers, next) }
    }
}

private final class DNSBox {
    let body: (DNSAnswer) -> Void
    init(_ body: @escaping (DNSAnswer) -> Void) { self.body = body }
}

private let runDNS: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<haraka_dns_answer>?) -> Void = {
    context, answer in
    guard let context, let answer else { return }
    Unmanaged<DNSBox>.fromOpaque(context).takeUnretainedValue().body(DNSAnswer(answer.pointee))
}
