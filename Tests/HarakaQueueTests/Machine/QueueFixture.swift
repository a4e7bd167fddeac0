// A queue for tests: mails in few words, and the usual ends of attempts.

import HarakaQueue
import SMTPSyntax

extension QueuedMail {
    /// `a@x.example` and so on; `from` empty: the null path.
    static func test(_ uuid: String, at time: Int64 = 1000, from: String = "s@sender.example", _ to: String...)
        -> QueuedMail
    {
        test(uuid, at: time, from: from, to)
    }

    static func test(_ uuid: String, at time: Int64 = 1000, from: String, _ to: [String]) -> QueuedMail {
        func address(_ text: String) -> Address {
            let parts = text.split(separator: "@").map(String.init)
            return parts.count == 2 ? Address(user: parts[0], host: parts[1]) : .null
        }
        let recipients = to.map { QueuedRecipient(address($0)) }
        return QueuedMail(uuid: uuid, queueTime: time, from: address(from), to: recipients, size: 100)
    }
}

/// A queue machine that `#expect` can be asked about: it cannot be copied, which expectations would.
final class TestQueue {
    private var machine: QueueMachine

    init(_ settings: OutboundSettings) { machine = QueueMachine(settings) }

    /// A new mail.
    @discardableResult
    func add(_ mail: QueuedMail, now: Int64 = 1000) -> Bool {
        machine.add(mail, RecipientStates(count: mail.recipients.count), now: now)
    }
    func add(_ mail: QueuedMail, _ states: RecipientStates, now: Int64) -> Bool { machine.add(mail, states, now: now) }

    /// The uuids of the parts that begin now.
    func begin(_ now: Int64) -> [String] { machine.due(now).compactMap { machine.part($0)?.hmailUUID } }
    func due(_ now: Int64) -> [PartID] { machine.due(now) }
    func nextTime(_ now: Int64) -> Int64? { machine.nextTime(now) }
    func part(_ id: PartID) -> QueuePart? { machine.part(id) }
    func sited(_ id: PartID, _ site: String, now: Int64) -> SiteDecision { machine.sited(id, site, now: now) }
    func failedForNow(_ id: PartID) -> RetryDecision { machine.failedForNow(id) }
    func delayed(_ id: PartID, until time: Int64) { machine.delayed(id, until: time) }
    @discardableResult
    func finished(_ id: PartID, _ end: AttemptEnd, now: Int64) -> QueueStep { machine.finished(id, end, now: now) }
    func changed(_ settings: OutboundSettings) { machine.changed(settings) }
    func contains(_ uuid: String) -> Bool { machine.contains(uuid) }
    func forget(_ uuid: String) -> Bool { machine.forget(uuid) }
    func flush(_ filter: QueueFilter, now: Int64) -> Int { machine.flush(filter, now: now) }
    func hold(_ filter: QueueFilter, now: Int64) -> [QueueStep] { machine.hold(filter, now: now) }
    func release(_ filter: QueueFilter, now: Int64) -> [QueueStep] { machine.release(filter, now: now) }
    func delete(_ filter: QueueFilter, now: Int64) -> [QueueStep] { machine.delete(filter, now: now) }
    func bounce(_ filter: QueueFilter, now: Int64) -> Int { machine.bounce(filter, now: now) }
    func list(_ filter: QueueFilter, now: Int64) -> [QueueRow] { machine.list(filter, now: now) }
    var stats: QueueStats { machine.stats }
}

extension QueueRecord.Attempt {
    static func test(_ time: Int64, _ text: String = "450 later") -> Self {
        .init(
            time: time, code: 450, status: EnhancedStatus(class: 4, subject: 2, detail: 0), text: text, remote: "mx")
    }
}

extension AttemptEnd {
    static func deferred(_ numbers: [Int], at now: Int64, next: Int64 = 0, _ site: SiteResult = .reached) -> AttemptEnd
    {
        AttemptEnd(deferred: [Deferral(numbers, .test(now))], next: next, site: site)
    }
    static func unreachable(_ numbers: [Int], at now: Int64) -> AttemptEnd { deferred(numbers, at: now, .unreachable) }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
    /// One time in `n`.
    mutating func once(in n: Int) -> Bool { Int.random(in: 0..<n, using: &self) == 0 }
}
