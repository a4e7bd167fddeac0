// The life of a generation: swapped in, drained, shut down, revoked. docs/plugin-abi.md items 22-24.

public import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// The most generations that may be alive before the oldest one's idle clients are sent away.
    static let maximumGenerations = 8

    /// New connections use `next` from now on; the old generation ends with its last connection. On the loop.
    public func commit(_ next: Generation) {
        let old = generation
        generation = next
        liveGenerations.append(next)
        if let old {
            old.isRetired = true
            endIfDone(old)
        }
        for oldest in liveGenerations.dropLast(PluginHost.maximumGenerations) where !oldest.isEvicted {
            oldest.isEvicted = true
            onEvict?(oldest)
        }
    }

    /// A generation that was built but will not be used.
    public func discard(_ generation: Generation, then done: @escaping () -> Void = {}) {
        generation.isRetired = true
        shutDown(generation, within: 5000, then: done)
    }

    func endIfDone(_ generation: Generation) {
        guard generation.isRetired, generation.connectionCount == 0, !generation.hasEnded else { return }
        shutDown(generation, within: 30_000) {}
    }

    /// Ends the running generation at a plain stop, bounded to `milliseconds` in all.
    public func stop(within milliseconds: Int64, then done: @escaping () -> Void) {
        let living = liveGenerations.filter { !$0.hasEnded }
        var left = living.count
        guard left > 0 else { return done() }
        for generation in living.reversed() {
            shutDown(generation, within: milliseconds) {
                left -= 1
                if left == 0 { done() }
            }
        }
    }

    /// `haraka_shutdown` of each plugin in reverse order, each once, then everything that is left is revoked.
    private func shutDown(_ generation: Generation, within milliseconds: Int64, then done: @escaping () -> Void) {
        guard !generation.hasEnded else { return done() }
        generation.hasEnded = true
        let run = GenerationShutdown(self, generation, within: milliseconds) { [self] in
            // All first: what one of them leaves open must not be handed on to the next.
            for plugin in generation.plugins { plugin.identity.isRevoked.store(true, ordering: .releasing) }
            for plugin in generation.plugins.reversed() { revoke(plugin, quietly: false) }
            liveGenerations.removeAll { $0 === generation }
            settleIfOutside()
            warn(HARAKA_LOG_NOTICE, "core", "-", "plugin generation \(generation.number) has ended")
            done()
        }
        run.next()
    }

    /// Timers may run until the end; what else is under way then has come too late.
    private func reportLeft(_ plugin: Plugin) {
        let timers = plugin.work.values.count { $0.kind == .timer }
        if timers > 0 { warn(HARAKA_LOG_DEBUG, plugin.name, "-", "timers stopped at its end: \(timers)") }
        let left = plugin.work.values.filter { $0.kind != .timer }.map(\.kind.rawValue).sorted()
        guard !left.isEmpty else { return }
        let text = "left behind at its end: \(left.joined(separator: ", ")); revoked"
        warn(HARAKA_LOG_WARN, plugin.name, "-", text)
    }

    /// Takes back all that a plugin registered. Its handle names nothing afterwards.
    func revoke(_ plugin: Plugin, quietly: Bool) {
        plugin.identity.isRevoked.store(true, ordering: .releasing)
        if !quietly { reportLeft(plugin) }
        for work in Array(plugin.work.values) { work.end() }
        let thinking = waiting.values.filter { $0.current?.plugin === plugin }
        for run in thinking { run.revoked() }
        let messages = messages.releaseAll(of: plugin.handle.bits)
        if messages > 0 { warn(HARAKA_LOG_WARN, plugin.name, "-", "did not release \(messages) messages") }
        for regex in plugin.regexes { regexes.remove(regex.handle) }
        plugin.regexes = []
        takePointers(of: plugin)
        for context in plugin.contexts { doom(PendingDestroy(pointer: context.pointer, destroy: context.destroy)) }
        plugin.contexts = []
        for view in plugin.views {
            doom(PendingDestroy(pointer: view.data, destroy: view.destroyData))
            view.data = nil
            view.destroyData = nil
        }
        plugins.remove(plugin.handle)
        // Its identity stays: a thread of the plugin that lives on is told HARAKA_E_REVOKED, and the log still names it.
    }

    /// Its pointers on the server, and at a plain stop on connections that are still there.
    private func takePointers(of plugin: Plugin) {
        for one in plugin.serverPointers.take() { doom(one) }
        guard plugin.generation.connectionCount > 0 else { return }
        let owner = plugin.handle.bits
        for state in connections.objects { for one in state.pointers.take(of: owner) { doom(one) } }
        for state in transactions.objects { for one in state.pointers.take(of: owner) { doom(one) } }
    }

    /// Runs a server hook (`init_master`, `init_child`) of a generation. Synchronous.
    public func askServer(_ hook: Hook, of generation: Generation) -> Verdict {
        let run = HookRun(self, nil)
        defer { run.end() }
        let question = Question.named(hook.name, word: "", rest: "")
        let verdict = run.start(question, generation.hooks[hook], deny: [])
        settleIfOutside()
        return verdict ?? .cont
    }
}

/// One run of `haraka_shutdown` through a generation: child, then each parent, plugin after plugin.
final class GenerationShutdown {
    private unowned let host: PluginHost
    private let generation: Generation
    private var views: [PluginView]
    private let deadline: Int64
    private let done: () -> Void
    /// Keeps itself alive until it is through.
    private var keep: GenerationShutdown?

    init(_ host: PluginHost, _ generation: Generation, within milliseconds: Int64, _ done: @escaping () -> Void) {
        self.host = host
        self.generation = generation
        views = generation.plugins.reversed().flatMap(\.views)
        deadline = Clock.monotonic() + milliseconds
        self.done = done
        keep = self
    }

    func next() {
        while !views.isEmpty {
            let view = views.removeFirst()
            guard let address = view.object.function("haraka_shutdown") else { continue }
            let method = PluginMethod(
                function: unsafeBitCast(address, to: PluginFunction.self), context: nil, view: view)
            let handler = Handler(method: method, methodName: "haraka_shutdown", priority: 0)
            let run = HookRun(host, nil)
            let left = max(1, deadline - Clock.monotonic())
            run.limit = min(30_000, left)
            run.completion = { [self] _ in
                run.end()
                next()
            }
            guard run.start(.named("shutdown", word: "", rest: ""), [handler], deny: []) != nil else {
                return host.settleIfOutside()
            }
            run.end()
        }
        keep = nil
        done()
    }
}
