// A lookup of a plugin's: its callback, and how it ends. plugin.h "dns/1".

import HarakaCore
import HarakaPluginABI

typealias PluginDNSFunction = @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<haraka_dns_answer>?) -> Void

/// One lookup that is under way. Its context is destroyed exactly once. On the loop.
final class PluginQuery {
    private let host: PluginHost
    private let plugin: Plugin
    private let function: PluginDNSFunction
    private let context: PendingDestroy
    /// The hook for which it is, and the handle that the plugin was given for it; nil: for none.
    private weak var run: HookRun?
    private let next: UInt64
    private(set) var handle = Handle(bits: 0)
    private var lookup: (any PluginLookup)?
    private var isOver = false

    init(_ host: PluginHost, _ plugin: Plugin, _ callback: haraka_dns_callback, _ function: @escaping PluginDNSFunction)
    {
        self.host = host
        self.plugin = plugin
        self.function = function
        context = PendingDestroy(pointer: callback.context, destroy: callback.destroy, plugin: plugin)
        next = 0
    }

    init(
        _ host: PluginHost, _ plugin: Plugin, _ callback: haraka_dns_callback, _ function: @escaping PluginDNSFunction,
        for run: HookRun
    ) {
        self.host = host
        self.plugin = plugin
        self.function = function
        self.run = run
        context = PendingDestroy(pointer: callback.context, destroy: callback.destroy, plugin: plugin)
        next = run.handle
    }

    /// Asks. False: too many lookups are under way, and the context stays the plugin's.
    func start(_ question: NameQuestion, strict: Bool, within milliseconds: Int64) -> Bool {
        guard let resolver = host.resolver, let handle = host.queries.insert(self) else { return false }
        self.handle = handle
        if let answer = resolver.remembered(question, strict: strict) {
            comeSoon(answer)
        } else {
            lookup = resolver.lookup(question, strict: strict, within: milliseconds) { [self] in come($0) }
            guard lookup != nil else {
                host.queries.remove(handle)
                return false
            }
        }
        begin()
        return true
    }

    /// Nobody can be asked: the answer is known.
    func answer(_ answer: NameAnswer) -> Bool {
        guard let handle = host.queries.insert(self) else { return false }
        self.handle = handle
        comeSoon(answer)
        begin()
        return true
    }

    private func begin() {
        plugin.queries[ObjectIdentifier(self)] = self
        run?.queries.append(self)
    }

    private func comeSoon(_ answer: NameAnswer) { host.afterReturn(of: plugin) { [self] in deliver(answer) } }

    /// From the resolver, in a turn of the loop of its own; if it is not, the plugin that runs has to return first.
    private func come(_ answer: NameAnswer) {
        guard !isOver else { return }
        comeSoon(answer)
        host.settleIfOutside()
    }

    private func deliver(_ answer: NameAnswer) {
        guard !isOver else { return }
        let run = run
        close()
        guard !plugin.isRevoked else { return }
        guard next != 0 else { return host.enter(plugin, .lookup) { call(answer) } }
        // Answered a moment ago, by another thread.
        guard let run, run.handle == next, run.phase == .waiting, host.nexts.state(next) == .open else { return }
        host.enter(plugin, for: run) { call(answer) }
    }

    private func call(_ answer: NameAnswer) {
        var lent = host.arena.lend(answer)
        function(context.pointer, &lent)
    }

    /// It is over, and its callback will not run (again).
    func end() {
        guard !isOver else { return }
        lookup?.cancel()
        close()
    }

    private func close() {
        isOver = true
        lookup = nil
        host.queries.remove(handle)
        plugin.queries[ObjectIdentifier(self)] = nil
        run?.queries.removeAll { $0 === self }
        host.doom(context)
    }
}

extension Arena {
    /// Valid until the call has returned, as all that is lent.
    fileprivate mutating func lend(_ answer: NameAnswer) -> haraka_dns_answer {
        var out = haraka_dns_answer()
        out.size = MemoryLayout<haraka_dns_answer>.size
        out.status = answer.status.rawValue
        out.security = answer.security.rawValue
        out.type = UInt32(answer.question.type)
        out.ttl = answer.ttl
        out.name = lend(answer.question.name)
        out.canonical = lend(answer.canonical)
        out.reason = lend(answer.reason)
        guard !answer.records.isEmpty else { return out }
        let records = allocate(haraka_dns_record.self, answer.records.count)
        for (index, record) in answer.records.enumerated() {
            records[index] = haraka_dns_record(
                type: UInt32(record.type), ttl: record.ttl, priority: UInt32(record.priority), reserved: 0,
                text: lend(record.text), data: record.data.withUnsafeBytes { lend($0) })
        }
        out.records = UnsafePointer(records)
        out.count = answer.records.count
        return out
    }
}
