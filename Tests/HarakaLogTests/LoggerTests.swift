// The logger through a pipe: levels, order, interception, waiting, the end.

import Glibc
import Synchronization
import Testing

@testable import HarakaLog

@Suite("Logger")
struct LoggerTests {
    private let pipe = Pipe()

    private func makeLogger(_ level: LogLevel = .info, _ format: LogFormat = .default) -> Logger {
        Logger(level: level, format: format, timestamps: false, descriptor: pipe.writing)
    }

    /// What the logger has written once it is closed.
    private func lines(_ logger: Logger) -> [String] {
        logger.close()
        pipe.closeWriting()
        return pipe.readLines()
    }

    @Test("lines up to the level are written in order, others not even built")
    func levels() {
        let logger = makeLogger(.notice)
        let built = Atomic<Int>(0)
        func message(_ text: String) -> String {
            built.add(1, ordering: .relaxed)
            return text
        }
        logger.log(.emerg, message("a"))
        logger.log(.info, message("b"))
        logger.log(.notice, uuid: "U.1", origin: "tls", message("c"))
        logger.log(.data, message("d"))
        logger.log(LogLine(.debug, "e"))
        logger.log(LogLine(.warn, "f", fields: [("k", "v")]))
        #expect(lines(logger) == ["[EMERG] [-] [core] a", "[NOTICE] [U.1] [tls] c", "[WARN] [-] [core] f k=v"])
        #expect(built.load(ordering: .relaxed) == 2)
    }

    @Test("a level is enabled when it is not above the configured one")
    func enabled() {
        let logger = makeLogger(.warn)
        #expect(LogLevel.allCases.filter(logger.isEnabled) == [.emerg, .alert, .crit, .error, .warn])
        logger.configure(level: .data, format: .default, timestamps: false)
        #expect(LogLevel.allCases.allSatisfy(logger.isEnabled))
        logger.configure(level: .emerg, format: .default, timestamps: false)
        #expect(LogLevel.allCases.filter(logger.isEnabled) == [.emerg])
    }

    @Test("configure holds for the lines to come")
    func configure() {
        let logger = makeLogger()
        logger.log(.info, "a")
        logger.configure(level: .debug, format: .logfmt, timestamps: false)
        logger.log(.debug, "b")
        logger.configure(level: .debug, format: .json, timestamps: true)
        logger.log(.debug, "c")
        let written = lines(logger)
        #expect(written.prefix(2) == ["[INFO] [-] [core] a", "level=DEBUG uuid=- origin=core message=b"])
        #expect(written.last?.hasPrefix(#"{"timestamp":"20"#) == true)
        #expect(written.last?.hasSuffix(#"Z","level":"DEBUG","uuid":"-","origin":"core","message":"c"}"#) == true)
    }

    @Test("write goes past level and interceptor")
    func straight() {
        let logger = makeLogger(.emerg)
        logger.setInterceptor { _ in true }
        logger.write(LogLine(.data, "x"))
        #expect(lines(logger) == ["[DATA] [-] [core] x"])
    }

    @Test("an interceptor sees each enabled line and takes those it answers true for")
    func interceptor() {
        let logger = makeLogger(.info)
        let seen = Mutex<[String]>([])
        logger.setInterceptor { line in
            seen.withLock { $0.append(line.message) }
            return line.message == "mine"
        }
        logger.log(.info, "mine")
        logger.log(.debug, "off")
        logger.log(.info, "yours")
        logger.setInterceptor(nil)
        logger.log(.info, "mine")
        #expect(lines(logger) == ["[INFO] [-] [core] yours", "[INFO] [-] [core] mine"])
        #expect(seen.withLock(\.self) == ["mine", "yours"])
    }

    @Test("what an interceptor logs itself goes straight to the writer")
    func interceptorThatLogs() {
        let logger = makeLogger()
        logger.setInterceptor { [unowned logger] line in
            logger.log(.info, "inside: \(line.message)")
            return true
        }
        logger.log(.info, "a")
        logger.log(.info, "b")
        #expect(lines(logger) == ["[INFO] [-] [core] inside: a", "[INFO] [-] [core] inside: b"])
    }

