// What the plugin host says during a test. Its complaints about a plugin are findings.

import HarakaPluginABI
import HarakaPluginHost
import Synchronization

/// Any thread.
final class CheckLog: PluginLog {
    struct Line {
        let level: Int32
        let origin: String
        let message: String
        /// Logged by the plugin itself, or on account of a status that it was given.
        let isOwn: Bool
    }

    private struct Contents {
        var lines: [Line] = []
        var ownCount = 0
        var level: Int32 = HARAKA_LOG_INFO
    }

    private static let limit = 2000
    private let contents = Mutex(Contents())

    /// INFO, as servers run: the host asks hooks in a quicker way while nobody wants to see each answer.
    var level: Int32 {
        get { contents.withLock { $0.level } }
        set { contents.withLock { $0.level = newValue } }
    }

    func isEnabled(_ level: Int32) -> Bool { contents.withLock { level <= $0.level } }

    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {
        let isOwn = TableSpy.isInside
        contents.withLock { contents in
            if isOwn { contents.ownCount += 1 }
            guard contents.lines.count < CheckLog.limit else { return }
            contents.lines.append(Line(level: level, origin: origin, message: message, isOwn: isOwn))
        }
    }

    /// What the host has to say against plugins, and forgets it.
    func takeComplaints() -> [Line] {
        contents.withLock { contents in
            defer { contents.lines = [] }
            return contents.lines.filter { !$0.isOwn && $0.origin != "core" && $0.level <= HARAKA_LOG_WARN }
        }
    }

    /// Lines of one level that the host has said about plugins.
    func lines(_ level: Int32) -> [String] {
        contents.withLock { $0.lines.filter { !$0.isOwn && $0.level == level }.map(\.message) }
    }

    /// Lines that plugins logged themselves.
    var ownCount: Int { contents.withLock { $0.ownCount } }
}
