// The event loop of a test: the main thread, which runs what is due while it waits, and one thread for jobs.

import Glibc
import HarakaPluginHost

/// Real time. Everything but `execute`, `offload` and `isCurrent` belongs to the thread that made it.
final class CheckLoop: HostLoop, @unchecked Sendable {
    private final class Timer: HostTimer {
        let at: Int64
        var work: (@Sendable () -> Void)?

        init(_ at: Int64, _ work: @escaping @Sendable () -> Void) {
            self.at = at
            self.work = work
        }

        func cancel() { work = nil }
    }

    /// What runs between two hooks, as the end of a sentence.
    enum Place: String {
        case posted = "in a posted callback, or at the end of a job"
        case timer = "in a timer, or at a time limit"
        case job = "in a job"
    }

    private let owner = pthread_self()
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // Under the mutex.
    private var queue: [@Sendable () -> Void] = []
    private var jobs: [@Sendable () -> Void] = []
    private var isWorking = false
    // On the loop.
    private var timers: [Timer] = []
    /// What held the loop longest, hooks apart.
    private(set) var longestWork: (place: String, milliseconds: Int64) = ("", 0)
    /// Told what kind of work comes next, on the thread that does it.
    var willRun: (@Sendable (String) -> Void)?

    /// Lives as long as the process, as its job thread does.
    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<CheckLoop>.fromOpaque(context).takeUnretainedValue().work() }
                return nil
            }, context)
    }

    // MARK: HostLoop

    var isCurrent: Bool { pthread_equal(pthread_self(), owner) != 0 }

    func execute(_ work: @escaping @Sendable () -> Void) { locked { queue.append(work) } }
    func offload(_ work: @escaping @Sendable () -> Void) { locked { jobs.append(work) } }

    func schedule(after milliseconds: Int64, _ work: @escaping @Sendable () -> Void) -> any HostTimer {
        let timer = Timer(CheckLoop.now() + min(max(0, milliseconds), 1 << 40), work)
        timers.append(timer)
        return timer
    }

    // MARK: running

    /// Milliseconds on a clock that never goes back.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Runs what is due until `isTrue`, for so many milliseconds at most. False: it never became true.
    @discardableResult
    func run(atMost milliseconds: Int64, until isTrue: () -> Bool) -> Bool {
        let end = CheckLoop.now() + milliseconds
        while !isTrue() {
            let now = CheckLoop.now()
            guard now < end else { return false }
            // Not for long: a job may have ended just before.
            if !step(now) { sleep(until: min(end, nextTimer ?? end, now + 20)) }
        }
        return true
    }

    /// Runs until nothing is under way: no post, no job, no timer. False: something still is.
    @discardableResult
    func settle(atMost milliseconds: Int64) -> Bool {
        run(atMost: milliseconds) { isIdle && nextTimer == nil }
    }

    /// No post and no job; timers may be waiting.
    var isIdle: Bool { locked { queue.isEmpty && jobs.isEmpty && !isWorking } }

    private var nextTimer: Int64? {
        timers.removeAll { $0.work == nil }
        return timers.map(\.at).min()
    }

    /// False: nothing was due.
    private func step(_ now: Int64) -> Bool {
        let batch = locked {
            defer { queue = [] }
            return queue
        }
        for work in batch { timed(.posted, work) }
        guard let due = timers.filter({ $0.work != nil && $0.at <= now }).min(by: { $0.at < $1.at }) else {
            return !batch.isEmpty
        }
        timers.removeAll { $0 === due }
        let work = due.work
        due.work = nil
        timed(.timer) { work?() }
        return true
    }

    private func timed(_ place: Place, _ work: () -> Void) {
        willRun?(place.rawValue)
        let began = CheckLoop.now()
        work()
        let took = CheckLoop.now() - began
        if took > longestWork.milliseconds { longestWork = (place.rawValue, took) }
    }

    // MARK: threads

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return body()
    }

    private func sleep(until milliseconds: Int64) {
        var end = timespec()
        end.tv_sec = Int(milliseconds / 1000)
        end.tv_nsec = Int(milliseconds % 1000) * 1_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        // Woken for a job's end as well, and for nothing: the caller looks again.
        if queue.isEmpty { pthread_cond_timedwait(changed, mutex, &end) }
    }

    private func nextJob() -> (@Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty { pthread_cond_wait(changed, mutex) }
        isWorking = true
        return jobs.removeFirst()
    }

    private func work() {
        while true {
            let job = nextJob()
            willRun?(Place.job.rawValue)
            job()
            locked { isWorking = false }
        }
    }
}
