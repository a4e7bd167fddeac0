// The queue for those who look at it and act on it: an administrator's commands, and plugins.

import HarakaCore
public import HarakaPluginHost
public import HarakaQueue
import NIOCore
import SMTPSyntax

/// All of this is answered from memory: the machine knows every part. What changes files is done by the clerk, behind
/// whatever it has been given before.
extension OutboundEngine {
    /// Every part that the filter means, oldest first.
    public func list(_ filter: QueueFilter) -> [QueueRow] { machine.list(filter, now: OutboundEngine.now()) }

    public var stats: QueueStats { machine.stats }

    /// Calls `done`, at once or later, when the queue can be shown and acted on: with nil; or after
    /// ``OutboundEngine/patience`` with why it cannot, for people.
    ///
    /// As long as another process has the folder nothing is known of it here, and an empty list would say that there is
    /// no mail. A start takes milliseconds, and is waited for; an old worker may be busy for half a minute.
    public func whenReady(_ done: @escaping (_ refusal: String?) -> Void) {
        guard let refusal = unreadiness else { return done(nil) }
        guard !isStopping, lockFailure == nil else { return done(refusal) }
        lastAsker += 1
        let number = lastAsker
        askers[number] = done
        nonisolated(unsafe) let engine = self
        loop.scheduleTask(in: patience) { engine.askers.removeValue(forKey: number)?(engine.unreadiness) }
    }

    /// The folder has been looked through, or never will be.
    func tellAskers() {
        let waiting = askers
        askers = [:]
        for number in waiting.keys.sorted() { waiting[number]?(unreadiness) }
    }

    private var unreadiness: String? {
        if let lockFailure { return "nothing is delivered: \(lockFailure)" }
        if isStopping { return "the delivery worker ends; try again" }
        if lock == nil { return "the queue is being handed over from the worker before; try again" }
        return look.hasEnded ? nil : "the queue's folder is being read; try again"
    }

    /// Does it to every part that the filter means; `done` is called once, on the loop, later, with how many they were,
    /// when what must be on disk is.
    public func act(
        _ action: HarakaPluginHost.QueueAction, _ filter: QueueFilter, _ done: @escaping (Int) -> Void
    ) {
        let now = OutboundEngine.now()
        let count: Int
        switch action {
        // These two make parts due; nothing is written, since a restart would find out the same or better.
        case .retry: count = machine.flush(filter, now: now)
        case .bounce: count = machine.bounce(filter, now: now)
        // These change what the next process has to know: files first, then the answer.
        case .hold: count = act(filter) { machine.hold(filter, now: now) }
        case .release: count = act(filter) { machine.release(filter, now: now) }
        case .delete: count = act(filter) { machine.delete(filter, now: now) }
        }
        // What has become due by it begins now, before anybody is told that it was done.
        wake()
        nonisolated(unsafe) let done = done
        clerk.barrier { done(count) }
    }

    /// Counts parts before the work: afterwards they may be gone, and a filter that finds one part of a mail holds all
    /// of it.
    private func act(_ filter: QueueFilter, _ work: () -> [QueueStep]) -> Int {
        let count = list(filter).count
        for step in work() { carryOut(step) }
        return count
    }
}

/// Who can be asked about the queue, wherever it is delivered. On the loop.
/// Whoever asks does not know whether the queue is delivered by his own process, and gets the same answers.
public protocol QueueAsker: AnyObject {
    func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void)
    func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void)
    func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void)
}

/// For plugins in the process that delivers. Others come by way of the supervisor, and are refused in the same words.
extension OutboundEngine: QueueAsker {
    public func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void) {
        whenReady { [self] refusal in done(refusal.map { .failure(.unavailable($0)) } ?? .success(figures)) }
    }

    private var figures: QueueFigures {
        let stats = machine.stats
        var figures = QueueFigures()
        figures.inProgress = stats.inProgress
        figures.waiting = stats.waiting
        figures.deferred = stats.deferred
        figures.held = stats.held
        figures.messages = stats.messages
        figures.recipients = stats.recipients
        figures.bytes = Int64(stats.bytes)
        return figures
    }

    public func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void) {
        whenReady { [self] refusal in
            done(refusal.map { .failure(.unavailable($0)) } ?? .success(list(query.filter).map(QueueEntry.init)))
        }
    }

    public func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void
    ) {
        whenReady { [self] refusal in
            if let refusal { return done(.failure(.unavailable(refusal))) }
            act(action, query.filter) { done(.success($0)) }
        }
    }
}

/// Two words for the same: the host's room knows no queue, and the queue's no plugins.
extension QueueQuery {
    public var filter: QueueFilter {
        var filter = QueueFilter()
        filter.id = id
        filter.domain = domain
        filter.sender = sender
        filter.recipient = recipient
        filter.olderThan = olderThan
        filter.limit = limit
        return filter
    }
}

extension QueueEntry {
    public init(_ row: QueueRow) {
        self.init()
        file = row.uuid
        uuid = row.hmailUUID
        queueTime = row.queueTime
        domain = row.domain
        // They come from addresses, and are A-labels already: nothing is left to convert, nor can it go wrong.
        from = (try? Address.parse(row.sender, idna: { $0 })) ?? .null
        to = row.recipients.compactMap { try? Address.parse($0, idna: { $0 }) }
        size = Int64(row.size)
        attempts = row.failures
        nextAttempt = row.state == .active ? 0 : row.next
        error = row.lastError
        state =
            switch row.state {
            case .active: .active
            case .ready: .waiting
            // Plugins know Haraka's words: what was never tried is not deferred, though it may wait for its time as
            // well.
            case .deferred: row.failures == 0 ? .waiting : .deferred
            case .held: .held
            }
    }
}
