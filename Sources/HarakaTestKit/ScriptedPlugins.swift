// Plugins that answer by script: each hook has the answers of its handlers, in order.

public import HarakaCore

/// The handlers of a test, asked through the real `HookChain`.
public struct ScriptedPlugins {
    /// What one handler does when it is asked.
    public enum Answer: Sendable, Equatable {
        case now(Verdict)
        /// Answers when the test says so, or never.
        case later
    }

    /// Answers for the coming askings of a hook: for each asking the answers of all handlers.
    private var coming: [String: [[Answer]]] = [:]
    private var always: [String: [Answer]] = [:]
    /// The hooks that anything was ever scripted for.
    private(set) var heard = HookSet.none

    public init() {}

    /// Adds a handler to the next asking of `hook`; with `then`, to the asking after those that are scripted already.
    public mutating func add(_ answer: Answer, to hook: String, then: Bool = false) {
        hear(hook)
        var askings = coming[hook] ?? []
        if then || askings.isEmpty { askings.append([]) }
        askings[askings.count - 1].append(answer)
        coming[hook] = askings
    }

    /// Adds a handler that gives this answer whenever nothing else is scripted.
    public mutating func addAlways(_ answer: Answer, to hook: String) {
        hear(hook)
        always[hook, default: []].append(answer)
    }

    private mutating func hear(_ hook: String) {
        if let hook = Hook(name: hook) { heard.insert(hook) }
    }

    /// The handlers' answers for one asking.
    mutating func take(_ hook: String) -> [Answer] {
        guard var askings = coming[hook], !askings.isEmpty else { return always[hook] ?? [] }
        let answers = askings.removeFirst()
        coming[hook] = askings
        return answers
    }
}

extension Question {
    /// The hook's name, that of a custom one included.
    public var hookName: String {
        switch self {
        case .named(let name, _, _), .custom(let name, _): name
        default: hook?.name ?? ""
        }
    }
}

/// One asking of a hook under way.
struct ScriptedRun {
    let question: Question
    private var chain: HookChain
    private let answers: [ScriptedPlugins.Answer]
    private let denials: [ScriptedPlugins.Answer]
    private let listeners: [ScriptedPlugins.Answer]
    /// Handlers of `deny` that were asked.
    private(set) var denialsAsked = 0
    /// Handlers of `ok` that were asked.
    private(set) var listenersAsked = 0

    init(_ question: Question, _ plugins: inout ScriptedPlugins) {
        self.question = question
        answers = plugins.take(question.hookName)
        denials = answers.contains { $0 != .now(.cont) } ? plugins.take(Hook.deny.name) : []
        listeners = answers.contains(where: \.mayEndInPeace) ? plugins.take(Hook.ok.name) : []
        let rules = HookRules(question.hook ?? Hook(name: question.hookName) ?? .unrecognizedCommand)
        chain = HookChain(
            count: answers.count, denyCount: denials.count, okCount: listeners.count, rules: rules)
    }

    /// The verdict, or nil if a handler takes its time.
    mutating func start() -> Verdict? { advance(chain.start()) }

    /// The handler that took its time has answered.
    mutating func answered(_ verdict: Verdict) -> Verdict? { advance(chain.answered(verdict)) }

    private mutating func advance(_ first: HookChain.Step) -> Verdict? {
        var step = first
        while true {
            let answer: ScriptedPlugins.Answer
            switch step {
            case .finished(let verdict): return verdict
            case .ask(let index): answer = answers[index]
            case .askDeny(let index):
                denialsAsked += 1
                answer = denials[index]
            case .askOK(let index):
                listenersAsked += 1
                answer = listeners[index]
            }
            guard case .now(let verdict) = answer else { return nil }
            step = chain.answered(verdict)
        }
    }
}

extension ScriptedPlugins.Answer {
    /// The hook may end with it, and not in a refusal: then the plugins of `ok` are told.
    fileprivate var mayEndInPeace: Bool {
        guard case .now(let verdict) = self else { return true }
        return verdict.code != .cont && !verdict.code.isRefusal
    }
}

extension HookSet {
    /// The hooks that Haraka has: a machine asks these in tests whether or not anything is scripted for them.
    public static let haraka: HookSet = {
        var hooks = HookSet.none
        for hook in Hook.allCases where hook.isHarakas { hooks.insert(hook) }
        return hooks
    }()

    func union(_ other: HookSet) -> HookSet { HookSet(Hook.allCases.filter { contains($0) || other.contains($0) }) }
}

extension Hook {
    fileprivate var isHarakas: Bool {
        switch self {
        case .postFork, .logging, .config, .userConfig, .preConnection, .heloParse, .ehloParse, .authParse, .auth,
            .authPlain, .authLogin, .authCRAMMD5, .help, .mailParse, .mailPre, .rcptParse, .rcptPre, .receivedLine,
            .dataHeadersEnd, .dataPostHeaders, .queuePre, .queuePost, .ok, .postConnection, .preSendTransEmail:
            false
        default: true
        }
    }
}
