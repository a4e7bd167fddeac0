// One hook after the other for one connection: asks plugins in turn, waits for those that need time, ends in a verdict.
// hooks.md section 2, plugin-abi.md items 12-14.

import HarakaCore
import HarakaPluginABI

/// Runs the hooks of one connection (or of the server, without a connection), one at a time. On the loop.
final class HookRun {
    private enum Phase: Equatable { case idle, calling, waiting, answered }

    unowned let host: PluginHost
    private unowned(unsafe) let state: ConnectionState?
    private var slot: Int?
    private var chain = HookChain(count: 0, denyCount: 0, rules: HookRules(nil))
    private var handlers: [Handler] = []
    private var denyHandlers: [Handler] = []
    private(set) var question = Question.connectInit
    private var rules = HookRules(nil)
    private var phase = Phase.idle
    private var current: Handler?
    private(set) var handle: UInt64 = 0
    private var answer: Verdict?
    private var timer: (any HostTimer)?
    private var deadlineAt = Int64.max
    private var onCancel: PluginCallback?
    /// For hooks without a connection: who is told when an answer came late.
    var completion: ((Verdict) -> Void)?
    /// Milliseconds instead of the plugin's own limit.
    var limit: Int64?

    init(_ host: PluginHost, _ state: ConnectionState?) {
        self.host = host
        self.state = state
        slot = host.nexts.takeSlot()
    }

    var isWaiting: Bool { phase == .waiting || phase == .answered }

    /// The name that plugins see.
    private var hookName: String {
        if case .named(let name, _, _) = question { return name }
        return question.hook?.name ?? ""
    }

    /// Asks the plugins of `question`. The verdict, or nil if it comes later.
    func start(_ question: Question, _ handlers: [Handler], deny: [Handler]) -> Verdict? {
        self.question = question
        self.handlers = handlers
        denyHandlers = deny
        rules = HookRules(question.hook ?? Hook(name: hookName) ?? .unrecognizedCommand)
        chain = HookChain(count: handlers.count, denyCount: deny.count, rules: rules)
        state?.currentHook = hookName
        return advance(chain.start())
    }

    private func advance(_ first: HookChain.Step) -> Verdict? {
        var step = first
        while true {
            switch step {
            case .finished(let verdict):
                phase = .idle
                current = nil
                state?.currentHook = ""
                return verdict
            case .ask(let index):
                guard let verdict = ask(handlers[index], aboutDenial: false) else { return nil }
                step = chain.answered(verdict)
            case .askDeny(let index):
                guard let verdict = ask(denyHandlers[index], aboutDenial: true) else { return nil }
                step = chain.answered(verdict)
            }
        }
    }

    // MARK: asking one plugin

    private func ask(_ handler: Handler, aboutDenial: Bool) -> Verdict? {
        guard let slot else { return pluginError(handler, "cannot be asked: too many answers are awaited") }
        if let state {
            if state.connection.remoteIsClosed, !rules.isRequired { return .cont }
            if let transaction = state.connection.transaction, transaction.skips(handler.plugin.name) { return .cont }
        }
        current = handler
        answer = nil
        phase = .calling
        handle = host.nexts.open(slot)
        let code = host.call(handler, self, state, aboutDenial: aboutDenial)
        return concluded(handler, code)
    }

    /// The hook function has returned.
    private func concluded(_ handler: Handler, _ code: Int32) -> Verdict? {
        if code == HARAKA_PENDING {
            if let answer { return report(handler, answer) }
            return wait(handler)
        }
        let isFirst = host.nexts.close(handle, as: .answered)
        guard isFirst else {
            // On the loop the earlier answer counts; one from another thread has not arrived yet and is dropped then.
            secondAnswer(handler.plugin.name, hookName)
            return report(handler, answer ?? verdict(code, .none, of: handler))
        }
        return report(handler, verdict(code, .none, of: handler))
    }

    /// Checks a code; one that makes no sense is the plugin's error.
    func verdict(_ code: Int32, _ reply: PluginReply, of handler: Handler) -> Verdict {
        guard code != 0 else { return Verdict(.cont, reply) }
        guard let known = HookCode(rawValue: code), known.makesSense(on: question.hook) || chain.refusal != nil else {
            return pluginError(handler, "answered with the code \(code), which means nothing there")
        }
        return Verdict(known, reply)
    }

    private func pluginError(_ handler: Handler, _ what: String) -> Verdict {
        let name = handler.plugin.name
        host.warn(HARAKA_LOG_CRIT, name, uuid, "Plugin \(name) \(what) (hook \(hookName))")
        return rules.canRefuse && chain.refusal == nil ? Verdict(.denySoft, PluginReply("plugin failed")) : .cont
    }

    private var uuid: String { state?.connection.logUUID ?? "-" }

