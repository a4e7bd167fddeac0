// Into plugin code and out of it.

extension PluginHost {
    /// Runs `body`, which calls code of `plugin`. What was lent is taken back afterwards; at the outermost return, hook
    /// runs that were answered meanwhile go on.
    func enter<Result>(_ plugin: Plugin, _ entrance: FaultFrames.Entrance, _ body: () -> Result) -> Result {
        enter(plugin, leaving: faults.enter(plugin.faultIndex, entrance), body)
    }

    /// The same for what a plugin does inside a hook after its function has returned: the frame names that hook.
    func enter<Result>(_ plugin: Plugin, for run: HookRun, _ body: () -> Result) -> Result {
        let (hook, connection) = (faultHook(of: run), faultConnection(of: run))
        return enter(plugin, leaving: faults.enter(plugin: plugin.faultIndex, hook: hook, connection: connection), body)
    }

    /// The same on behalf of a client, if there is one.
    func enter<Result>(
        _ plugin: Plugin, _ entrance: FaultFrames.Entrance, for state: ConnectionState?, _ body: () -> Result
    ) -> Result {
        let hook = faults.entrances[entrance.rawValue]
        let connection = state?.faultIndex ?? 0
        return enter(plugin, leaving: faults.enter(plugin: plugin.faultIndex, hook: hook, connection: connection), body)
    }

    private func enter<Result>(_ plugin: Plugin, leaving outerFault: FaultFrames.Outer, _ body: () -> Result) -> Result
    {
        let mark = arena.mark
        let outer = frame
        frame = Frame(heldPlugin: .passUnretained(plugin))
        depth += 1
        let result = body()
        depth -= 1
        frame = outer
        faults.leave(outerFault)
        arena.reset(to: mark)
        settleIfOutside()
        return result
    }

    /// Destroys what was replaced and resumes what was answered while plugin code ran.
    ///
    /// A loop, never a recursion: what a resumed run leaves behind is settled by the outermost call, so plugins that
    /// answer each other's hooks cannot use up the stack.
    private func settle() {
        guard !isSettling else { return }
        isSettling = true
        defer { isSettling = false }
        var left = PluginHost.deferredPerTurn
        while true {
            let dead = doomed
            doomed = []
            for one in dead { destroy(one) }
            if !ready.isEmpty {
                ready.removeFirst().resumeAnswered()
            } else if left > 0, let one = deferred.popFirst() {
                left -= 1
                one.work()
            } else if doomed.isEmpty {
                break
            }
        }
        goOnWithDeferred()
    }

    private var isUnsettled: Bool { !doomed.isEmpty || !ready.isEmpty || !deferred.isEmpty }

    private func destroy(_ one: PendingDestroy) {
        let mark = arena.mark
        let outer = frame
        let outerFault = faults.enter(one.plugin.faultIndex, .destroy)
        frame = Frame(heldPlugin: .passUnretained(one.plugin))
        depth += 1
        one.run()
        depth -= 1
        frame = outer
        faults.leave(outerFault)
        arena.reset(to: mark)
    }

    func doom(_ one: PendingDestroy?) {
        guard let one, one.destroy != nil else { return }
        doomed.append(one)
    }

    /// Settles, unless plugin code is on the stack: then `enter` will.
    func settleIfOutside() { if depth == 0, isUnsettled { settle() } }

    /// Settles at the loop's next turn: for callers in whose middle no plugin code may run.
    func settleSoon() {
        guard !willSettle, isUnsettled else { return }
        willSettle = true
        loop.execute { [self] in
            willSettle = false
            settleIfOutside()
        }
    }
}
