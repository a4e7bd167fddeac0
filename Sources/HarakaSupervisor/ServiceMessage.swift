// What the service manager is told: the text of sd_notify(3), without its socket.

/// A message to the service manager, for the datagram socket that NOTIFY_SOCKET names (systemd.service(5), Type=notify
/// and Type=notify-reload).
public enum ServiceMessage: Sendable, Equatable {
    /// The server serves; also the end of a reload.
    case ready(status: String)
    /// A reload begins. The time is CLOCK_MONOTONIC in microseconds, which Type=notify-reload insists on.
    case reloading(monotonicMicroseconds: UInt64)
    /// The shutdown has begun.
    case stopping(status: String)
    /// One line for `systemctl status`. Empty: none.
    case status(String)
    /// Still alive (WatchdogSec=).
    case watchdog
    /// Which process is the service, after `daemonize` has changed it.
    case mainPid(Int)

    /// `KEY=VALUE` lines with LF between them.
    public var text: String {
        switch self {
        case .ready(let status): "READY=1\nSTATUS=\(Self.oneLine(status))"
        case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
        case .stopping(let status): "STOPPING=1\nSTATUS=\(Self.oneLine(status))"
        case .status(let status): "STATUS=\(Self.oneLine(status))"
        case .watchdog: "WATCHDOG=1"
        case .mainPid(let process): "MAINPID=\(process)"
        }
    }

    /// A status may quote a plugin; a line end in it would begin a key of its own. Each control character becomes a blank.
    private static func oneLine(_ value: String) -> String {
        var line = ""
        for scalar in value.unicodeScalars {
            line.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return line
    }
}