    private func report(_ handler: Handler, _ verdict: Verdict) -> Verdict {
        phase = .idle
        let level = verdict.code == .cont ? HARAKA_LOG_DEBUG : HARAKA_LOG_INFO
        if question.hook != .log, host.log.isEnabled(level) {
            let words = verdict.reply.isEmpty ? "" : "\"\(verdict.reply.text)\""
            let text =
                "hook=\(chain.refusal == nil ? hookName : "deny") plugin=\(handler.plugin.name) "
                + "function=\(handler.methodName) params=\"\(question.parameterText)\" retval=\(verdict.code.name) msg=\(words)"
            host.log.log(level, uuid: uuid, origin: "core", text)
        }
        return verdict
    }

    // MARK: waiting for one plugin

    private func wait(_ handler: Handler) -> Verdict? {
        guard !rules.isSynchronous else {
            _ = host.nexts.close(handle, as: .revoked)
            phase = .idle
            return report(handler, pluginError(handler, "must answer at once"))
        }
        phase = .waiting
        host.blame.note(handle, handler.plugin.name, hookName)
        host.waiting[handle] = self
        let timeout = limit ?? handler.plugin.timeout
        guard timeout > 0 else {
            deadlineAt = .max
            return nil
        }
        deadlineAt = Clock.monotonic() + timeout
        let bits = handle
        nonisolated(unsafe) let run = self
        timer = host.loop.schedule(after: timeout) { run.timedOut(bits) }
        return nil
    }

    /// Milliseconds that the plugin has left.
    var timeLeft: Int64 {
        guard let current, case let timeout = limit ?? current.plugin.timeout, timeout > 0 else { return .max }
        return phase == .waiting ? max(0, deadlineAt - Clock.monotonic()) : timeout
    }

    private func timedOut(_ bits: UInt64) {
        guard phase == .waiting, bits == handle, let current, host.nexts.close(bits, as: .timedOut) else { return }
        let name = current.plugin.name
        let text = "Plugin \(name) timed out on hook \(hookName) - make sure it calls the callback"
        host.warn(HARAKA_LOG_CRIT, name, uuid, text)
        tellCancelled()
        replaceSlot()
        let verdict = rules.canRefuse ? Verdict(.denySoft, PluginReply("plugin timeout")) : .cont
        resume(report(current, verdict))
    }

    /// An answer to this very question has come on the loop. False if it was not the first.
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
        endWaiting()
        resume(report(current, answer))
    }

    private func resume(_ verdict: Verdict) {
        guard let final = advance(chain.answered(verdict)) else { return }
        if let completion { return completion(final) }
        state?.driver.hooksCompleted(final)
    }

    private func endWaiting() {
        host.waiting[handle] = nil
        timer?.cancel()
        timer = nil
        if let callback = onCancel {
            onCancel = nil
            host.doom(callback.pendingDestroy)
        }
    }

    private func tellCancelled() {
        host.waiting[handle] = nil
        let callback = onCancel
        onCancel = nil
        timer?.cancel()
        timer = nil
        guard let callback, let current else { return }
        host.enter(current.plugin, hook: hookName) { callback.run() }
        host.doom(callback.pendingDestroy)
        host.settleIfOutside()
    }

    func setCancel(_ bits: UInt64, _ callback: PluginCallback) -> Bool {
        guard bits == handle, phase == .calling || phase == .waiting, onCancel == nil else { return false }
        onCancel = callback
        return true
    }

    // MARK: an end from outside

    /// Nobody waits any more: the client left, or the server stops. Required hooks go on.
    func cancel(as reason: NextState) {
        guard phase == .waiting || phase == .answered else { return }
        _ = host.nexts.close(handle, as: reason)
        phase = .idle
        tellCancelled()
        current = nil
        answer = nil
        replaceSlot()
    }

    private func replaceSlot() {
        if let slot { host.nexts.retire(slot) }
        slot = host.nexts.takeSlot()
    }

    func end() {
        cancel(as: .gone)
        if let slot { host.nexts.retire(slot) }
        slot = nil
    }

    private func secondAnswer(_ plugin: String, _ hook: String) {
        let text = "\(plugin) plugin ran callback multiple times - ignoring subsequent calls (hook \(hook))"
        host.warn(HARAKA_LOG_ERROR, plugin, uuid, text)
    }

    /// What the `deny` hook is told about the refusal under discussion.
    var refusal: (verdict: Verdict, plugin: String, method: String)? {
        guard let refusal = chain.refusal else { return nil }
        let handler = handlers[chain.refusingIndex]
        return (refusal, handler.plugin.name, handler.methodName)
    }

    /// The plugin that is thinking.
    var thinking: Plugin? { phase == .waiting || phase == .calling ? current?.plugin : nil }
}
