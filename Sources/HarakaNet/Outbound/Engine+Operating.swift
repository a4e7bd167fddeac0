// The queue for those who look at it and act on it: an administrator's commands, and plugins.

import HarakaCore
public import HarakaPluginHost
public import HarakaQueue
import NIOCore
import SMTPSyntax

extension OutboundEngine {
    /// Every part that the filter means, oldest first.
    public func list(_ filter: QueueFilter) -> [QueueRow] { machine.list(filter, now: OutboundEngine.now()) }

    public var stats: QueueStats { machine.stats }

    /// Does it to every part that the filter means; `done` is called once, on the loop, later, with how many they were, when
    /// what must be on disk is.
    public func act(
        _ action: HarakaPluginHost.QueueAction, _ filter: QueueFilter, _ done: @escaping (Int) -> Void
    ) {
        let now = OutboundEngine.now()
        let count: Int
        switch action {
        case .retry: count = machine.flush(filter, now: now)
        case .bounce: count = machine.bounce(filter, now: now)
        case .hold: count = act(filter) { machine.hold(filter, now: now) }
        case .release: count = act(filter) { machine.release(filter, now: now) }
        case .delete: count = act(filter) { machine.delete(filter, now: now) }
        }
        wake()
        nonisolated(unsafe) let done = done
        clerk.submit { [loop] in loop.execute { done(count) } }
    }

    private func act(_ filter: QueueFilter, _ work: () -> [QueueStep]) -> Int {
        let count = list(filter).count
        for step in work() { carryOut(step) }
        return count
    }
}

/// Who can be asked about the queue, wherever it is delivered. On the loop.
public protocol QueueAsker: AnyObject {
    func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void)
    func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void)
    func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void)
}

extension OutboundEngine: QueueAsker {
    public func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void) {
        let stats = machine.stats
        var figures = QueueFigures()
        figures.inProgress = stats.inProgress
        figures.waiting = stats.waiting
        figures.deferred = stats.deferred
        figures.held = stats.held
        figures.messages = stats.messages
        figures.recipients = stats.recipients
        figures.bytes = Int64(stats.bytes)
        done(.success(figures))
    }

    public func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void) {
        done(.success(list(query.filter).map(QueueEntry.init)))
    }

    public func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void
    ) {
        act(action, query.filter) { done(.success($0)) }
    }
}

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
            case .deferred: row.failures == 0 ? .waiting : .deferred
            case .held: .held
            }
    }
}
