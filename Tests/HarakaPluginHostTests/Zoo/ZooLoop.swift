// A loop for tests: one thread, time that stands still until it is told to go on, and one thread for slow work.

import HarakaPluginHost

final class ZooLoop: HostLoop, @unchecked Sendable {
    private final class Timer: HostTimer, @unchecked Sendable {
        let at: Int64
        var work: (@Sendable () -> Void)?
        init(_ at: Int64, _ work: @escaping @Sendable () -> Void) {
            self.at = at
            self.work = work
        }
        func cancel() { work = nil }
    }

    private let thread = ZooThread()
    private let pool = ZooThread()
    // On the loop.
    private var now: Int64 = 0
    private var timers: [Timer] = []
    private var held: [@Sendable () -> Void]?

    var isCurrent: Bool { thread.isCurrent }
    func execute(_ work: @escaping @Sendable () -> Void) { thread.put(work) }
    func offload(_ work: @escaping @Sendable () -> Void) {
        if held == nil { pool.put(work) } else { held?.append(work) }
    }

    /// Jobs wait for `releaseJobs`, as they do when all threads are busy.
    func holdJobs() { run { held = [] } }

    func releaseJobs() {
        let works = run { () -> [@Sendable () -> Void] in
            defer { held = nil }
            return held ?? []
        }
        for work in works { pool.put(work) }
    }

    func schedule(after milliseconds: Int64, _ work: @escaping @Sendable () -> Void) -> any HostTimer {
        let timer = Timer(now.addingReportingOverflow(milliseconds).partialValue, work)
        timers.append(timer)
        return timer
    }

    /// Runs `body` on the loop and waits for it.
    func run<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try thread.run(body)
    }

    /// Waits until nothing is under way on either thread.
    func drain() {
        repeat {
            pool.waitUntilIdle()
            thread.waitUntilIdle()
        } while !pool.isIdle
    }

    /// Lets time pass. What falls due runs in order, and all that follows from it.
    func advance(_ milliseconds: Int64) {
        drain()
        let end = run { now + milliseconds }
        while run({ fireNext(until: end) }) { drain() }
        run { now = end }
        drain()
    }

    /// False: nothing is due.
    private func fireNext(until end: Int64) -> Bool {
        timers.removeAll { $0.work == nil }
        guard let next = timers.filter({ $0.at <= end }).min(by: { $0.at < $1.at }) else { return false }
        timers.removeAll { $0 === next }
        now = next.at
        let work = next.work
        next.work = nil
        work?()
        return true
    }

    /// Timers that could still fire.
    var pendingTimers: Int { run { timers.filter { $0.work != nil }.count } }

    func stop() {
        drain()
        run { timers = [] }
        thread.stop()
        pool.stop()
    }
}
