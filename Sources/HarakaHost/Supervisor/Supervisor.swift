// The process that starts the others: it opens listeners, seals plugins, starts workers, restarts those that die, and answers
// the control socket. It parses no mail and maps no plugin. docs/processes.md.

import CHarakaProcess
import Glibc
import HarakaConfig
import HarakaLog
import HarakaPluginHost
import HarakaSupervisor
import HarakaTLS

/// One thread, the main one. With `nodes=0` its only worker is a thread of the same process; all else is the same.
final class Supervisor {
    let folder: Folder
    var configuration: Configuration
    let logger: Logger
    let loop = PollLoop()
    let notifier = ServiceNotifier()
    let isInProcess: Bool
    private(set) var listeners: [ListenSocket] = []
    private var pidFile: PidFile?
    private var signals: Int32 = -1
    private(set) var control: ControlSocket?

    var workers: [WorkerHandle] = []
    var backoffs: [WorkerID: RestartBackoff] = [:]
    var ledger = CrashLedger()
    /// What every new worker loads.
    var current: PluginSet?
    var lastNumber = 0
    /// A set that workers are preparing.
    var round: Round?
    /// A set that workers are going over to.
    var committing: Round?
    /// Dead workers that wait for the round to be over.
    var waitingForRound: [WorkerID] = []
    /// A plugin has crashed too often, and not all workers know.
    var isMeasureDue = false
    var replacing: Replacing?
    /// The bytes that each plugin had before its last change, for `on_crash=previous`.
    var previous: [String: SealedPlugin] = [:]
    /// The hooks that each plugin has registered, for stand-ins.
    var knownHooks: [String: [String]] = [:]
    var watch: FileWatch?
    var settling = Settling(quiet: 1)
    var settlingTimer: Int?
    var staleFiles: Set<[String]> = []
    let startedAt = PollLoop.now()
    /// Keys of session tickets, the same for all workers.
    let tickets: TicketKeys
    let ticketPeriod: Int64
    var lastQuestion = 0
    /// On which smtp workers tell the delivery worker of mail that they have queued: it outlives them all.
    let hints: (read: Int32, write: Int32)
    var isServing = false
    var isStopping = false
    /// Why the start failed, or why `on_crash=stop` ended the server.
    var failure: String?

    /// Runs the server of a folder until it is told to stop. The exit status.
    static func run(_ folder: Folder) throws -> Int32 {
        let configuration = Configuration.read(folder)
        for warning in configuration.diagnostics where warning.severity == .warning {
            Terminal.write("\(warning)\n", to: 2)
        }
        guard configuration.errors.isEmpty else {
            let list = configuration.errors.map(\.description).joined(separator: "\n")
            throw CommandError("the configuration has mistakes:\n\(list)")
        }
        guard !ControlClient.isRunning(folder) else {
            throw CommandError("a server runs in \(folder.path) already (it answers at \(folder.controlSocket))")
        }
        if configuration.smtp.daemonize, !Daemon.isDaemon { return try Daemon.start(folder, configuration.smtp) }
        Daemon.prepare()
        guard chdir(folder.path) == 0 else { throw CommandError("cannot enter \(folder.path): \(errnoText())") }
        Signals.block()
        Descriptors.raise()
        return try Supervisor(folder, configuration).run()
    }

    private init(_ folder: Folder, _ configuration: Configuration) {
        self.folder = folder
        self.configuration = configuration
        isInProcess = configuration.smtp.nodes == .inProcess
        logger = Logger(level: .info, format: .default, timestamps: false, descriptor: 1)
        ticketPeriod = configuration.tls?.ticketPeriod ?? 3600
        tickets = TicketKeys(secret: TicketSecret.random(), epoch: Int64(time(nil)), period: ticketPeriod)
        var ends: [Int32] = [-1, -1]
        let isMade = pipe(&ends) == 0
        for end in ends where isMade { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        if isMade {
            _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
            // F_SETPIPE_SZ, which the module lacks. For what does not fit the whole folder is looked through.
            _ = fcntl(ends[1], 1031, 1 << 20)
        }
        hints = (ends[0], ends[1])
        configuration.configure(logger)
    }

    private func run() throws -> Int32 {
        defer { logger.close() }
        do {
            try open()
            try startWorkers()
            watchFiles()
        } catch {
            failure = failure ?? "\((error as? CommandError)?.message ?? "\(error)")"
            killAll()
        }
        if failure == nil || !workers.isEmpty { loop.run() }
        for listener in listeners { listener.end() }
        control?.close()
        pidFile?.remove()
        if let failure { throw CommandError(failure) }
        return 0
    }

    /// What needs root comes first; then it is given up, before the first plugin is read.
    private func open() throws {
        let inherited = ActivationSockets(environment: ServiceManager.environment, processID: Int(getpid()))
        if configuration.smtp.daemonize { pidFile = try PidFile(configuration.smtp.daemonPIDFile) }
        listeners = try ListenSocket.all(configuration.smtp, inherited)
        try Privileges.drop(user: configuration.smtp.user, group: configuration.smtp.group)
        try folder.makeRun()
        control = try ControlSocket(folder.controlSocket, loop) { [unowned self] words, answer in
            command(words, answer)
        }
        folder.keepGoodConfiguration()
        signals = haraka_signal_descriptor(Signals.taken, Signals.taken.count)
        loop.watch(signals) { [unowned self] in takeSignals() }
        if let seconds = notifier.watchdogSeconds { tellAlive(every: seconds) }
    }

    func log(_ level: LogLevel, _ text: String) { logger.log(level, text) }

    private func tellAlive(every seconds: Double) {
        notifier.send(.watchdog)
        loop.after(seconds) { [unowned self] in tellAlive(every: seconds) }
    }

    /// Everybody serves for the first time.
    func nowServing() {
        isServing = true
        for listener in listeners { log(.notice, "Listening on \(listener.place)") }
        notifier.send(.ready(status: statusLine))
        Daemon.tellReady()
    }

    var statusLine: String {
        let smtp = workers.count { $0.id.role == .smtp && $0.state == .serving }
        let names = current?.prepared.plugins.count ?? 0
        return "\(smtp) workers, \(names) plugins, generation \(current?.number ?? 0)"
    }

    // MARK: signals

    private func takeSignals() {
        while case let signal = haraka_next_signal(signals), signal != 0 {
            switch signal {
            case SIGCHLD: reap()
            case SIGUSR2:
                log(.notice, "SIGUSR2 received, loading the plugins anew")
                reload { _ in }
            case SIGHUP: flushQueue()
            default:
                log(.notice, "\(signal == SIGINT ? "SIGINT" : "SIGTERM") received")
                stop()
            }
        }
    }
}

/// How many descriptors the server and its workers, which inherit it, may have.
enum Descriptors {
    /// As many as may be had without asking root, and 65,536 at most: one for each client, and some. The usual soft limit of
    /// 1024 is for programs that use select(2).
    static func raise() {
        var limit = rlimit()
        let what = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(what, &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 65_536))
        setrlimit(what, &limit)
    }
}

/// Variables that a service manager sets.
enum ServiceManager {
    static var environment: [String: String] {
        var found: [String: String] = [:]
        for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
            if let value = getenv(name) { found[name] = String(cString: value) }
        }
        return found
    }
}
