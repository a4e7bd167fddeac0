// syslog: sends the log to syslog.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerSyslog)
    }
#endif

/// A mistake in the configuration refuses to load.
public func registerSyslog(_ plugin: Plugin) throws(PluginError) {
    let writer = Writer(try Settings(of: plugin))
    plugin.config.watch("syslog.ini") { writer.changed(plugin) }
    plugin.hook("log") { call in writer.write(call) }
}

/// What is in force, and the way out. Loop thread only.
private final class Writer {
    private var settings: Settings
    private var format: LineFormat
    private var outlet: Outlet

    init(_ settings: Settings) {
        self.settings = settings
        format = LineFormat(settings, process: Plugin.processNumber)
        outlet = Outlet(path: settings.socket)
        if settings.opensAtOnce { outlet.open(now: Plugin.monotonicClock) }
    }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            let new = try Settings(of: plugin)
            if new.socket != settings.socket { outlet = Outlet(path: new.socket) }
            settings = new
            format = LineFormat(new, process: Plugin.processNumber)
            plugin.log(.info, "syslog.ini has changed")
        } catch {
            plugin.log(.error, "syslog.ini: all stays as it was: \(error.cause)")
        }
    }

    /// What is logged in here is written by the server itself, and does not come by again.
    func write(_ call: borrowing Call) -> Answer {
        let entry = call.argument(0)
        let line = LogLine(
            level: entry["level"].text, uuid: entry["uuid"].text, origin: entry["origin"].text, data: entry["data"].text
        )
        let time = Plugin.localTime(ofSeconds: Plugin.wallClock / 1000)
        let missed = outlet.missed
        let bytes = format.line(priority: entry["priority"].integer(or: 7), time: time, line)
        switch outlet.send(bytes, now: Plugin.monotonicClock) {
        case .sent:
            if missed > 0 { call.plugin.log(.warn, "syslog is back; lines that it has missed: \(missed)") }
            return settings.keepsLines ? .ok : .continue
        case .missed:
            if missed == 0 { call.plugin.log(.error, "syslog misses lines: \(outlet.cause)") }
            // A line that syslog has not got must be somewhere.
            return .continue
        }
    }
}
