// The order in which a hook's plugins are asked, and what their answers add up to. docs/hooks.md "The chain".

/// One run of a hook, as a pure machine: it says which handler to ask next, is told the answer, and ends in a verdict.
///
/// A refusal asks the handlers of the `deny` hook first; one of them may cancel it with OK, and the handlers of the
/// original hook that were not asked yet go on. A refusal by a `deny` handler means CONT (Haraka recurses without end).
/// Whatever else ends the hook is told to the handlers of the `ok` hook, who change nothing about it.
public struct HookChain: Sendable {
    /// What to do next.
    public enum Step: Sendable, Equatable {
        /// Ask this handler of the hook.
        case ask(Int)
        /// Ask this handler of the `deny` hook about `refusal`.
        case askDeny(Int)
        /// Tell this handler of the `ok` hook about `settled`.
        case askOK(Int)
        case finished(Verdict)
    }

    private let count: Int
    private let denyCount: Int
    private let okCount: Int
    private let rules: HookRules
    private var index = 0
    /// Which handler of `deny` or `ok` is asked.
    private var otherIndex = 0
    private var last = PluginReply.none
    /// The refusal that the `deny` hook is asked about.
    public private(set) var refusal: Verdict?
    /// The answer that has ended the hook, while the `ok` hook is told.
    public private(set) var settled: Verdict?

    /// - Parameters:
    ///   - count: handlers of the hook; 0 ends at once in CONT
    ///   - denyCount: handlers of the `deny` hook
    ///   - okCount: handlers of the `ok` hook
    public init(count: Int, denyCount: Int, okCount: Int = 0, rules: HookRules) {
        self.count = count
        self.denyCount = rules.consultsDeny ? denyCount : 0
        self.okCount = rules.consultsDeny ? okCount : 0
        self.rules = rules
    }

    /// The first step.
    public func start() -> Step { count > 0 ? .ask(0) : .finished(.cont) }

    /// The handler that gave the answer under discussion: `refusal` or `settled`.
    public var decidingIndex: Int { index }

    /// The hook's own handlers are through; those of `deny` or `ok` are asked.
    public var isBeyondHook: Bool { refusal != nil || settled != nil }

    /// The handler that was asked last has answered.
    public mutating func answered(_ verdict: Verdict) -> Step {
        if let refusal { return denyAnswered(verdict, about: refusal) }
        if let settled { return okAnswered(verdict, about: settled) }
        if verdict.code == .cont || rules.asksEveryone {
            last = verdict.reply
            return proceed()
        }
        otherIndex = 0
        if verdict.code.isRefusal {
            guard denyCount > 0 else { return .finished(verdict) }
            refusal = verdict
            return .askDeny(0)
        }
        guard okCount > 0 else { return .finished(verdict) }
        settled = verdict
        return .askOK(0)
    }

    /// That many handlers more have said CONT without a word.
    public mutating func skipped(_ more: Int) -> Step {
        last = .none
        index += more
        return index < count ? .ask(index) : .finished(.cont)
    }

    private mutating func proceed() -> Step {
        index += 1
        return index < count ? .ask(index) : .finished(Verdict(.cont, last))
    }

    private mutating func denyAnswered(_ verdict: Verdict, about refusal: Verdict) -> Step {
        if verdict.code == .ok {
            self.refusal = nil
            last = verdict.reply
            return proceed()
        }
        otherIndex += 1
        let goesOn = verdict.code == .cont || verdict.code.isRefusal
        return goesOn && otherIndex < denyCount ? .askDeny(otherIndex) : .finished(refusal)
    }

    private mutating func okAnswered(_ verdict: Verdict, about settled: Verdict) -> Step {
        otherIndex += 1
        return verdict.code == .cont && otherIndex < okCount ? .askOK(otherIndex) : .finished(settled)
    }
}
