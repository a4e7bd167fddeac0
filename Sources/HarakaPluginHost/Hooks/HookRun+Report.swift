// The end of one plugin's turn: what the log says about it, and what the hooks `deny` and `ok` are told.

import HarakaCore
import HarakaPluginABI

extension HookRun {
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
                ("function", handler.methodName), ("params", parameterText),
                ("retval", verdict.code.name),
                ("msg", self.level == 0 || verdict.reply.isEmpty ? verdict.reply.text : Question.hidden),
            ]
            host.log.log(level, uuid: uuid, "", fields: fields)
        }
        return verdict
    }

    private var parameterText: String {
        outbound?.parameterText ?? question.parameterText(afterAuth: state?.connection.hasSaidAuth ?? false)
    }

    /// A line about a line would have no end, and what `config` gives may be secret.
    private var isLogged: Bool {
        switch hook {
        case .log, .logging, .config, .userConfig: false
        default: true
        }
    }

    func secondAnswer(_ plugin: String) {
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
