// One hook after the other for one connection: asks plugins in turn, waits for those that need time, ends in a verdict.
// docs/hooks.md "The chain", docs/plugin-abi.md items 12-14. Waiting and its ends: HookRun+Waiting.swift.

import HarakaCore
import HarakaPluginABI

/// Runs the hooks of one connection or queued mail (or of the server, without either), one at a time. On the loop.
///
/// Wherever plugin code or the driver is called, the run may be cancelled, ended or started again before the call
/// returns; `turn` tells.
final class HookRun {
    enum Phase: Equatable { case idle, calling, waiting, answered }

    unowned(unsafe) let host: PluginHost
    unowned(unsafe) let state: ConnectionState?
    /// The queued mail that outbound hooks are about.
    unowned(unsafe) let mail: HMailState?
    var slot: Int?
    var chain = HookChain(count: 0, denyCount: 0, rules: HookRules(nil))
    private(set) var handlers: [Handler] = []
    private(set) var question = Question.connectInit
    /// The question about `mail`, in the place of that.
    private(set) var outbound: OutboundQuestion?
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
    /// It is about this one, which does not need its client any more; nil: about the connection's.
    var alone: Transaction?
    private var isAlone: Bool { alone != nil }
    /// The one that plugins are given.
    var transaction: Transaction? { alone ?? state?.connection.transaction }
    /// Milliseconds instead of the plugin's own limit.
    var limit: Int64?

    init(_ host: PluginHost, _ state: ConnectionState?) {
        self.host = host
        self.state = state
        mail = nil
        outerName = ""
        level = 0
        slot = host.nexts.takeSlot()
    }

    /// For the hooks of a queued mail.
    init(_ host: PluginHost, about mail: HMailState) {
        self.host = host
        state = nil
        self.mail = mail
        outerName = ""
        level = 0
        slot = host.nexts.takeSlot()
    }

    /// For a hook that a plugin of `outer` asks.
    init(inside outer: HookRun) {
        host = outer.host
        state = outer.state
        mail = outer.mail
        self.outer = outer
        outerName = outer.hookName
        level = outer.level + 1
        slot = host.nexts.takeSlot()
    }

    /// The name that plugins see.
    var hookName: String {
        if let outbound { return outbound.hook.name }
        switch question {
        case .named(let name, _, _), .custom(let name, _): return name
        default: return question.hook?.name ?? ""
        }
    }

    var uuid: String { state?.connection.logUUID ?? mail?.mail.uuid ?? "-" }

    /// Whose handlers are asked now: those of the hook, or of `deny` or `ok` about it. Nil: a custom hook's.
    var askedHook: Hook? { chain.refusal != nil ? .deny : chain.settled != nil ? .ok : hook }

    /// The name of `askedHook`.
    var askedName: String { chain.isBeyondHook ? askedHook?.name ?? "" : hookName }

    /// Asks the plugins of `question`. The verdict, or nil if it comes later. A question that is still open is
    /// withdrawn: Haraka cancels the waiting handler when a required hook starts.
    func start(_ question: Question, _ handlers: [Handler]) -> Verdict? { advance(begin(question, handlers)) }

    /// The same about the queued mail. Neither `deny` nor `ok` is asked: there is no client.
    func start(_ question: OutboundQuestion, _ handlers: [Handler]) -> Verdict? {
        if phase != .idle { cancel(as: .gone) }
        outbound = question
        self.handlers = handlers
        hook = question.hook
        rules = HookRules(question.hook)
        faultHook = host.faults.hooks[Int(question.hook.rawValue)]
        chain = HookChain(count: handlers.count, denyCount: 0, rules: rules)
        return advance(chain.start())
    }

    /// The first step of a question, for who goes on by itself.
    func begin(_ question: Question, _ handlers: [Handler]) -> HookChain.Step {
        if phase != .idle { cancel(as: .gone) }
        self.question = question
        self.handlers = handlers
        hook = question.hook ?? Hook(name: hookName)
        // Custom hooks are reached from `unrecognized_command` and share its rules.
        rules = HookRules(hook ?? .unrecognizedCommand)
        // Who asked decides what a refusal means, and what it was asked about may be secret.
        if level > 0 || isAlone { rules.consultsDeny = false }
        if isAlone { rules.isRequired = true }
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
            if let transaction, transaction.skips(handler.plugin.name) { return .cont }
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
}
