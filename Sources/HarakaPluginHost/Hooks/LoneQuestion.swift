// Questions about a transaction whose connection has no session, or is in the middle of another hook: mails that
// plugins send. docs/hooks.md "Outbound".

public import HarakaCore

extension PluginHost {
    /// Asks about `transaction` beside whatever hook the connection is in. `done` is called once, on the loop, perhaps
    /// at once; with CONT, if the connection ends before the plugins have answered.
    ///
    /// The connection may be bare (Haraka's fake connection): one that `begin` was not called with. It is begun and
    /// ended here, has the transaction meanwhile, and nothing that plugins want it to do is done.
    public func askAlone(
        _ question: Question, _ connection: Connection, _ transaction: Transaction, _ done: @escaping (Verdict) -> Void
    ) {
        guard let hook = question.hook, isHeard(hook) else { return done(.cont) }
        let question = LoneQuestion(self, connection, question, done)
        question.begin(transaction)
        settleIfOutside()
    }
}

/// One such question, while it is open. On the loop.
final class LoneQuestion {
    private let host: PluginHost
    private let connection: Connection
    private let question: Question
    /// Nil: it was called.
    private var done: ((Verdict) -> Void)?
    private var run: HookRun?
    /// Stands for the client of a bare connection; nil: there is one.
    private var driver: LoneDriver?

    init(_ host: PluginHost, _ connection: Connection, _ question: Question, _ done: @escaping (Verdict) -> Void) {
        self.host = host
        self.connection = connection
        self.question = question
        self.done = done
    }

    func begin(_ transaction: Transaction) {
        if connection.pluginState == nil {
            let driver = LoneDriver(connection)
            self.driver = driver
            connection.transaction = transaction
            host.beginAlone(driver)
        }
        guard let held = connection.pluginState else { return finish(.cont) }
        let state = unsafeDowncast(held, to: ConnectionState.self)
        let handlers = state.hooks.handlers(of: question)
        guard !handlers.isEmpty else { return finish(.cont) }
        let outer = state.run.flatMap { $0.phase == .idle ? nil : $0 }
        let run = outer.map(HookRun.init(inside:)) ?? HookRun(host, state)
        run.alone = transaction
        self.run = run
        state.lone.append(self)
        run.completion = { [self] in finish($0) }
        if let verdict = run.start(question, handlers) { finish(verdict) }
    }

    private func finish(_ verdict: Verdict) {
        guard let done else { return }
        self.done = nil
        run?.end()
        if let held = connection.pluginState {
            unsafeDowncast(held, to: ConnectionState.self).lone.removeAll { $0 === self }
        }
        if driver != nil { host.end(connection) }
        done(verdict)
    }

    /// The connection is over.
    func end() { finish(.cont) }
}

/// Nobody is there to be answered.
private final class LoneDriver: ConnectionDriver {
    let connection: Connection
    init(_ connection: Connection) { self.connection = connection }
    func respond(_ code: Int, _ reply: PluginReply) {}
    func requestDisconnect() {}
    func pauseReading() {}
    func resumeReading() {}
    func hooksCompleted(_ verdict: Verdict) {}
}
