// What plugins do to the process behind the host's back: signal handlers that they replace, descriptors that they
// close.

import CHarakaFault
import HarakaPluginABI

extension PluginHost {
    private static let watchMilliseconds: Int64 = 1000

    /// Looks every second from now on. Any thread.
    func startFaultWatch() {
        loop.execute { [weak self] in self?.watchFaults() }
    }

    private func watchFaults() {
        guard faults.isInstalled, PluginHost.shared === self else { return }
        checkFaults()
        faultTimer?.cancel()
        faultTimer = loop.schedule(after: PluginHost.watchMilliseconds) { [weak self] in self?.watchFaults() }
    }

    /// Puts our signal handlers back and says who took them; names who tried to close what is the server's. On the
    /// loop.
    func checkFaults() {
        guard faults.isInstalled else { return }
        reportHandlers()
        reportRefusedCloses()
    }

    private func reportHandlers() {
        var handler: UnsafeMutableRawPointer?
        let signal = haraka_fault_check_handlers(&handler)
        guard signal != 0 else { return }
        let culprit = haraka_fault_plugin_at(faults.page, handler)
        let name = faults.pluginName(culprit).map { "plugin \($0)" } ?? "something unknown"
        let text = "\(name) had replaced the server's handler of signal \(signal); put back"
        warn(HARAKA_LOG_CRIT, faults.pluginName(culprit) ?? "core", "-", text)
    }

    private func reportRefusedCloses() {
        var frame = haraka_fault_frame()
        var descriptor: Int32 = -1
        let count = haraka_fault_take_refused(&frame, &descriptor)
        guard count > 0 else { return }
        let name = faults.pluginName(frame.plugin) ?? "unknown"
        let hook = faults.hookName(frame.hook) ?? "unknown"
        let more = count > 1 ? ", and \(count - 1) more times" : ""
        let text = "plugin \(name) tried to close the server's descriptor \(descriptor) (hook \(hook)); refused\(more)"
        warn(HARAKA_LOG_CRIT, name, "-", text)
    }

    /// Remembers that a call has held the loop for so long: it counts as the maximum of that plugin's hook in `status`.
    /// The watch thread calls this; `plugin` and `hook` are those of its frame. Any thread.
    public func noteHeld(plugin: UInt32, hook: UInt32, milliseconds: UInt32) {
        faults.noteHeld(plugin: plugin, hook: hook, milliseconds: milliseconds)
    }
}
