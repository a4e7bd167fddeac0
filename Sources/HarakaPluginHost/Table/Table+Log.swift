// Log lines for plugins. plugin.h "log".

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// A longer line of a plugin is cut: no plugin can fill the log with one call.
    static let maximumLogLine = 8192

    func fillLog() {
        table.pointee.log_enabled = { level in
            guard let host = PluginHost.shared else { return 0 }
            return host.log.isEnabled(level) ? 1 : 0
        }
        table.pointee.log = { me, level, object, text in
            guard let host = PluginHost.shared, (0...9).contains(level), host.log.isEnabled(level) else { return }
            let origin = host.identity(me)?.name ?? "plugin"
            guard let bytes = text.bytes else {
                return host.log.log(HARAKA_LOG_ERROR, uuid: "-", origin: origin, "logged a malformed text")
            }
            var message = String(
                decoding: UnsafeRawBufferPointer(rebasing: bytes.prefix(PluginHost.maximumLogLine)), as: UTF8.self)
            if bytes.count > PluginHost.maximumLogLine { message += " ... (\(bytes.count) bytes)" }
            host.log.log(level, uuid: host.logUUID(object), origin: origin, message)
        }
    }

    /// The uuid for a log line: of the object, on the loop only.
    private func logUUID(_ object: haraka_object) -> String {
        guard object.bits != 0, loop.isCurrent else { return "-" }
        switch self.object(object) {
        case .connection(let state): return state.connection.logUUID
        case .transaction(let state): return state.transaction.uuid
        case .hmail(let state): return state.mail.uuid
        default: return "-"
        }
    }

    public var isInPluginCode: Bool { depth > 0 }
    public var isInLogHookNow: Bool { isInLogHook }
}
