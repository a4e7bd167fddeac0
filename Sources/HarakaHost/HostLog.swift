// The one log of the process, as the rooms below see it, and the `log` hook in front of it.

import HarakaLog
import HarakaNet
import HarakaPluginHost
import Synchronization

/// Any thread.
final class HostLog: PluginLog, SessionLog {
    let logger: Logger
    private let host = Mutex<PluginHost?>(nil)

    init(_ logger: Logger) { self.logger = logger }

    func isEnabled(_ level: Int32) -> Bool { LogLevel(rawValue: Int(level)).map(logger.isEnabled) ?? false }

    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {
        guard let level = LogLevel(rawValue: Int(level)) else { return }
        logger.log(level, uuid: uuid, origin: origin, message)
    }

    func log(_ level: Int32, uuid: String, _ message: String, fields: [(String, String)]) {
        guard let level = LogLevel(rawValue: Int(level)) else { return }
        logger.log(LogLine(level, uuid: uuid, origin: "core", message, fields: fields))
    }

    /// Lines go to the `log` hook of this host first, while its current generation has one.
    func intercept(_ host: PluginHost) {
        self.host.withLock { $0 = host }
        guard host.hasLogHook else { return logger.setInterceptor(nil) }
        logger.setInterceptor { [self] line in take(line) }
    }

    func stopIntercepting() {
        logger.setInterceptor(nil)
        host.withLock { $0 = nil }
    }

    /// The hook runs on the loop, outside of plugin code; a line from elsewhere waits for that.
    private func take(_ line: LogLine) -> Bool {
        guard let host = host.withLock(\.self) else { return false }
        if host.loop.isCurrent, !host.isInPluginCode { return HostLog.show(line, host) }
        if host.loop.isCurrent, host.isInLogHookNow { return false }
        host.loop.execute { [self] in
            if !HostLog.show(line, host) { logger.write(line) }
        }
        return true
    }

    private static func show(_ line: LogLine, _ host: PluginHost) -> Bool {
        host.runLogHook(
            level: Int32(line.level.rawValue), levelName: line.level.name, uuid: line.uuid, origin: line.origin,
            message: line.text, hook: line.fields.first { $0.0 == "hook" }?.1 ?? "")
    }
}
