// The order in which a hook's plugins are asked, and what their answers add up to. docs/hooks.md "The chain".

/// One run of a hook, as a pure machine: it says which handler to ask next, is told the answer, and ends in a verdict.
///
/// A refusal asks the handlers of the `deny` hook first; one of them may cancel it with OK, and the handlers of the
/// original hook that were not asked yet go on. A refusal by a `deny` handler means CONT (Haraka recurses without end).
public struct HookChain: Sendable {
    /// What to do next.
    public enum Step: Sendable, Equatable {
        /// Ask this handler of the hook.
        case ask(Int)
        /// Ask this handler of the `deny` hook about `refusal`.
        case askDeny(Int)
        case finished(Verdict)
    }

    private let count: Int
    private let denyCount: Int
    private let rules: HookRules
    private var index = 0
    private var denyIndex = 0
    private var last = PluginReply.none
    /// The refusal that the `deny` hook is asked about, and which handler gave it.
    public private(set) var refusal: Verdict?

    /// - Parameters:
    ///   - count: handlers of the hook; 0 ends at once in CONT
    ///   - denyCount: handlers of the `deny` hook
    public init(count: Int, denyCount: Int, rules: HookRules) {
        self.count = count
        self.denyCount = denyCount
        self.rules = rules
    }

    /// The first step.
    public func start() -> Step { count > 0 ? .ask(0) : .finished(.cont) }

    /// The handler that gave the refusal under discussion.
    public var refusingIndex: Int { index }

    /// The handler that was asked last has answered.
    public mutating func answered(_ verdict: Verdict) -> Step {
        if let refusal { return denyAnswered(verdict, about: refusal) }
        if verdict.code == .cont || rules.asksEveryone {
            last = verdict.reply
            return proceed()
        }
        guard verdict.code.isRefusal, rules.consultsDeny, denyCount > 0 else { return .finished(verdict) }
        refusal = verdict
        denyIndex = 0
        return .askDeny(0)
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
        denyIndex += 1
        let goesOn = verdict.code == .cont || verdict.code.isRefusal
        return goesOn && denyIndex < denyCount ? .askDeny(denyIndex) : .finished(refusal)
    }
}
