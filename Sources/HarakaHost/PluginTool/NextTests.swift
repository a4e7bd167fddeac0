// Group `next`: answers that take their time, and everything that can happen meanwhile.

import HarakaCore
import HarakaPluginABI
import HarakaPluginHost

enum NextTests {
    static let all = [
        PluginTest(.next, "answers", "answers each hook once, in time", answers),
        PluginTest(.next, "client_gone", "copes with a client that leaves while it thinks", clientGone),
        PluginTest(.next, "session_ends", "copes with a session that ends while it thinks", sessionEnds),
        PluginTest(.next, "time_limit", "copes with a time limit that is over", timeLimit),
        PluginTest(.next, "shutdown", "copes with a shutdown while it thinks", shutdown),
    ]

    /// An answer that never comes holds the client until the time limit; two are an error that hides which one counted.
    private static func answers(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.load()
        let clients = thinking(harness, generation)
        let mails = thinkingMails(harness, generation)
        let began = CheckLoop.now()
        // All at once: the host gives up on each when its time is over, and says so.
        for client in clients { _ = client.wait(atMost: Int64(Harness.timeLimit * 1000) + 1000) }
        for mail in mails { mail.wait(atMost: Int64(Harness.timeLimit * 1000) + 1000) }
        if !clients.isEmpty || !mails.isEmpty {
            run.note("takes its time, \(CheckLoop.now() - began) ms here, and answers")
        }
        for client in clients { client.leave() }
        harness.loop.settle(atMost: 1000)
        harness.finish()
    }

    /// The host cancels the question: `on_cancel` runs, and an answer that still comes must do no harm.
    private static func clientGone(_ run: TestRun) throws {
        try whileThinking(run) { harness, client in
            client.vanish()
            harness.loop.settle(atMost: 300)
            client.leave()
        }
    }

    /// As when the server closes the connection: nothing is cancelled first.
    private static func sessionEnds(_ run: TestRun) throws {
        try whileThinking(run) { _, client in
            run.at("when the session ended")
            client.leave()
        }
    }

    /// The generation ends with answers open; what is left is revoked.
    private static func shutdown(_ run: TestRun) throws {
        let harness = Harness(run)
        harness.resolver.isSilent = true
        let generation = try harness.load()
        let clients = thinking(harness, generation)
        let mails = thinkingMails(harness, generation)
        guard !clients.isEmpty || !mails.isEmpty else { return run.skip("no hook takes its time") }
        // What it knew is gone when it comes back, and it is told so.
        harness.tolerated = [HARAKA_E_HANDLE]
        // The mails stay until their questions are answered.
        harness.stop()
        // That answers were left open is what was tried here.
        _ = harness.log.takeComplaints()
        harness.report(.process)
    }

    /// 20 ms instead of the plugin's own limit: it is too late with everything, and must cope.
    private static func timeLimit(_ run: TestRun) throws {
        let harness = Harness(run)
        harness.resolver.isSilent = true
        let generation = try harness.load(timeout: 0.02)
        let clients = thinking(harness, generation)
        let mails = thinkingMails(harness, generation)
        guard !clients.isEmpty || !mails.isEmpty else { return run.skip("no hook takes its time") }
        // What it knew is gone when it comes back, and it is told so.
        harness.tolerated = [HARAKA_E_HANDLE]
        run.at("after its time limit")
        for client in clients { _ = client.wait(atMost: 500) }
        for mail in mails { mail.wait(atMost: 500) }
        harness.loop.settle(atMost: 1500)
        for client in clients { client.leave() }
        // The host has complained of every one of them, as it should.
        _ = harness.log.takeComplaints()
        harness.finish(.process)
    }

    /// Does something to each client that a plugin is thinking about, then waits for late answers.
    private static func whileThinking(_ run: TestRun, _ act: (Harness, CheckClient) -> Void) throws {
        let harness = Harness(run)
        harness.resolver.isSilent = true
        let generation = try harness.load()
        let clients = thinking(harness, generation)
        let mails = thinkingMails(harness, generation)
        guard !clients.isEmpty || !mails.isEmpty else { return run.skip("no hook takes its time") }
        // What it knew is gone when it comes back, and it is told so.
        harness.tolerated = [HARAKA_E_HANDLE]
        for client in clients { act(harness, client) }
        for mail in mails { mail.withdraw() }
        run.at("after the client had gone")
        harness.loop.settle(atMost: 1500)
        harness.finish(.process)
    }

    /// A client for each hook that is not answered at once.
    private static func thinking(_ harness: Harness, _ generation: Generation) -> [CheckClient] {
        Harness.hooks(generation).flatMap { hook in
            let client = harness.connect()
            client.prepare(hook, .normal)
            let own = client.question(hook, .normal).map { [$0] } ?? []
            client.leave()
            return (own + harness.commands(hook, .normal)).compactMap { thinking(harness, hook, $0) }
        }
    }

    /// A mail for each hook that is not answered at once.
    private static func thinkingMails(_ harness: Harness, _ generation: Generation) -> [CheckMail] {
        Harness.hooks(generation).filter(CheckMail.isAbout).compactMap { hook in
            let mail = harness.mail()
            return mail.ask(hook, .normal) == nil ? mail : nil
        }
    }

    private static func thinking(_ harness: Harness, _ hook: String, _ question: Question) -> CheckClient? {
        let client = harness.connect()
        client.prepare(hook, .normal)
        if client.ask(question, hook) == nil { return client }
        client.leave()
        return nil
    }
}
