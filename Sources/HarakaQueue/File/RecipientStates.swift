// What the records of a queued mail come to, recipient by recipient. docs/outbound.md "The queue's files".

/// Where each recipient of a mail stands. Costs nothing for a mail that was not tried yet.
public struct RecipientStates: Sendable, Equatable {
    /// Of one recipient.
    public enum Standing: UInt8, Sendable { case waiting, delivered, failed }

    /// Recipients of the mail.
    public let count: Int
    /// Not to be tried until released.
    public private(set) var isHeld = false
    /// Empty until the first record: everybody waits.
    private var entries: [Entry] = []
    /// Shared by the recipients of one attempt.
    private var attempts: [QueueRecord.Attempt] = []

    private struct Entry: Sendable, Equatable {
        var next: Int64 = 0
        var failures: Int32 = 0
        /// Place in `attempts`; -1: none.
        var last: Int32 = -1
        var standing = Standing.waiting
    }

    /// Everybody waits, nothing was tried.
    public init(count: Int) { self.count = max(count, 0) }

    /// Folds one record in, in the order in which they stand in the file. Numbers that no recipient has do nothing, and
    /// nothing happens any more to who was delivered or failed.
    public mutating func apply(_ record: QueueRecord) {
        switch record {
        case .delivered(let numbers): settle(numbers, .delivered)
        case .failed(let numbers): settle(numbers, .failed)
        case .deferred(let numbers, let next, let attempt): put(off: numbers, next, attempt)
        case .held(let isHeld): self.isHeld = isHeld
        }
    }

    private mutating func settle(_ numbers: [Int], _ standing: Standing) {
        spread()
        for number in numbers where isWaiting(number) { entries[number].standing = standing }
    }

    private mutating func put(off numbers: [Int], _ next: Int64, _ attempt: QueueRecord.Attempt) {
        spread()
        if attempts.count > 8, attempts.count > count { forgetUnused() }
        attempts.append(attempt)
        for number in numbers where isWaiting(number) {
            entries[number].next = next
            entries[number].failures &+= entries[number].failures == .max ? 0 : 1
            entries[number].last = Int32(clamping: attempts.count - 1)
        }
        if waitingShare(attempts.count - 1) { forgetUnused() }
    }

    /// Nobody who waits remembers an earlier attempt.
    private func waitingShare(_ place: Int) -> Bool {
        attempts.count > 1 && entries.allSatisfy { $0.last < 0 || Int($0.last) == place }
    }

    /// Attempts that nobody's last one is are let go, so that a mail that is tried for days does not grow.
    private mutating func forgetUnused() {
        var kept: [QueueRecord.Attempt] = []
        var places: [Int32: Int32] = [:]
        for index in entries.indices where entries[index].last >= 0 {
            let old = entries[index].last
            if places[old] == nil {
                places[old] = Int32(clamping: kept.count)
                kept.append(attempts[Int(old)])
            }
            entries[index].last = places[old] ?? -1
        }
        attempts = kept
    }

    private mutating func spread() {
        if entries.isEmpty { entries = Array(repeating: Entry(), count: count) }
    }

    private func isWaiting(_ number: Int) -> Bool {
        entries.indices.contains(number) && entries[number].standing == .waiting
    }

    private func entry(_ number: Int) -> Entry { entries.indices.contains(number) ? entries[number] : Entry() }

    // MARK: - What they come to

    /// Waiting for a number that no recipient has.
    public func standing(of number: Int) -> Standing { entry(number).standing }

    /// Numbers of those who still wait, in order.
    public var waiting: [Int] {
        entries.isEmpty ? Array(0..<count) : entries.indices.filter { entries[$0].standing == .waiting }
    }

    /// Nobody waits: the file can go.
    public var isOver: Bool { entries.isEmpty ? count == 0 : !entries.contains { $0.standing == .waiting } }

    /// Attempts that failed for this recipient.
    public func attempts(of number: Int) -> Int { Int(entry(number).failures) }

    /// Not to be tried before (milliseconds since 1970); 0: at once.
    public func next(of number: Int) -> Int64 { entry(number).next }

    /// How the last attempt that failed ended; nil: none did.
    public func lastAttempt(of number: Int) -> QueueRecord.Attempt? {
        let place = Int(entry(number).last)
        return attempts.indices.contains(place) ? attempts[place] : nil
    }
}
