// Threads that wait for the disk, so that no event loop has to.

import Glibc

/// A fixed number of threads that work off what is submitted, first come, first served. Any thread.
public final class QueueWriters: Sendable {
    private let line = WorkLine()
    private let threads: [pthread_t]

    /// - Parameter threads: at least one; where the system gives none at all, the work is done by whoever submits it
    public init(threads: Int) {
        var started: [pthread_t] = []
        for _ in 0..<max(threads, 1) {
            var thread = pthread_t()
            let held = Unmanaged.passRetained(line)
            let failure = pthread_create(
                &thread, nil,
                { pointer in
                    if let pointer { Unmanaged<WorkLine>.fromOpaque(pointer).takeRetainedValue().work() }
                    return nil
                }, held.toOpaque())
            if failure == 0 { started.append(thread) } else { held.release() }
        }
        self.threads = started
    }

    /// Has the work done on one of the threads, soon. After `finish` it is done at once, by the caller.
    public func submit(_ work: @escaping @Sendable () -> Void) {
        if threads.isEmpty || !line.add(work) { work() }
    }

    /// Submitted and not begun yet.
    public var waiting: Int { line.waiting }

    /// Returns when all that was submitted is done and the threads have ended. Once, and not from a piece of work.
    public func finish() {
        guard line.close() else { return }
        for thread in threads { pthread_join(thread, nil) }
    }

    deinit { if line.close() { for thread in threads { pthread_detach(thread) } } }
}

/// What waits to be done. Its members are used under the lock only.
private final class WorkLine: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var pieces: [@Sendable () -> Void] = []
    /// Of `pieces`, those that were begun.
    private var begun = 0
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    var waiting: Int { locked { pieces.count - begun } }

    /// False: closed.
    func add(_ piece: @escaping @Sendable () -> Void) -> Bool {
        locked {
            guard !isClosed else { return false }
            pieces.append(piece)
            pthread_cond_signal(changed)
            return true
        }
    }

    /// False: it was closed before.
    func close() -> Bool {
        locked {
            defer { isClosed = true }
            pthread_cond_broadcast(changed)
            return !isClosed
        }
    }

    func work() {
        // Signals belong to threads that expect them; a fault of ours is one everywhere.
        var all = sigset_t()
        sigfillset(&all)
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP] { sigdelset(&all, signal) }
        pthread_sigmask(SIG_BLOCK, &all, nil)
        while let piece = next() { piece() }
    }

    /// Waits for the next piece; nil: closed, and nothing is left.
    private func next() -> (@Sendable () -> Void)? {
        locked {
            while begun == pieces.count {
                if isClosed { return nil }
                pthread_cond_wait(changed, mutex)
            }
            let piece = pieces[begun]
            begun += 1
            // Taken off in one go: taking the first off each time would move all the others.
            if begun == pieces.count || begun > 1024 {
                pieces.removeFirst(begun)
                begun = 0
            }
            return piece
        }
    }
}
