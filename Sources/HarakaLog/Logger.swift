// The log: levels checked for next to nothing, lines written by a thread of their own.

import Glibc
// Public, because the check of the level is inlined into the caller.
public import Synchronization

/// Writes lines of log in Haraka's levels and formats.
///
/// Any thread. A line below the level costs one relaxed atomic load; its message is never built. An enabled line is
/// encoded into a queue of 16,384 lines, which one thread writes in batches. When the queue is full, whoever logs
/// waits, so that no line is lost.
public final class Logger: Sendable {
    /// The number of the least urgent level that is written.
    @usableFromInline let threshold: Atomic<Int>
    private let format: Atomic<Int>
    private let timestamps: Atomic<Bool>
    private let isColoured: Bool
    private let queue: LineQueue

    /// Asked before the lock of `interceptor` is taken: most servers have none.
    private let isIntercepted = Atomic<Bool>(false)
    private let interceptor = Mutex<(@Sendable (LogLine) -> Bool)?>(nil)
    /// Set in a thread while it is inside the interceptor.
    private let interceptingKey: pthread_key_t

    /// A logger that writes to `descriptor`, which must stay open and stays the caller's. Colours the level if that is
    /// a terminal.
    public init(level: LogLevel, format: LogFormat, timestamps: Bool, descriptor: Int32) {
        threshold = Atomic(level.rawValue)
        self.format = Atomic(format.code)
        self.timestamps = Atomic(timestamps)
        isColoured = isatty(descriptor) == 1
        queue = LineQueue(descriptor: descriptor)
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        interceptingKey = key
    }

    /// What is left is written first; the writer holds the queue, not the logger.
    deinit {
        queue.close()
        pthread_key_delete(interceptingKey)
    }

    /// Whether lines of this level are written.
    @inlinable @inline(__always)
    public func isEnabled(_ level: LogLevel) -> Bool {
        level.rawValue <= threshold.load(ordering: .relaxed)
    }

    /// Logs a message, which is built only where its level is enabled.
    ///
    /// - Parameters:
    ///   - uuid: The connection's, transaction's or queued message's; `-` for none.
    ///   - origin: The plugin that speaks, or `core`.
    @inlinable @inline(__always)
    public func log(
        _ level: LogLevel, uuid: String = "-", origin: String = "core", _ message: @autoclosure () -> String
    ) {
        if isEnabled(level) { logEnabled(LogLine(level, uuid: uuid, origin: origin, message())) }
    }

    /// Logs a line with fields, if its level is enabled.
    public func log(_ line: LogLine) {
        if isEnabled(line.level) { logEnabled(line) }
    }

    /// The interceptor first, then the writer. What an interceptor logs itself goes straight to the writer.
    @usableFromInline
    func logEnabled(_ line: LogLine) {
        if isIntercepted.load(ordering: .acquiring), intercept(line) { return }
        write(line)
    }

    /// Whether the interceptor takes the line. It is not asked about what it logs itself, or it would never end.
    private func intercept(_ line: LogLine) -> Bool {
        guard pthread_getspecific(interceptingKey) == nil, let take = interceptor.withLock(\.self) else { return false }
        pthread_setspecific(interceptingKey, UnsafeRawPointer(bitPattern: 1))
        defer { pthread_setspecific(interceptingKey, nil) }
        return take(line)
    }

    /// Gives a line to the writer, whatever its level, past the interceptor.
    public func write(_ line: LogLine) {
        let format = LogFormat(code: format.load(ordering: .relaxed))
        let presentation = Presentation(format: format, isColoured: isColoured)
        let time = timestamps.load(ordering: .relaxed) ? Self.now() : nil
        queue.append { presentation.encode(line, at: time, into: &$0) }
    }

    /// Changes what is written and how, for the lines to come.
    public func configure(level: LogLevel, format: LogFormat, timestamps: Bool) {
        threshold.store(level.rawValue, ordering: .relaxed)
        self.format.store(format.code, ordering: .relaxed)
        self.timestamps.store(timestamps, ordering: .relaxed)
    }

    /// Sets who sees each enabled line first, in the thread that logs it; nil for nobody.
    ///
    /// It answers true where it took the line, which is then not written (Haraka's `log` hook does so). It may log:
    /// its own lines go straight to the writer.
    public func setInterceptor(_ take: (@Sendable (LogLine) -> Bool)?) {
        interceptor.withLock { $0 = take }
        isIntercepted.store(take != nil, ordering: .releasing)
    }

    /// Returns when all lines logged before are written.
    public func flush() {
        queue.flush()
    }

    /// Writes what is left and ends the writer; lines logged later are written by the thread that logs them.
    public func close() {
        queue.close()
    }

    /// Lines that could not be written: the reader of the log was gone, or the disk full.
    public var lostLines: Int {
        queue.lostLines
    }

    /// The wall clock.
    private static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(seconds: Int64(time.tv_sec), milliseconds: time.tv_nsec / 1_000_000)
    }
}

extension LogFormat {
    /// The format as an atomic holds it.
    fileprivate var code: Int {
        switch self {
        case .default: 0
        case .logfmt: 1
        case .json: 2
        }
    }

    fileprivate init(code: Int) {
        self = code == 1 ? .logfmt : code == 2 ? .json : .default
    }
}
