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
        guard generation.isRetired, generation.connectionCount == 0, generation.openQuestions == 0,
            !generation.hasEnded
        else { return }
        shutDown(generation, within: 30_000) {}
    }

    /// Ends everything at a plain stop, bounded to `milliseconds` in all: a build that is under way, the generations
    /// that live, and those whose plugins are still shutting down. Nothing can be built afterwards.
    public func stop(within milliseconds: Int64, then done: @escaping () -> Void) {
        isStopping = true
        cancelBuild("the server is stopping")
        for generation in endingGenerations { generation.shutdown?.hurry(milliseconds) }
        let living = liveGenerations.filter { !$0.hasEnded }
        let all = living + endingGenerations
        var left = all.count
        guard left > 0 else { return done() }
        let one = {
            left -= 1
            if left == 0 { done() }
        }
        for generation in endingGenerations { generation.whenEnded.append(one) }
        for generation in living.reversed() { shutDown(generation, within: milliseconds, then: one) }
    }

    /// `haraka_shutdown` of each plugin in reverse order, each once, then everything that is left is revoked.
    private func shutDown(_ generation: Generation, within milliseconds: Int64, then done: @escaping () -> Void) {
        guard !generation.hasEnded else { return done() }
        generation.hasEnded = true
        generation.whenEnded.append(done)
        endingGenerations.append(generation)
        let run = GenerationShutdown(self, generation, within: milliseconds) { [self] in end(generation) }
        generation.shutdown = run
        run.next()
    }

    /// All of its plugins have been shut down.
    private func end(_ generation: Generation) {
        generation.shutdown = nil
        // All first: what one of them leaves open must not be handed on to the next.
        for plugin in generation.plugins { plugin.identity.isRevoked.store(true, ordering: .sequentiallyConsistent) }
        for plugin in generation.plugins.reversed() { revoke(plugin, quietly: false) }
        takePointers()
        liveGenerations.removeAll { $0 === generation }
        endingGenerations.removeAll { $0 === generation }
        settleIfOutside()
        unload(generation)
        warn(HARAKA_LOG_NOTICE, "core", "-", "plugin generation \(generation.number) has ended")
        let waiting = generation.whenEnded
        generation.whenEnded = []
        for done in waiting { done() }
    }

    /// Timers may run until the end, and nobody waits for names any more; what else is under way then has come too late.
    private func reportLeft(_ plugin: Plugin) {
        let timers = plugin.work.values.count { $0.kind == .timer }
        if timers > 0 { warn(HARAKA_LOG_DEBUG, plugin.name, "-", "timers stopped at its end: \(timers)") }
        let lookups = plugin.queries.count
        if lookups > 0 { warn(HARAKA_LOG_DEBUG, plugin.name, "-", "lookups given up at its end: \(lookups)") }
        let requests = plugin.requests.count
        if requests > 0 {
            warn(HARAKA_LOG_DEBUG, plugin.name, "-", "answers of the queue not awaited at its end: \(requests)")
        }
        let dialogues = plugin.dialogues.values.map(\.shownPeer).sorted().joined(separator: ", ")
        if !dialogues.isEmpty {
            warn(HARAKA_LOG_WARN, plugin.name, "-", "left open at its end: dialogues with \(dialogues); closed")
        }
        let left = plugin.work.values.filter { $0.kind != .timer }.map(\.kind.rawValue).sorted()
        guard !left.isEmpty else { return }
        let text = "left behind at its end: \(left.joined(separator: ", ")); revoked"
        warn(HARAKA_LOG_WARN, plugin.name, "-", text)
    }

    /// Takes back all that a plugin registered, but for its pointers on connections. Its handle names nothing
    /// afterwards.
    func revoke(_ plugin: Plugin, quietly: Bool) {
        plugin.identity.isRevoked.store(true, ordering: .sequentiallyConsistent)
        revoked[plugin.handle.bits] = plugin
        if !quietly { reportLeft(plugin) }
        for work in Array(plugin.work.values) { work.end() }
        for query in Array(plugin.queries.values) { query.end() }
        for request in Array(plugin.requests.values) { request.end() }
        for dialogue in Array(plugin.dialogues.values) { dialogue.abort() }
        let thinking = waiting.values.filter { $0.current?.plugin === plugin }
        for run in thinking { run.revoked() }
        let messages = messages.releaseAll(of: plugin.handle.bits)
        if messages > 0 { warn(HARAKA_LOG_WARN, plugin.name, "-", "did not release \(messages) messages") }
        let streams = streams.closeAll(of: plugin.handle.bits)
        if streams > 0 { warn(HARAKA_LOG_WARN, plugin.name, "-", "did not close \(streams) streams") }
        for regex in plugin.regexes { regexes.remove(regex.handle) }
        plugin.regexes = []
        for one in plugin.serverPointers.take() { doom(one) }
        for callback in plugin.watches.values { doom(callback.pendingDestroy(of: plugin)) }
        plugin.watches = [:]
        for context in plugin.contexts {
            doom(PendingDestroy(pointer: context.pointer, destroy: context.destroy, plugin: plugin))
        }
        plugin.contexts = []
        for view in plugin.views {
            doom(view.pendingDestroy)
            view.data = nil
            view.destroyData = nil
        }
        plugins.remove(plugin.handle)
        // Its identity stays while its code does: a thread of the plugin that lives on is told HARAKA_E_REVOKED, and
        // the log still names it.
    }

    /// Takes what plugins that are over have left on connections and transactions: those of their own generation at a
    /// plain stop, and any that they have learnt the handle of.
    func takePointers() {
        for state in connections.objects { for one in state.pointers.takeRevoked() { doom(one) } }
        for state in transactions.objects { for one in state.pointers.takeRevoked() { doom(one) } }
        for state in hmails.objects { for one in state.pointers.takeRevoked() { doom(one) } }
        for body in bodies.values { body.endRevoked() }
    }

    /// Runs a server hook (`init_master`, `init_child`) of a generation. Synchronous.
    public func askServer(_ hook: Hook, of generation: Generation) -> Verdict {
        let run = HookRun(self, nil)
        defer { run.end() }
        let question = Question.named(hook.name, word: "", rest: "")
        let verdict = run.start(question, generation.hooks[hook])
        settleIfOutside()
        return verdict ?? .cont
    }
}
