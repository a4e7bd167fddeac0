// Waiting until files have stopped changing.

/// Collects changed files until nothing has changed for a while: a copy or a build writes many times, and half of a
/// plugin is none. Times are seconds of one clock.
public struct Settling: Sendable {
    /// Of how many quiet times the wait is at most made up.
    public static let patience = 10.0

    private let quiet: Double
    private var names: Set<String> = []
    private var first = 0.0
    private var last = 0.0

    /// - Parameter quiet: seconds without a change after which all is settled.
    public init(quiet: Double) {
        self.quiet = quiet
    }

    /// A file of that name has appeared, changed or gone.
    public mutating func changed(_ name: String, at now: Double) {
        if names.isEmpty {
            first = now
            last = now
        }
        last = max(last, now)
        names.insert(name)
    }

    /// When `take` would answer if nothing changed any more; nil if nothing waits. Never later than `patience` quiet
    /// times after the first change, so that a file that changes all the time is still taken.
    public var dueAt: Double? {
        names.isEmpty ? nil : min(last + quiet, first + Self.patience * quiet)
    }

    /// What has changed, each name once, in order; nil if it is not yet due or nothing changed. It is not told again.
    public mutating func take(at now: Double) -> [String]? {
        guard let dueAt, now >= dueAt else { return nil }
        defer { names = [] }
        return names.sorted()
    }
}
