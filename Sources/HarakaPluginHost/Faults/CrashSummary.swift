// A crash in one line of a log.

import Glibc

extension CrashReport {
    /// Hexadecimal digits of a hash that are shown.
    private static let shownHash = 12

    /// Whom, what, where and for whom, in one line.
    public var summary: String {
        switch blame {
        case .frame, .address: "plugin \(culprit) \(deed)"
        case .running: "the server \(plainDeed), a job of plugin \(culprit) was running\(detail)"
        case .last: "the server \(plainDeed), no plugin was running; the last one was \(culprit)\(place)\(detail)"
        case .none: "the server \(plainDeed), no plugin was running\(detail)"
        }
    }

    /// Name and hash.
    private var culprit: String {
        let shown = hash.map { " (\($0.prefix(Self.shownHash)))" } ?? ""
        return "\(plugin ?? "without name")\(shown)"
    }

    private var deed: String {
        switch cause {
        case .signal: "crashed\(place)\(detail)"
        case .held(let milliseconds): "held the loop for \(milliseconds) ms\(place)"
        case .exited(let status): "exited with status \(status)\(place)"
        case .killed(let signal): "was killed by \(Self.name(ofSignal: signal)) while\(running) ran\(client)"
        }
    }

    /// Without the place, for a plugin that is not to blame.
    private var plainDeed: String {
        switch cause {
        case .signal: "crashed"
        case .held(let milliseconds): "held the loop for \(milliseconds) ms"
        case .exited(let status): "exited with status \(status)"
        case .killed(let signal): "was killed by \(Self.name(ofSignal: signal))"
        }
    }

    /// What is known of a fault.
    private var detail: String {
        guard case .signal(let signal, let address) = cause else { return "" }
        return ": \(Self.name(ofSignal: signal))" + (address.map { " at 0x\(String($0, radix: 16))" } ?? "")
    }

    private var place: String {
        switch thread {
        case .job: " in a job"
        case .other where blame == .address: " in a thread of its own"
        case .other, .loop: hook.map { " in hook \($0)\(client)" } ?? " outside its hooks"
        }
    }

    private var running: String { hook.map { " hook \($0)" } ?? " it" }

    private var client: String {
        guard let connection else { return "" }
        // Only the uuid of what is in a connection has a dot.
        return " for \(connection.contains(".") ? "mail" : "connection") \(connection)"
            + (remote.map { " (\($0))" } ?? "")
    }

    private static let signalNames: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]

    /// `SIGSEGV`, or `signal 40` for one without name.
    static func name(ofSignal signal: Int32) -> String { signalNames[signal] ?? "signal \(signal)" }
}
