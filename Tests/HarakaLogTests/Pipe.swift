// A pipe to log into, and a thread that reads it.

import Glibc
import Synchronization

/// A pipe whose ends are closed with it.
final class Pipe: Sendable {
    let reading: Int32
    let writing: Int32
    private let isReadingOpen = Atomic<Bool>(true)
    private let isWritingOpen = Atomic<Bool>(true)

    /// Linux's F_SETPIPE_SZ, which glibc shows to GNU sources only.
    private static let setPipeSize: Int32 = 1031

    /// - Parameter size: what the kernel shall hold, at least a page.
    init(size: Int32? = nil) {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        (reading, writing) = (ends[0], ends[1])
        if let size { _ = fcntl(writing, Self.setPipeSize, size) }
    }

    deinit {
        closeReading()
        closeWriting()
    }

    func closeReading() {
        if isReadingOpen.exchange(false, ordering: .relaxed) { close(reading) }
    }

    func closeWriting() {
        if isWritingOpen.exchange(false, ordering: .relaxed) { close(writing) }
    }

    func makeWritingNonBlocking() {
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    }

    /// Fills the pipe until it would block. Returns how many bytes went in.
    func fill() -> Int {
        let chunk = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        var total = 0
        while true {
            let count = write(writing, chunk, chunk.count)
            if count <= 0 { return total }
            total += count
        }
    }

    /// Reads until the writing end is closed.
    ///
    /// - Parameters:
    ///   - page: as many bytes at a time.
    ///   - progress: called after each page with the number of lines that ended in it.
    func readAll(page: Int = 65_536, progress: (Int) -> Void = { _ in }) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: page)
        while true {
            let count = read(reading, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return content }
            content += chunk.prefix(count)
            progress(chunk.prefix(count).count { $0 == UInt8(ascii: "\n") })
        }
    }

    /// All lines until the writing end is closed.
    func readLines(page: Int = 65_536, progress: (Int) -> Void = { _ in }) -> [String] {
        String(decoding: readAll(page: page, progress: progress), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast()
            .map(String.init)
    }
}

/// A thread of its own, joined when its result is asked for: the tests block, so they stay off the shared pool.
final class Worker<Result: Sendable>: Sendable {
    private final class Box: Sendable {
        let work: @Sendable () -> Result
        let result = Mutex<Result?>(nil)
        init(_ work: @escaping @Sendable () -> Result) { self.work = work }
    }

    private let box: Box
    private let thread: pthread_t

    init(_ work: @escaping @Sendable () -> Result) {
        box = Box { work() }
        var thread = pthread_t()
        let run = Unmanaged.passRetained(
            Trampoline { [box] in
                let result = box.work()
                box.result.withLock { $0 = result }
            })
        pthread_create(
            &thread, nil,
            { pointer in
                pointer.map { Unmanaged<Trampoline>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, run.toOpaque())
        self.thread = thread
    }

    /// Waits for the thread's end. Once.
    func join() -> Result? {
        pthread_join(thread, nil)
        return box.result.withLock(\.self)
    }
}

private final class Trampoline {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}
