// The queue in a worker that delivers nothing: it is asked by way of the supervisor. plugin.h `outbound/1`.

import HarakaConfig
import HarakaNet
import HarakaPluginHost
import HarakaQueue
import NIOCore
import SMTPSyntax

/// Asks the delivery worker. On the loop.
final class RemoteQueue: QueueAsker {
    /// Says words to the supervisor.
    private let say: (_ fields: [String]) -> Void
    private let loop: any EventLoop
    private var waiting: [Int: (Result<ConfigValue, PluginQueueFailure>) -> Void] = [:]
    private var lastQuestion = 0

    /// More rows than plugins are given at once: 30 MB of them would hold the loop.
    private static let maximumRows = 10_000
    private static let patience = TimeAmount.seconds(65)

    init(_ loop: any EventLoop, say: @escaping (_ fields: [String]) -> Void) {
        self.loop = loop
        self.say = say
    }

    func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void) {
        ask(["stats"]) { result in
            done(
                result.map { value in
                    var figures = QueueFigures()
                    figures.inProgress = Int(value["in_progress"]?.integer ?? 0)
                    figures.waiting = Int(value["waiting"]?.integer ?? 0)
                    figures.deferred = Int(value["deferred"]?.integer ?? 0)
                    figures.held = Int(value["held"]?.integer ?? 0)
                    figures.messages = Int(value["messages"]?.integer ?? 0)
                    figures.recipients = Int(value["recipients"]?.integer ?? 0)
                    figures.bytes = value["bytes"]?.integer ?? 0
                    return figures
                })
        }
    }

    func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void) {
        var filter = query.filter
        if filter.limit == 0 || filter.limit > Self.maximumRows { filter.limit = Self.maximumRows }
        ask(["list", filter.word]) { [self] in read($0, [], done) }
    }

    /// A long list comes in pieces.
    private func read(
        _ piece: Result<ConfigValue, PluginQueueFailure>, _ rows: [QueueEntry],
        _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void
    ) {
        switch piece {
        case .failure(let failure): done(.failure(failure))
        case .success(let value):
            let all = rows + (value["rows"]?.list ?? []).map { QueueEntry($0) }
            guard let more = value["more"]?.integer else { return done(.success(all)) }
            ask(["more", "\(more)"]) { [self] in read($0, all, done) }
        }
    }

    func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void
    ) {
        ask(["act", "\(action)", query.filter.word]) { result in
            done(result.map { Int(clamping: $0["count"]?.integer ?? 0) })
        }
    }

    // MARK: the way

    private func ask(_ words: [String], _ done: @escaping (Result<ConfigValue, PluginQueueFailure>) -> Void) {
        lastQuestion += 1
        let number = lastQuestion
        waiting[number] = done
        say(["\(number)"] + words)
        nonisolated(unsafe) let queue = self
        loop.scheduleTask(in: Self.patience) { queue.waiting.removeValue(forKey: number)?(.failure(.timedOut)) }
    }

    /// `fields`: the number of the question, the answer, OK or ERROR. On the loop.
    func answered(_ fields: [String]) {
        guard fields.count >= 2, let done = Int(fields[0]).flatMap({ waiting.removeValue(forKey: $0) }) else { return }
        guard fields.last == "OK" else { return done(.failure(.unavailable(fields[1]))) }
        let value = JSONParser.parse(Array(fields[1].utf8), file: "queue").value
        if let refusal = value["error"]?.text { return done(.failure(.unavailable(refusal))) }
        done(.success(value))
    }
}

extension QueueEntry {
    /// A row as the commands are given it.
    init(_ row: ConfigValue) {
        self.init()
        file = row["file"]?.text ?? ""
        uuid = row["uuid"]?.text ?? ""
        queueTime = row["queue_time"]?.integer ?? 0
        domain = row["domain"]?.text ?? ""
        from = (try? Address.parse(row["from"]?.text ?? "", idna: InternationalDomain.ascii)) ?? .null
        to = (row["to"]?.texts ?? []).compactMap { try? Address.parse($0, idna: InternationalDomain.ascii) }
        size = row["size"]?.integer ?? 0
        attempts = Int(clamping: row["attempts"]?.integer ?? 0)
        nextAttempt = row["next_attempt"]?.integer ?? 0
        state = State(rawValue: row["state"]?.text ?? "") ?? .waiting
        error = row["error"]?.text ?? ""
    }
}
