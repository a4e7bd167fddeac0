// The logger and what it writes to: full, shared, gone, never open.

import Glibc
import Testing

@testable import HarakaLog

@Suite("Logger's descriptor")
struct LoggerDescriptorTests {
    private let pipe = Pipe()

    private func makeLogger() -> Logger {
        Logger(level: .info, format: .default, timestamps: false, descriptor: pipe.writing)
    }

    @Test("a non-blocking descriptor that is full is waited for")
    func nonBlocking() {
        let narrow = Pipe(size: 4096)
        narrow.makeWritingNonBlocking()
        let filled = narrow.fill()
        let logger = Logger(level: .info, format: .default, timestamps: false, descriptor: narrow.writing)
        for number in 0..<1000 { logger.log(.info, "\(number)") }
        let reader = Worker { narrow.readAll() }
        logger.close()
        narrow.closeWriting()
        let expected = (0..<1000).map { "[INFO] [-] [core] \($0)\n" }.joined()
        #expect(reader.join().map { String(decoding: $0.dropFirst(filled), as: UTF8.self) } == expected)
        #expect(logger.lostLines == 0)
    }

    @Test("a reader that has gone kills nothing: lines are dropped and counted, before and after close")
    func closedReader() {
        // The default action of SIGPIPE ends the process: this test fails by ending the test run.
        let before = signal(SIGPIPE, SIG_DFL)
        defer { _ = signal(SIGPIPE, before) }
        let logger = makeLogger()
        pipe.closeReading()
        for _ in 0..<50 { logger.log(.info, "nobody reads this") }
        logger.flush()
        #expect(logger.lostLines == 50)
        logger.close()
        logger.log(.info, "nor this")
        #expect(logger.lostLines == 51)
        var pending = sigset_t()
        sigpending(&pending)
        #expect(sigismember(&pending, SIGPIPE) == 0)
    }

    @Test("a descriptor that is not open loses lines and nothing else")
    func badDescriptor() {
        let logger = Logger(level: .info, format: .default, timestamps: false, descriptor: -1)
        logger.log(.info, "x")
        logger.close()
        #expect(logger.lostLines == 1)
    }

    @Test("to a pipe whole lines go out in pieces of at most PIPE_BUF, so that two processes' lines are not mixed")
    func pieces() {
        // Two loggers on one pipe stand for two processes: the kernel orders their writes in the same way.
        let narrow = Pipe(size: 4096)
        let count = 5000
        let reader = Worker { narrow.readLines() }
        let writers = ["a", "b"].map { mark in
            Worker {
                let logger = Logger(level: .info, format: .default, timestamps: false, descriptor: narrow.writing)
                for _ in 0..<count { logger.log(.info, String(repeating: mark, count: 150)) }
                logger.close()
            }
        }
        for writer in writers { _ = writer.join() }
        narrow.closeWriting()
        let written = reader.join() ?? []
        let whole = Set(["a", "b"].map { "[INFO] [-] [core] " + String(repeating: $0, count: 150) })
        #expect(written.count == 2 * count)
        #expect(written.allSatisfy(whole.contains))
    }

    @Test("a line longer than any piece goes through")
    func longLine() {
        let logger = makeLogger()
        let reader = Worker { [pipe] in pipe.readLines() }
        let long = String(repeating: "y", count: 200_000)
        logger.log(.info, "before")
        logger.log(.info, long)
        logger.log(.info, "after")
        logger.close()
        pipe.closeWriting()
        #expect(reader.join() == ["before", long, "after"].map { "[INFO] [-] [core] " + $0 })
    }
}
