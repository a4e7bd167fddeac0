// One hook after the other for one connection: asks plugins in turn, waits for those that need time, ends in a verdict.
// docs/hooks.md "The chain", docs/plugin-abi.md items 12-14. Waiting and its ends: HookRun+Waiting.swift.

import HarakaCore
import HarakaPluginABI

/// Runs the hooks of one connection (or of the server, without a connection), one at a time. On the loop.
///
/// Wherever plugin code or the driver is called, the run may be cancelled, ended or started again before the call
/// returns; `turn` tells.
final class HookRun {
    enum Phase: Equatable { case idle, calling, waiting, answered }

    unowned(unsafe) let host: PluginHost
    unowned(unsafe) let state: ConnectionState?
    var slot: Int?
    var chain = HookChain(count: 0, denyCount: 0, rules: HookRules(nil))
    private var handlers: [Handler] = []
    private(set) var question = Question.connectInit
    /// The hook of the core's that runs; nil: a custom one.
    private(set) var hook: Hook?
    private(set) var rules = HookRules(nil)
    /// The hook in the fault page.
    private(set) var faultHook: UInt32 = 0
    var phase = Phase.idle
    var current: Handler?
    var handle: UInt64 = 0
    var answer: Verdict?
    /// Counted up by every cancel: who was in the middle of something then must not go on.
    var turn: UInt64 = 0
    var timer: (any HostTimer)?
    var deadlineAt = Int64.max
    /// When the plugin returned without an answer, in nanoseconds.
    var waitingSince: UInt64 = 0
    var onCancel: PluginCallback?
    /// What the plugin asks the client or other plugins at this moment.
    var exchange: Exchange?
    /// Its lookups for this hook.
    var queries: [PluginQuery] = []
    /// Since when the time limit stands still, in nanoseconds, and milliseconds that are left; nil: it does not, there is none.
    var heldSince: UInt64?
    var heldTimeLeft: Int64?
    /// Of a hook that a plugin asks: the run of the plugin's own hook.
    private(set) weak var outer: HookRun?
    /// The name of that hook; empty: there is none.
    let outerName: String
    /// How many runs are around this one.
    let level: Int
    /// For hooks without a connection: who is told when an answer came late. Called at most once.
    var completion: ((Verdict) -> Void)?
    /// Milliseconds instead of the plugin's own limit.
    var limit: Int64?

    init(_ host: PluginHost, _ state: ConnectionState?) {
        self.host = host
        self.state = state
        outerName = ""
        level = 0
        slot = host.nexts.takeSlot()
    }

    /// For a hook that a plugin of `outer` asks.
    init(inside outer: HookRun) {
        host = outer.host
        state = outer.state
        self.outer = outer
        outerName = outer.hookName
        level = outer.level + 1
        slot = host.nexts.takeSlot()
    }

    /// The name that plugins see.
    var hookName: String {
        switch question {
        case .named(let name, _, _), .custom(let name, _): name
        default: question.hook?.name ?? ""
        }
    }

    var uuid: String { state?.connection.logUUID ?? "-" }

    /// Whose handlers are asked now: those of the hook, or of `deny` or `ok` about it. Nil: a custom hook's.
    var askedHook: Hook? { chain.refusal != nil ? .deny : chain.settled != nil ? .ok : hook }

    /// The name of `askedHook`.
    var askedName: String { chain.isBeyondHook ? askedHook?.name ?? "" : hookName }

    /// Asks the plugins of `question`. The verdict, or nil if it comes later. A question that is still open is
    /// withdrawn: Haraka cancels the waiting handler when a required hook starts.
    func start(_ question: Question, _ handlers: [Handler]) -> Verdict? { advance(begin(question, handlers)) }

    /// The first step of a question, for who goes on by itself.
    func begin(_ question: Question, _ handlers: [Handler]) -> HookChain.Step {
        if phase != .idle { cancel(as: .gone) }
        self.question = question
        self.handlers = handlers
        hook = question.hook ?? Hook(name: hookName)
        // Custom hooks are reached from `unrecognized_command` and share its rules.
        rules = HookRules(hook ?? .unrecognizedCommand)
        // Who asked decides what a refusal means, and what it was asked about may be secret.
        if level > 0 { rules.consultsDeny = false }
        faultHook = hook.map { host.faults.hooks[Int($0.rawValue)] } ?? host.faults.hook(hookName)
        // Hooks of the server have no connection, and ask neither.
        let heard = state?.hooks.heard ?? .none
        chain = HookChain(
            count: handlers.count, denyCount: heard.contains(.deny) ? others(.deny).count : 0,
            okCount: heard.contains(.ok) ? others(.ok).count : 0, rules: rules)
        state?.currentHook = hookName
        return chain.start()
    }

    /// Nil: a plugin needs time, or the run was cancelled meanwhile.
    func advance(_ first: HookChain.Step) -> Verdict? {
        var step = first
        while true {
            switch step {
            case .finished(let verdict):
                phase = .idle
                current = nil
                state?.currentHook = outerName
                return verdict
            case .ask(let index):
                guard let verdict = ask(handlers[index]) else { return nil }
                step = chain.answered(verdict)
            case .askDeny(let index):
                guard let verdict = ask(.deny, index) else { return nil }
                step = chain.answered(verdict)
            case .askOK(let index):
                guard let verdict = ask(.ok, index) else { return nil }
                step = chain.answered(verdict)
            }
        }
    }

