// A plugin that holds the loop: named in the log, and after the hard limit ended with its worker. docs/faults.md.

import CHarakaFault
import Glibc
import HarakaLog
import HarakaPluginHost

extension MailWorker {
    /// The watch thread calls back without knowing Swift: the worker is process-wide and lives as long.
    func watchLoop() {
        let limits = configuration.pluginSettings
        let held: haraka_fault_held = { context, frame, milliseconds, isFatal in
            guard let context, let frame else { return }
            Unmanaged<MailWorker>.fromOpaque(context).takeUnretainedValue().held(
                frame.pointee, milliseconds, isFatal != 0)
        }
        let status = haraka_fault_watch_start(
            page, UInt32(limits.loopWarnMilliseconds), UInt32(limits.loopKillMilliseconds), held,
            Unmanaged.passRetained(self).toOpaque())
        if status != 0 {
            log.log(3, uuid: "-", origin: "core", "no watch thread: \(String(cString: strerror(status)))")
        }
    }

    /// On the watch thread.
    private func held(_ frame: haraka_fault_frame, _ milliseconds: UInt32, _ isFatal: Bool) {
        host.noteHeld(plugin: frame.plugin, hook: frame.hook, milliseconds: milliseconds)
        let plugin = host.faults.pluginName(frame.plugin) ?? "unknown"
        let hook = host.faults.hookName(frame.hook) ?? "unknown"
        let client = uuid(frame.connection)
        let text =
            "plugin \(plugin) has held the loop for \(milliseconds) ms in hook \(hook): no client is served meanwhile"
        // Not through the `log` hook: the loop, on which it would run, is held.
        guard isFatal else { return log.logger.write(LogLine(.warn, uuid: client, origin: plugin, text)) }
        log.logger.write(
            LogLine(.crit, uuid: client, origin: plugin, "\(text); this worker ends (loop_kill_ms)"))
        log.logger.flush()
    }

    /// Of the connection that a frame names; "-" if it names none.
    private func uuid(_ connection: UInt32) -> String {
        guard let client = haraka_fault_connection_entry(page, connection) else { return "-" }
        let text = withUnsafeBytes(of: client.pointee.uuid) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return text.isEmpty ? "-" : text
    }
}
