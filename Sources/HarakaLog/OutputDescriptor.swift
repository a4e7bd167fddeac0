// Bytes to a descriptor, whatever it is: file, terminal, pipe or socket, slow, full or gone.

import Glibc

/// Where the log goes. Owned by its ``LineQueue``, whose lock guards it; `write` itself is called by one thread at a
/// time. The descriptor stays the caller's: it is never closed here.
final class OutputDescriptor {
    private let descriptor: Int32
    /// Longest piece that is written at once.
    private let pieceLimit: Int
    /// Lines that could not be written. Guarded by the queue's lock.
    private(set) var lostLines = 0

    /// Looks at what the descriptor is, once.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        // Several processes may share one pipe. What is not longer than PIPE_BUF arrives in one piece there, so that
        // the lines of two workers are never mixed up; a file in append mode takes any length so.
        pieceLimit = isFile ? Int.max : 4096
    }

    /// Under the queue's lock.
    func addLost(_ lines: Int) {
        lostLines &+= lines
    }

    /// Writes whole lines, waiting where the other end is slow. Returns how many lines could not be written.
    func write(_ lines: [UInt8]) -> Int {
        SignalMask.withoutBrokenPipe {
            lines.withUnsafeBytes { buffer in
                var rest = buffer[...]
                while !rest.isEmpty {
                    // A line that is lost is lost whole: a piece ends where a line ends.
                    let length = piece(of: rest)
                    guard writeAll(UnsafeRawBufferPointer(rebasing: rest.prefix(length))) else {
                        return rest.count { $0 == UInt8(ascii: "\n") }
                    }
                    rest = rest.dropFirst(length)
                }
                return 0
            }
        }
    }

    /// The length of the next piece: as many whole lines as fit the limit, at least one.
    private func piece(of rest: Slice<UnsafeRawBufferPointer>) -> Int {
        guard rest.count > pieceLimit else { return rest.count }
        let end = rest.prefix(pieceLimit).lastIndex(of: UInt8(ascii: "\n")) ?? rest.firstIndex(of: UInt8(ascii: "\n"))
        return end.map { $0 &+ 1 &- rest.startIndex } ?? rest.count
    }

    /// False where the rest cannot be written: the reader is gone, the disk full, the descriptor closed.
    private func writeAll(_ piece: UnsafeRawBufferPointer) -> Bool {
        var written = 0
        while written < piece.count {
            let count = Glibc.write(descriptor, piece.baseAddress.map { $0 + written }, piece.count &- written)
            // Less may be written than was given; the rest is tried again.
            if count > 0 {
                written &+= count
            } else if count == 0 {
                return false
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                waitForRoom()
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Somebody made the descriptor non-blocking (a terminal or pipe shared with another program) and it is full.
    private func waitForRoom() {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&request, 1, -1)
    }
}

/// Signals and the threads that write.
enum SignalMask {
    /// The writer takes no signal: they are the main thread's.
    static func blockAll() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
    }

    /// Runs `body` with SIGPIPE blocked in this thread, and takes back the one that `body` caused: a reader that went
    /// away must not end a mail server.
    static func withoutBrokenPipe<Result>(_ body: () -> Result) -> Result {
        var pipe = sigset_t()
        var pending = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        sigpending(&pending)
        let wasPending = sigismember(&pending, SIGPIPE) == 1
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        let result = body()
        // Taken back only if it is ours: one that was pending before belongs to somebody else.
        if !wasPending {
            var now = timespec()
            while sigtimedwait(&pipe, nil, &now) < 0 && errno == EINTR {}
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        return result
    }
}