    /// Asks a handler of `deny` or `ok`.
    private func ask(_ hook: Hook, _ index: Int) -> Verdict? {
        let handlers = others(hook)
        return handlers.indices.contains(index) ? ask(handlers[index]) : .cont
    }

    private func others(_ hook: Hook) -> [Handler] { state?.hooks[hook] ?? [] }

    // MARK: asking one plugin

    /// The client has gone, or this plugin has no say in the transaction.
    func mustAskSlowly(_ handler: Handler) -> Bool {
        guard let state else { return false }
        if state.connection.remoteIsClosed, !rules.isRequired { return true }
        return state.connection.transaction?.skips(handler.plugin.name) ?? false
    }

    private func ask(_ handler: Handler) -> Verdict? {
        guard let slot else { return pluginError(handler, "cannot be asked: too many answers are awaited") }
        if handler.plugin.isRevoked { return ended }
        if let state {
            if state.connection.remoteIsClosed, !rules.isRequired { return .cont }
            if let transaction = state.connection.transaction, transaction.skips(handler.plugin.name) { return .cont }
        }
        current = handler
        answer = nil
        phase = .calling
        handle = host.nexts.open(slot)
        let turn = turn
        let code = host.call(handler, self, state)
        guard turn == self.turn else { return nil }
        return concluded(handler, code)
    }

    /// The hook function has returned.
    func concluded(_ handler: Handler, _ code: Int32) -> Verdict? {
        if code != HARAKA_PENDING {
            if host.nexts.close(handle, as: .answered) { return report(handler, verdict(code, .none, of: handler)) }
            secondAnswer(handler.plugin.name)
        }
        if let answer { return report(handler, answer) }
        // Nobody has answered yet, or another thread has just now and its answer is on its way.
        return wait(handler)
    }

    /// Checks a code; one that makes no sense is the plugin's error.
    func verdict(_ code: Int32, _ reply: PluginReply, of handler: Handler) -> Verdict {
        guard code != 0 else { return Verdict(.cont, reply) }
        let known = HookCode(rawValue: code)
        guard let known, known.makesSense(on: hook ?? .unrecognizedCommand) || chain.isBeyondHook else {
            return pluginError(handler, "answered with the code \(code), which means nothing there")
        }
        return Verdict(known, reply)
    }

    func pluginError(_ handler: Handler, _ what: String) -> Verdict {
        let name = handler.plugin.name
        host.warn(HARAKA_LOG_CRIT, name, uuid, "Plugin \(name) \(what) (hook \(askedName))")
        return failure("plugin failed")
    }

    /// A plugin that cannot decide refuses for now where that is possible: a failing scanner must not accept.
    func failure(_ text: String) -> Verdict {
        rules.canRefuse && !chain.isBeyondHook ? Verdict(.denySoft, PluginReply(text)) : .cont
    }

    /// What stands for the answer of a plugin whose `haraka_shutdown` has run.
    var ended: Verdict { failure("server is stopping") }

    /// Ends the turn of one plugin: its words go to the log, what it left for a cancel is destroyed.
    func report(_ handler: Handler, _ verdict: Verdict) -> Verdict {
        phase = .idle
        if let callback = onCancel {
            onCancel = nil
            host.doom(callback.pendingDestroy(of: handler.plugin))
        }
        endQuestions()
        let level = verdict.code == .cont ? HARAKA_LOG_DEBUG : HARAKA_LOG_INFO
        if isLogged, host.log.isEnabled(level) {
            let fields = [
                ("hook", askedName), ("plugin", handler.plugin.name),
                ("function", handler.methodName), ("params", question.parameterText(afterAuth: hasSaidAuth)),
                ("retval", verdict.code.name),
                ("msg", self.level == 0 || verdict.reply.isEmpty ? verdict.reply.text : Question.hidden),
            ]
            host.log.log(level, uuid: uuid, "", fields: fields)
        }
        return verdict
    }

    private var hasSaidAuth: Bool { state?.connection.hasSaidAuth ?? false }

    /// A line about a line would have no end, and what `config` gives may be secret.
    private var isLogged: Bool {
        switch hook {
        case .log, .logging, .config, .userConfig: false
        default: true
        }
    }

    private func secondAnswer(_ plugin: String) {
        let text = "\(plugin) plugin ran callback multiple times - ignoring subsequent calls (hook \(askedName))"
        host.warn(HARAKA_LOG_ERROR, plugin, uuid, text)
    }

    /// What the hooks `deny` and `ok` are told about the answer under discussion.
    var decision: (verdict: Verdict, plugin: String, method: String)? {
        guard let verdict = chain.refusal ?? chain.settled else { return nil }
        let handler = handlers[chain.decidingIndex]
        return (verdict, handler.plugin.name, handler.methodName)
    }
}
