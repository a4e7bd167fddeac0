// Functions around those of the host's table: what a plugin asks for, and what it is told. C functions carry no
// context, so there is one spy per process.

import Glibc
import HarakaPluginABI
import HarakaPluginHost
import Synchronization

/// Counts refusals by function. Any thread, as the table itself.
enum TableSpy {
    /// The table's own functions.
    nonisolated(unsafe) static var original = haraka_host()
    private static let refusals = Mutex<[String: [Int32: Int]]>([:])
    private static let messages = Mutex(0)
    /// Replies with characters that a client must not see.
    private static let dirtyReplies = Mutex(0)
    /// What the plugin logged that a server at level INFO would write.
    private static let log = Mutex((lines: 0, bytes: 0))
    private static let watched = Mutex<[String]>([])
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// The calling thread is inside a host function, so a line that is logged now is the plugin's own doing, or
    /// answered by a status.
    static var isInside: Bool { pthread_getspecific(key) != nil }

    /// How often `function` answered `status`.
    static func count(_ status: Int32) -> [(function: String, times: Int)] {
        refusals.withLock { $0 }.compactMap { name, counts in counts[status].map { (name, $0) } }.sorted { $0.0 < $1.0 }
    }

    static func forget() { refusals.withLock { $0 = [:] } }

    /// Message views that are held at this moment.
    static var heldMessages: Int { messages.withLock { $0 } }
    static var dirtyReplyCount: Int { dirtyReplies.withLock { $0 } }

    /// Before the first plugin is loaded.
    static func install(on table: UnsafeMutablePointer<haraka_host>) {
        original = table.pointee
        aroundRegistration(table)
        aroundAnswers(table)
        aroundObjects(table)
        aroundResults(table)
        aroundMessages(table)
        aroundWork(table)
        aroundServices(table)
    }

    // MARK: noting

    /// Runs a host function and notes what it refuses.
    static func note(_ function: StaticString, _ body: () -> Int32) -> Int32 {
        let status = quietly(body)
        if status < 0 { refusals.withLock { $0["\(function)", default: [:]][status, default: 0] += 1 } }
        return status
    }

    static func quietly<Result>(_ body: () -> Result) -> Result {
        let outer = pthread_getspecific(key)
        pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
        defer { pthread_setspecific(key, outer) }
        return body()
    }

    static func watches(_ name: haraka_str) {
        guard let bytes = name.ptr, name.len < 256 else { return }
        let text = String(decoding: UnsafeRawBufferPointer(start: bytes, count: name.len), as: UTF8.self)
        watched.withLock { if !$0.contains(text) { $0.append(text) } }
    }

    /// Configuration files whose changes the plugin wants to hear of.
    static var watchedFiles: [String] { watched.withLock { $0 } }

    static func logged(_ level: Int32, _ text: haraka_str) {
        guard level <= HARAKA_LOG_INFO else { return }
        log.withLock {
            $0.lines += 1
            $0.bytes &+= min(text.len, 1 << 30)
        }
    }

    /// Lines and bytes that were logged since the last question.
    static func takeLogged() -> (lines: Int, bytes: Int) {
        log.withLock { log in
            defer { log = (0, 0) }
            return log
        }
    }

    static func held(_ count: Int, if status: Int32) {
        if status >= 0 { messages.withLock { $0 += count } }
    }

    /// The host has taken the reply, so it can be read.
    static func look(at reply: UnsafePointer<haraka_reply>?) {
        guard let reply = reply?.pointee, let lines = reply.lines else { return }
        for line in UnsafeBufferPointer(start: lines, count: reply.line_count) {
            let bytes = UnsafeRawBufferPointer(start: line.ptr, count: line.ptr == nil ? 0 : line.len)
            // LF begins a new line, TAB becomes a blank.
            guard bytes.contains(where: { ($0 < 32 && $0 != 10 && $0 != 9) || $0 == 127 }) else { continue }
            return dirtyReplies.withLock { $0 += 1 }
        }
    }
}
