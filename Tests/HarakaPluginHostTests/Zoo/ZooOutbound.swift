// A queue of the zoo: it notes what it is asked, and answers when a test says so.

import HarakaCore
import HarakaPluginHost

/// On the loop.
final class ZooOutbound: PluginOutbound {
    private(set) var mails: [PluginMail] = []
    private(set) var transactions: [(uuid: String, client: String?)] = []
    private(set) var queries: [QueueQuery] = []
    private(set) var actions: [QueueAction] = []
    /// Who waits for a verdict, in order.
    private var waiting: [(Verdict) -> Void] = []
    /// Answers inside of the call.
    var isRash = false
    /// The queue is not there.
    var failure: PluginQueueFailure?

    func send(_ mail: PluginMail, _ done: @escaping (Verdict) -> Void) {
        mails.append(mail)
        wait(done)
    }

    func sendTransaction(_ transaction: Transaction, _ connection: Connection?, _ done: @escaping (Verdict) -> Void) {
        transactions.append((transaction.uuid, connection?.uuid))
        wait(done)
    }

    private func wait(_ done: @escaping (Verdict) -> Void) {
        if isRash { done(ZooOutbound.queued) } else { waiting.append(done) }
    }

    static let queued = Verdict(.ok, PluginReply("Message Queued (N.1)"))

    /// Tells whoever has waited longest, so many times.
    func answer(_ verdict: Verdict = ZooOutbound.queued, times: Int = 1) {
        guard !waiting.isEmpty else { return }
        let done = waiting.removeFirst()
        for _ in 0..<times { done(verdict) }
    }

    func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void) {
        if let failure { return done(.failure(failure)) }
        var figures = QueueFigures()
        figures.inProgress = 1
        figures.waiting = 2
        figures.deferred = 3
        figures.held = 4
        figures.messages = 5
        figures.recipients = 6
        figures.bytes = 7
        done(.success(figures))
    }

    func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void) {
        queries.append(query)
        if let failure { return done(.failure(failure)) }
        var entry = QueueEntry()
        entry.file = "U.1"
        entry.uuid = "U.1.1"
        entry.queueTime = 1000
        entry.domain = "example.org"
        entry.size = 8
        entry.attempts = 2
        entry.nextAttempt = 3000
        entry.state = .deferred
        entry.error = "busy"
        done(.success([entry]))
    }

    func act(
        _ action: QueueAction, _ query: QueueQuery, _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void
    ) {
        actions.append(action)
        queries.append(query)
        if let failure { return done(.failure(failure)) }
        done(.success(3))
    }
}
