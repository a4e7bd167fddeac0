// A hook that waits for its plugin, and the ways in which that ends: an answer, the time limit, a client that left, a
// generation that is over. docs/plugin-abi.md items 13-15, 23.

import HarakaCore
import HarakaPluginABI

extension HookRun {
    /// The plugin has returned without an answer.
    func wait(_ handler: Handler) -> Verdict? {
        guard !rules.isSynchronous else {
            _ = host.nexts.close(handle, as: .revoked)
            return report(handler, pluginError(handler, "must answer at once"))
        }
        phase = .waiting
        host.blame.note(handle, handler.plugin.name, askedName)
        host.waiting[handle] = self
        startTime()
        return nil
    }

    // MARK: answers

    /// The first answer to this very question has come.
    func answered(_ bits: UInt64, _ code: Int32, _ reply: PluginReply) {
        guard bits == handle, let current, phase == .calling || phase == .waiting else { return }
        answer = verdict(code, reply, of: current)
        guard phase == .waiting else { return }
        phase = .answered
        host.ready.append(self)
    }

    /// Goes on after an answer that came while nobody was in a plugin.
    func resumeAnswered() {
        guard phase == .answered, let current, let answer else { return }
        forgetWaiting()
        current.answered(after: Clock.nanoseconds() &- waitingSince)
        let isOver = current.isRevoked
        resume(report(current, answer))
        if isOver { host.scheduleUnloading() }
    }

    private func resume(_ verdict: Verdict) {
        guard let final = advance(chain.answered(verdict)) else { return }
        guard let completion else {
            state?.driver.hooksCompleted(final)
            return
        }
        self.completion = nil
        completion(final)
    }

    private func forgetWaiting() {
        host.waiting[handle] = nil
        timer?.cancel()
        timer = nil
    }

    // MARK: no answer

    func timedOut(_ bits: UInt64) {
        guard phase == .waiting, bits == handle, let current, host.nexts.close(bits, as: .timedOut) else { return }
        let name = current.plugin.name
        let text = "Plugin \(name) timed out on hook \(askedName) - make sure it calls the callback"
        host.warn(HARAKA_LOG_CRIT, name, uuid, text)
        giveUp(current, failure("plugin timeout"))
    }

    /// The plugin's generation ends while it thinks.
    func revoked() {
        guard phase == .waiting, let current, host.nexts.close(handle, as: .revoked) else { return }
        let text = "Plugin \(current.plugin.name) had not answered the hook \(askedName) when it ended; revoked"
        host.warn(HARAKA_LOG_WARN, current.plugin.name, uuid, text)
        giveUp(current, ended)
    }

    /// Tells the plugin, then goes on with `verdict` in its place.
    private func giveUp(_ handler: Handler, _ verdict: Verdict) {
        forgetWaiting()
        phase = .idle
        replaceSlot()
        endQuestions()
        let turn = turn
        tellCancelled(handler.plugin, isSafe: true)
        guard turn == self.turn else { return }
        resume(report(handler, verdict))
        host.settleIfOutside()
    }

    /// Nobody waits any more: the client left, or another question is more important.
    func cancel(as reason: NextState) {
        turn &+= 1
        guard phase != .idle else { return }
        _ = host.nexts.close(handle, as: reason)
        forgetWaiting()
        let plugin = current?.plugin
        phase = .idle
        current = nil
        answer = nil
        state?.currentHook = outerName
        replaceSlot()
        endQuestions(as: reason)
        if let plugin { tellCancelled(plugin, isSafe: level == 0) }
    }

    /// Runs the cancel callback, then its destroy. Within a host function it has to wait until the plugin returns; of a hook
    /// that another plugin asks, until that plugin's own hook has come to rest.
    private func tellCancelled(_ plugin: Plugin, isSafe: Bool) {
        guard let callback = onCancel else { return }
        onCancel = nil
        guard host.depth == 0, isSafe else {
            host.doom(PendingDestroy(pointer: callback.context, destroy: callback.function, plugin: plugin))
            return host.doom(callback.pendingDestroy(of: plugin))
        }
        // Doomed first: `enter` destroys when the callback has returned.
        host.doom(callback.pendingDestroy(of: plugin))
        host.enter(plugin, .cancel) { callback.run() }
    }

    /// False: there is one already, or the question is another one now.
    func setCancel(_ bits: UInt64, _ callback: PluginCallback) -> Bool {
        guard bits == handle, phase == .calling || phase == .waiting, onCancel == nil else { return false }
        onCancel = callback
        return true
    }

    /// A slot that ended unusually rests for a while, so that a late answer learns why nobody took it.
    private func replaceSlot() {
        if let slot { host.nexts.retire(slot) }
        slot = host.nexts.takeSlot()
    }

    /// The run is over for good.
    func end(as reason: NextState = .gone) {
        cancel(as: reason)
        completion = nil
        if let slot { host.nexts.retire(slot) }
        slot = nil
    }
}