    @Test("of four threads no line is lost or torn, and each thread's lines stay in order")
    func threads() {
        let count = 25_000
        let logger = makeLogger()
        let reader = Worker { [pipe] in pipe.readLines() }
        let writers = (0..<4).map { id in
            Worker {
                for number in 0..<count {
                    logger.log(.info, uuid: "\(id)", "\(number) " + String(repeating: "x", count: number % 200))
                }
            }
        }
        for writer in writers { _ = writer.join() }
        logger.close()
        pipe.closeWriting()
        let written = reader.join() ?? []
        #expect(written.count == 4 * count)
        var next = [0, 0, 0, 0]
        for line in written {
            guard let id = line.dropFirst(8).first?.wholeNumberValue, next.indices.contains(id) else {
                Issue.record("torn: \(line)")
                return
            }
            let number = next[id]
            guard line == "[INFO] [\(id)] [core] \(number) " + String(repeating: "x", count: number % 200) else {
                Issue.record("expected line \(number) of thread \(id), got: \(line)")
                return
            }
            next[id] += 1
        }
        #expect(logger.lostLines == 0)
    }

    @Test("a full queue makes the producer wait for a slow reader, and nothing is lost")
    func fullQueue() {
        let narrow = Pipe(size: 4096)
        let logger = Logger(level: .info, format: .default, timestamps: false, descriptor: narrow.writing)
        let total = LineQueue.lineLimit * 8
        let (logged, read, ahead) = (SharedCount(), SharedCount(), SharedCount())
        let producer = Worker {
            for number in 0..<total {
                logger.log(.info, "\(number)")
                logged.value.store(number + 1, ordering: .releasing)
                ahead.value.max(number + 1 - read.value.load(ordering: .acquiring), ordering: .relaxed)
            }
        }
        // The reader begins when a whole queue has been logged, and makes way for the producer after each page.
        while logged.value.load(ordering: .acquiring) < LineQueue.lineLimit { sched_yield() }
        let reader = Worker {
            narrow.readLines(page: 4096) {
                read.value.add($0, ordering: .releasing)
                sched_yield()
            }
        }
        _ = producer.join()
        logger.close()
        narrow.closeWriting()
        #expect(reader.join() == (0..<total).map { "[INFO] [-] [core] \($0)" })
        // What the queue holds, the batch on its way, and two pages: the pipe's and the reader's.
        let bound = 2 * LineQueue.lineLimit + 2 * 4096 / "[INFO] [-] [core] 0\n".utf8.count + 1
        #expect(ahead.value.load(ordering: .relaxed) <= bound)
    }

    @Test("flush returns when all lines logged before are written")
    func flush() {
        let logger = makeLogger()
        for number in 0..<100 { logger.log(.info, "\(number)") }
        logger.flush()
        var available: Int32 = 0
        #expect(ioctl(pipe.reading, UInt(FIONREAD), &available) == 0)
        #expect(Int(available) == (0..<100).reduce(0) { $0 + "[INFO] [-] [core] \($1)\n".utf8.count })
        logger.flush()
        #expect(lines(logger).count == 100)
    }

    @Test("after close lines are written by the thread that logs them; a second close is harmless")
    func afterClose() {
        let logger = makeLogger()
        logger.log(.info, "a")
        logger.close()
        logger.close()
        logger.log(.info, "b")
        logger.flush()
        #expect(lines(logger) == ["[INFO] [-] [core] a", "[INFO] [-] [core] b"])
    }

    @Test("a logger that goes away writes what is left")
    func release() {
        var logger: Logger? = makeLogger()
        for number in 0..<100 { logger?.log(.info, "\(number)") }
        logger = nil
        pipe.closeWriting()
        #expect(pipe.readLines().count == 100)
    }
}

/// A counter that two threads share.
private final class SharedCount: Sendable {
    let value = Atomic<Int>(0)
}
