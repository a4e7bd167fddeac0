// Questions about the queue, as the supervisor hands them to the delivery worker: words in, one JSON value out.

import HarakaConfig
import HarakaQueue
import NIOCore

/// Answers them, long lists in pieces. On the worker's loop.
///
/// 100,000 rows are some 25 MB: neither the link to the supervisor nor the loop shall carry them at once. Who asked
/// gets the first piece and a number, and asks for `more` of it when that is printed.
final class QueueQuestions {
    /// Nil: this process delivers nothing.
    var service: (any QueueService)?

    private let loop: any EventLoop
    private var lists: [Int: Rest] = [:]
    private var lastList = 0

    /// What is left of a list.
    private struct Rest {
        var rows: ArraySlice<QueueRow>
        let forget: Scheduled<Void>
    }

    /// Rows of one piece, and recipients of all its rows: a millisecond of the loop.
    static let piece = 500
    static let recipients = 10_000
    /// Lists that are being read at the same time.
    static let maximumLists = 8
    /// How long one is kept for who does not ask on, in seconds.
    static let patience: Int64 = 30

    init(_ loop: any EventLoop) { self.loop = loop }

    /// - Parameter words: `list FILTER`, `more NUMBER`, `act ACTION FILTER`, `stats`.
    func answer(_ words: [String], _ done: @escaping (ConfigValue) -> Void) {
        guard let service else { return done(Self.refusal("no mail is delivered here")) }
        service.ready { [self] refusal in
            if let refusal { return done(Self.refusal(refusal.description)) }
            answer(words, service, done)
        }
    }

    private func answer(_ words: [String], _ service: any QueueService, _ done: @escaping (ConfigValue) -> Void) {
        let filter = words.last.flatMap { QueueFilter(word: $0) }
        switch (words.first, words.count) {
        case ("stats", 1): service.stats { done($0.json) }
        case ("more", 2): done(more(Int(words[1]) ?? 0))
        case ("list", 2):
            guard let filter else { fallthrough }
            service.list(filter) { done(self.begin($0)) }
        case ("act", 3):
            guard let filter, let action = QueueAction(rawValue: words[1]) else { fallthrough }
            service.act(action, filter) { done(Self.answer($0)) }
        default: done(Self.refusal("unknown question about the queue: \(words.joined(separator: " "))"))
        }
    }

    private static func answer(_ result: Result<Int, QueueRefusal>) -> ConfigValue {
        switch result {
        case .success(let count): .map(["count": .integer(Int64(count))])
        case .failure(let refusal): Self.refusal(refusal.description)
        }
    }

    static func refusal(_ text: String) -> ConfigValue { .map(["error": .string(text)]) }

    // MARK: long lists

    private func begin(_ rows: [QueueRow]) -> ConfigValue {
        guard lists.count >= Self.maximumLists, Self.piece(of: rows[...]).count < rows.count else {
            return next(rows[...])
        }
        return Self.refusal("\(lists.count) lists are being read already; try again")
    }

    private func more(_ number: Int) -> ConfigValue {
        guard let rest = lists.removeValue(forKey: number) else {
            return Self.refusal("the list is not there any more; try again")
        }
        rest.forget.cancel()
        return next(rest.rows)
    }

    /// One row at least.
    private static func piece(of rows: ArraySlice<QueueRow>) -> ArraySlice<QueueRow> {
        var people = 0
        return rows.prefix(piece).prefix { row in
            defer { people += row.recipients.count }
            return people == 0 || people + row.recipients.count <= recipients
        }
    }

    private func next(_ rows: ArraySlice<QueueRow>) -> ConfigValue {
        let piece = Self.piece(of: rows)
        var answer: OrderedMap = ["rows": .list(piece.map(\.json))]
        let left = rows[piece.endIndex...]
        if !left.isEmpty {
            lastList += 1
            let number = lastList
            let forget = loop.assumeIsolated().scheduleTask(in: .seconds(Self.patience)) { [weak self] in
                guard let self else { return }
                lists[number] = nil
            }
            lists[number] = Rest(rows: left, forget: forget)
            answer["more"] = .integer(Int64(number))
        }
        return .map(answer)
    }
}
