// What one registered handler has cost: every call is counted, one in some 64 is timed.

/// The counters of a handler, in memory of their own so that counting is an addition in place. On the loop.
struct HookCounters {
    /// How many calls lie between two timed ones, on average.
    static let distance: UInt64 = 64

    var calls: UInt64 = 0
    /// The call that is timed next: the first one, then at random distances, so that no rhythm of calls hides anything.
    private(set) var next: UInt64 = 1
    private var random: UInt64
    nonisolated(unsafe) private static var lastSeed: UInt64 = 0
    /// Of the function itself.
    private(set) var durations: Histogram?
    /// From a function's return to its answer.
    private(set) var pending: Histogram?

    init() {
        // Each handler in a rhythm of its own.
        HookCounters.lastSeed &+= 0x9e37_79b9_7f4a_7c15
        random = HookCounters.lastSeed | 1
    }

    /// This call is to be timed.
    var isDue: Bool {
        @inline(__always) get { calls == next }
    }

    mutating func timed(_ nanoseconds: UInt64) {
        // xorshift64
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        next = calls + 1 + random % (2 * HookCounters.distance - 1)
        if durations == nil { durations = Histogram() }
        durations?.add(nanoseconds)
    }

    mutating func answered(after nanoseconds: UInt64) {
        if pending == nil { pending = Histogram() }
        pending?.add(nanoseconds)
    }

    func deallocate() {
        durations?.deallocate()
        pending?.deallocate()
    }
}
