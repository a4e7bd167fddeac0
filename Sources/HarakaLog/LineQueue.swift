// The bounded queue between those who log and the one thread that writes.

import Glibc

/// Encoded lines on their way to a descriptor, and the thread that writes them.
///
/// Lines are encoded straight into one buffer; the writer exchanges it for an empty one and writes the whole of it.
/// So logging costs a lock and a copy, and nobody but the writer waits for the disk or the terminal, as long as the
/// queue has room. When it is full the producer waits: no line is lost, and a log that cannot keep up slows the
/// server down instead of growing without bound.
///
/// Any thread. `@unchecked Sendable`: every stored variable is guarded by `mutex`.
final class LineQueue: @unchecked Sendable {
    /// As many lines wait at most.
    static let lineLimit = 16_384
    /// As many bytes wait at most; a line that is longer on its own still goes through.
    static let byteLimit = 16 * 1024 * 1024
    /// A buffer larger than this is given back after use: a burst must not be paid for ever.
    private static let keptCapacity = 1024 * 1024

    private let descriptor: OutputDescriptor
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// The writer waits here for lines, or for the end.
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Producers wait here for room, `flush` and `close` for progress.
    private let drained = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// Encoded lines that the writer has not yet taken, and how many they are.
    private var waiting: [UInt8] = []
    private var waitingLines = 0
    /// Lines since the start: taken in, and dealt with (written or lost).
    private var acceptedLines: UInt64 = 0
    private var finishedLines: UInt64 = 0
    /// Whether the writer must be woken: a wake-up costs a system call, most lines need none.
    private var isWriterIdle = false
    private var isClosing = false
    /// Set once the writer has ended: from then on lines are written where they are logged.
    private var isSynchronous = false

    /// Starts the writer. The descriptor stays the caller's.
    init(descriptor: Int32) {
        self.descriptor = OutputDescriptor(descriptor)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
        pthread_cond_init(drained, nil)
        startWriter()
    }

    deinit {
        pthread_cond_destroy(drained)
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        drained.deallocate()
        filled.deallocate()
        mutex.deallocate()
    }

    /// Adds one line. `encode` appends it, with its LF; it runs under the lock and must not log.
    func append(_ encode: (inout [UInt8]) -> Void) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while isFull { pthread_cond_wait(drained, mutex) }
        encode(&waiting)
        waitingLines &+= 1
        acceptedLines &+= 1
        if isSynchronous {
            writeHere()
        } else if isWriterIdle {
            pthread_cond_signal(filled)
        }
    }

    /// Waits until every line added before this call is written (or could not be).
    func flush() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let target = acceptedLines
        while finishedLines < target { pthread_cond_wait(drained, mutex) }
    }

    /// Writes what waits and ends the writer; returns when it has ended. A second call only waits.
    func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosing = true
        pthread_cond_signal(filled)
        while !isSynchronous { pthread_cond_wait(drained, mutex) }
    }

    /// Lines that could not be written, because the other end was gone or the disk full.
    var lostLines: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return descriptor.lostLines
    }

    /// Under the lock. One line of any length always fits.
    private var isFull: Bool {
        !isSynchronous && waitingLines > 0 && (waitingLines >= Self.lineLimit || waiting.count >= Self.byteLimit)
    }

    /// Under the lock: the order of lines is kept even where several threads log after the end.
    private func writeHere() {
        descriptor.addLost(descriptor.write(waiting))
        waiting.removeAll(keepingCapacity: true)
        waitingLines = 0
        finishedLines = acceptedLines
    }

    // MARK: The writer

    /// The thread holds the queue until it ends, which `close` makes it do.
    private func startWriter() {
        var thread = pthread_t()
        let this = Unmanaged.passRetained(self)
        let failure = pthread_create(
            &thread, nil,
            { pointer in
                pointer.map { Unmanaged<LineQueue>.fromOpaque($0).takeRetainedValue().runWriter() }
                return nil
            }, this.toOpaque())
        guard failure == 0 else {
            // No thread to be had: log without one rather than not at all.
            this.release()
            isSynchronous = true
            return
        }
        pthread_detach(thread)
    }

    /// Takes whatever waits and writes it, until `close`.
    private func runWriter() {
        SignalMask.blockAll()
        var batch: [UInt8] = []
        pthread_mutex_lock(mutex)
        while waitForLines() {
            // The two buffers change places: in the steady state nothing is allocated.
            swap(&batch, &waiting)
            let lines = UInt64(waitingLines)
            waitingLines = 0
            // Room is made before writing: producers go on while the batch is on its way.
            pthread_cond_broadcast(drained)
            pthread_mutex_unlock(mutex)
            let lost = descriptor.write(batch)
            if batch.capacity > Self.keptCapacity { batch = [] } else { batch.removeAll(keepingCapacity: true) }
            pthread_mutex_lock(mutex)
            descriptor.addLost(lost)
            finishedLines &+= lines
            pthread_cond_broadcast(drained)
        }
        // Nothing is left, and nothing can come in between: the lock is held.
        isSynchronous = true
        pthread_cond_broadcast(drained)
        pthread_mutex_unlock(mutex)
    }

    /// Under the lock. False when there is nothing left and the queue is closing.
    private func waitForLines() -> Bool {
        while waitingLines == 0 {
            if isClosing { return false }
            isWriterIdle = true
            pthread_cond_wait(filled, mutex)
            isWriterIdle = false
        }
        return true
    }
}
