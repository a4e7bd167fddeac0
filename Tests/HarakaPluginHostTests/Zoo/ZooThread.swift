// Threads for the zoo. POSIX locks, because the thread sanitizer understands them.

import Glibc

/// A lock with a condition.
final class ZooLock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func with<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Changes something under the lock and wakes whoever waits.
    func change(_ body: () -> Void) {
        with(body)
        pthread_cond_broadcast(condition)
    }

    /// Waits until `isTrue`, at most half a minute, and then runs `body` under the lock. False: it never became true.
    func wait(until isTrue: () -> Bool, then body: () -> Void = {}) -> Bool {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_sec += 30
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isTrue() {
            if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT { return false }
        }
        body()
        return true
    }
}

/// A thread that runs one piece of work after the other.
final class ZooThread: @unchecked Sendable {
    private let lock = ZooLock()
    private var queue: [@Sendable () -> Void] = []
    private var isBusy = false
    private var isStopping = false
    private var thread = pthread_t()
    private var hasStarted = false

    init() {
        var created = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &created, nil,
            { context in
                if let context { Unmanaged<ZooThread>.fromOpaque(context).takeRetainedValue().main() }
                return nil
            }, context)
        _ = lock.wait(until: { hasStarted })
    }

    private func main() {
        lock.change {
            thread = pthread_self()
            hasStarted = true
        }
        while true {
            var work: (@Sendable () -> Void)?
            var isOver = false
            while !isOver, work == nil {
                _ = lock.wait(until: { !queue.isEmpty || isStopping }) {
                    isOver = queue.isEmpty
                    work = isOver ? nil : queue.removeFirst()
                    isBusy = work != nil
                }
            }
            guard let next = work else { return }
            next()
            work = nil
            lock.change { isBusy = false }
        }
    }

    var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }
    var isIdle: Bool { lock.with { queue.isEmpty && !isBusy } }

    func put(_ work: @escaping @Sendable () -> Void) { lock.change { queue.append(work) } }

    func waitUntilIdle() { _ = lock.wait(until: { queue.isEmpty && !isBusy }) }

    /// Finishes what is queued and ends the thread.
    func stop() {
        lock.change { isStopping = true }
        pthread_join(thread, nil)
    }

    /// Runs `body` there and waits for it.
    func run<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        if isCurrent { return try body() }
        let outcome: Result<Value, Failure>? = withoutActuallyEscaping(body) { body in
            let box = ZooBox<Value, Failure>(body)
            put { box.run() }
            return box.wait()
        }
        guard let outcome else { preconditionFailure("the loop of the zoo is stuck") }
        return try outcome.get()
    }
}

/// One piece of work and what came of it.
private final class ZooBox<Value, Failure: Error>: @unchecked Sendable {
    private let lock = ZooLock()
    private var body: (() throws(Failure) -> Value)?
    private var result: Result<Value, Failure>?

    init(_ body: @escaping () throws(Failure) -> Value) { self.body = body }

    func run() {
        let outcome = evaluate()
        lock.change { result = outcome }
    }

    /// Lets go of the body before anybody is told.
    private func evaluate() -> Result<Value, Failure>? {
        guard let body else { return nil }
        self.body = nil
        do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
    }

    func wait() -> Result<Value, Failure>? {
        var outcome: Result<Value, Failure>?
        _ = lock.wait(until: { result != nil }) { outcome = result }
        return outcome
    }
}
