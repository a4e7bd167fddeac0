// Log lines.
import CHarakaPluginKit

/// Haraka's levels, most urgent first.
public enum LogLevel: Int32, Sendable {
    case emerg, alert, crit, error, warn, notice, info, debug, `protocol`, data

    /// Whether lines of this level are written.
    public var isEnabled: Bool { haraka_log_enabled(rawValue) != 0 }
}

extension Plugin {
    /// Writes one line with the plugin's name. The text is not even built if nobody writes this level. Any thread.
    ///
    ///     plugin.log(.info, "\(list.count) domains")
    public func log(_ level: LogLevel, _ text: @autoclosure () -> String) {
        write(level, haraka_of_server(), text)
    }

    /// The same with the uuid of a connection or transaction.
    public func log(_ level: LogLevel, about object: Object, _ text: @autoclosure () -> String) {
        write(level, object.handle, text)
    }

    private func write(_ level: LogLevel, _ object: haraka_object, _ text: () -> String) {
        guard level.isEnabled else { return }
        text().lent { haraka_kit_host().pointee.log(handle, level.rawValue, object, $0) }
    }
}
