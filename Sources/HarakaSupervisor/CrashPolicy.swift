// What is to happen to a plugin that keeps crashing, and what is remembered of a crash.

/// What is done with a plugin that has crashed too often (`on_crash` in plugins.ini).
public enum OnCrash: String, Sendable, Equatable, CaseIterable {
    /// It is not run; its hooks answer DENYSOFT, so the client comes again later (`StandIn`). No mail passes unseen.
    case tempfail
    /// It is left out: mail passes as if it were not in config/plugins.
    case skip
    /// Its last good bytes are run in place of those that crash.
    case previous
    /// The server stops.
    case stop
}

/// When a plugin has crashed too often (plugins.ini, `[main]` or the plugin's own section).
public struct CrashPolicy: Sendable, Equatable {
    /// The crash that brings the measure. 0 or less: crashes never bring one.
    public var crashLimit: Int
    /// Seconds in which that many crashes are too many.
    public var crashWindow: Double
    public var onCrash: OnCrash

    /// The defaults are those of plugins.ini.
    public init(crashLimit: Int = 3, crashWindow: Double = 600, onCrash: OnCrash = .tempfail) {
        self.crashLimit = crashLimit
        self.crashWindow = crashWindow
        self.onCrash = onCrash
    }
}

/// What was decided about a plugin with certain bytes. It stays until the bytes change or the operator lifts it.
public struct Measure: Sendable, Equatable {
    /// As in config/plugins.
    public let plugin: String
    /// The content hash of the bytes that crashed. Other bytes of the same plugin are not meant.
    public let hash: String
    public internal(set) var action: OnCrash
    /// The crash that brought it, in words for the operator.
    public let reason: String
    /// The time of that crash, in the seconds that `CrashLedger.record` was given.
    public let since: Double
    /// Crashes inside the window when it was taken, and those of these bytes since.
    public internal(set) var crashes: Int
}

/// A crash as `status` shows it: any end of a worker that nobody asked for.
public struct CrashEntry: Sendable, Equatable {
    /// In seconds, of whatever clock the status shows; nothing is computed from it.
    public var time: Double
    /// The worker's name, as `WorkerID.name`.
    public var worker: String
    /// One line: signal or exit status, and whom it is charged to.
    public var summary: String
    /// Who ran. Nil: the host itself, or nobody knows.
    public var plugin: String?
    /// The content hash of that plugin.
    public var hash: String?
    /// The hook, or the name of another kind of call.
    public var hook: String?
    /// Innermost first; empty if there was no time to take one (SIGKILL).
    public var backtrace: [String] = []

    public init(time: Double, worker: String, summary: String) {
        self.time = time
        self.worker = worker
        self.summary = summary
    }
}
