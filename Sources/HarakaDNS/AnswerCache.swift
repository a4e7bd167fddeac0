// Answers that are still good.

import HarakaCore
import NIOCore

/// What a lookup has brought.
struct Finding: Sendable {
    /// As those get it who do not insist on DNSSEC.
    var answer: NameAnswer
    /// Why it is worth nothing to those who do; nil: it is worth something.
    var fault: String?

    init(_ answer: NameAnswer, fault: String? = nil) {
        self.answer = answer
        self.fault = fault
    }

    /// The answer for one who insists, or does not.
    func answer(strict: Bool) -> NameAnswer {
        guard strict, let fault else { return answer }
        var bogus = NameAnswer(answer.question, .bogus, reason: fault)
        bogus.security = .bogus
        bogus.ttl = answer.ttl
        return bogus
    }
}

/// Answers by question, until their time is over. On the loop.
///
/// Two halves: what is new goes into the young one; when that is full it becomes the old one, and what was old is
/// forgotten. What is found in the old half becomes young again. So what is asked for often stays, and nothing is
/// sorted.
struct AnswerCache {
    private struct Entry {
        var finding: Finding
        let until: NIODeadline
        let size: Int
    }

    /// A name that changes often costs no more than a question a second; nothing is believed for longer than a day.
    private static let seconds: ClosedRange<UInt32> = 1...86_400
    /// How long a failure is taken for granted, so that a broken zone does not cost a wait for each client.
    private static let secondsOfFailure: UInt32 = 5

    private let halfEntries: Int
    private let halfBytes: Int
    private var young: [NameQuestion: Entry] = [:]
    private var old: [NameQuestion: Entry] = [:]
    private var youngBytes = 0

    init(entries: Int, bytes: Int) {
        halfEntries = max(0, entries) / 2
        halfBytes = max(0, bytes) / 2
    }

    var count: Int { young.count + old.count }

    /// What is known, with the seconds that it still holds.
    mutating func find(_ question: NameQuestion, now: NIODeadline) -> Finding? {
        guard let entry = young[question] ?? revived(question, now) else { return nil }
        guard entry.until > now else {
            if let gone = young.removeValue(forKey: question) { youngBytes -= gone.size }
            return nil
        }
        var finding = entry.finding
        finding.answer.ttl = AnswerCache.secondsLeft(entry.until - now)
        return finding
    }

    private mutating func revived(_ question: NameQuestion, _ now: NIODeadline) -> Entry? {
        guard let entry = old.removeValue(forKey: question), entry.until > now else { return nil }
        add(entry, question)
        return entry
    }

    /// Remembers an answer for as long as it says, and returns it with the seconds that count.
    mutating func keep(_ finding: Finding, now: NIODeadline) -> Finding {
        var finding = finding
        let ttl = finding.answer.ttl
        finding.answer.ttl =
            switch finding.answer.status {
            case .failed, .timedOut: AnswerCache.secondsOfFailure
            default: min(max(ttl, AnswerCache.seconds.lowerBound), AnswerCache.seconds.upperBound)
            }
        guard halfEntries > 0 else { return finding }
        let question = finding.answer.question
        if let gone = young.removeValue(forKey: question) { youngBytes -= gone.size }
        old[question] = nil
        let until = now + .seconds(Int64(finding.answer.ttl))
        add(Entry(finding: finding, until: until, size: AnswerCache.size(finding)), question)
        return finding
    }

    private mutating func add(_ entry: Entry, _ question: NameQuestion) {
        guard entry.size <= halfBytes else { return }
        if young.count >= halfEntries || youngBytes + entry.size > halfBytes {
            old = young
            young = [:]
            youngBytes = 0
        }
        young[question] = entry
        youngBytes += entry.size
    }

    /// The seconds that have begun: what holds for another moment does not hold for nothing.
    private static func secondsLeft(_ time: TimeAmount) -> UInt32 {
        UInt32(clamping: (time.nanoseconds + 999_999_999) / 1_000_000_000)
    }

    /// About the memory of an answer, its place in the table included.
    private static func size(_ finding: Finding) -> Int {
        let answer = finding.answer
        let texts = answer.question.name.utf8.count * 2 + answer.canonical.utf8.count + answer.reason.utf8.count
        return finding.answer.records.reduce(300 + texts) { $0 + 128 + $1.text.utf8.count + $1.data.count }
    }
}
