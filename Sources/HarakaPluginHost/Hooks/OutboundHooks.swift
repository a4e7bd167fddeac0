// Asking plugins about queued mails, and about mails that no client has sent. docs/hooks.md "Outbound".

public import HarakaCore

extension PluginHost {
    /// Whether any plugin is on that hook, so that nobody makes a question that is not asked. Outbound hooks know no
    /// role: all plugins of all lists are asked, in the order of loading.
    public func isHeard(_ hook: Hook) -> Bool { generation?.hooks.heard.contains(hook) ?? false }

    /// Asks the plugins of the current generation. `done` is called once, on the loop: at once, if nobody is on the
    /// hook or all answer at once. Seconds of DELAY and DENYSOFT, and the value of `get_mx`, are in the reply's value,
    /// or in its text.
    ///
    /// One question at a time about each mail: another one withdraws it, and its `done` is not called.
    public func ask(_ question: OutboundQuestion, about mail: HMail, _ done: @escaping (Verdict) -> Void) {
        guard let generation, generation.hooks.heard.contains(question.hook) else { return done(.cont) }
        let state = HMailState.of(mail, self)
        let run = state.hookRun()
        withdraw(state)
        state.question = MailQuestion(mail: mail, generation: generation, done: done)
        generation.openQuestions += 1
        run.completion = { [unowned(unsafe) state, self] verdict in answered(state, verdict) }
        if let verdict = run.start(question, generation.hooks[question.hook]) {
            run.completion = nil
            answered(state, verdict)
        }
        settleIfOutside()
    }

    /// The open question about the mail is not needed any more; its `done` is not called.
    public func cancel(_ mail: HMail) {
        guard let held = mail.pluginState else { return }
        withdraw(unsafeDowncast(held, to: HMailState.self))
        settleIfOutside()
    }

    private func withdraw(_ state: HMailState) {
        guard let question = state.question else { return }
        state.question = nil
        let run = state.hookRun()
        run.completion = nil
        run.cancel(as: .gone)
        closed(question.generation)
    }

    private func answered(_ state: HMailState, _ verdict: Verdict) {
        guard let question = state.question else { return }
        state.question = nil
        closed(question.generation)
        question.done(verdict)
    }

    private func closed(_ generation: Generation) {
        generation.openQuestions -= 1
        endIfDone(generation)
    }
}
