// A server in one process: from configuration to listeners, and back down. docs/command-line.md "Start".

import Glibc
import HarakaConfig
import HarakaLog
import HarakaNet
import HarakaPluginHost
import NIOCore
import NIOPosix

/// The running server. Started and stopped by the main thread, which otherwise waits for signals.
final class ServerProcess {
    private let folder: Folder
    private let configuration: Configuration
    private let logger: Logger
    private let log: HostLog
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let pool = NIOThreadPool(numberOfThreads: 4)
    /// For lookups of clients' names, which can block for long: mail must not wait for them to be stored.
    private let namePool = NIOThreadPool(numberOfThreads: 4)
    private let loop: any EventLoop
    private let host: PluginHost
    private let server: SMTPServer
    private let reloader: Reloader
    private var control: (any Channel)?

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
        guard chdir(folder.path) == 0 else { throw CommandError("cannot enter \(folder.path): \(errnoText())") }
        Signals.block()
        let process = ServerProcess(folder, configuration)
        do {
            try process.start()
        } catch {
            process.logger.flush()
            process.shutDownThreads()
            throw CommandError("\(error)")
        }
        process.serve()
        return 0
    }

    private init(_ folder: Folder, _ configuration: Configuration) {
        self.folder = folder
        self.configuration = configuration
        logger = Logger(level: .info, format: .default, timestamps: false, descriptor: 1)
        configuration.configure(logger)
        log = HostLog(logger)
        loop = group.next()
        pool.start()
        namePool.start()
        let netLoop = NetLoop(loop, pool: pool)
        host = PluginHost(
            loop: netLoop, log: log, configuration: PluginFiles(folder: folder), roots: folder.pluginRoots,
            version: "Haraka for Swift \(Version.number)")
        server = SMTPServer(configuration.serverSettings, host: host, log: log, loop: loop, pool: namePool)
        reloader = Reloader(folder, host, log, loop, pool)
    }

    // MARK: up

    private func start() throws {
        if case .count(let nodes) = configuration.smtp.nodes, nodes > 1 {
            logger.log(.warn, "nodes=\(nodes): worker processes are not there yet; everything runs in one process")
        }
        let listeners = try openListeners()
        try Privileges.drop(user: configuration.smtp.user, group: configuration.smtp.group)
        try reloader.loadFirst(configuration)
        try openControlSocket()
        nonisolated(unsafe) let server = server
        try loop.submit { server.startAccepting() }.wait()
        for place in listeners { logger.log(.notice, "Listening on \(place)") }
    }

    /// Opens the listeners while the process may, but takes no client before the plugins are there.
    private func openListeners() throws -> [String] {
        var listeners = configuration.listeners
        if configuration.smtp.isListenDefault, access("/proc/net/if_inet6", F_OK) != 0 {
            listeners = [.tcp(host: "0.0.0.0", port: 25)]
        }
        return try listeners.map { listener in
            do {
                let address = try server.listen(listener).wait()
                return ServerProcess.text(listener, address)
            } catch {
                throw CommandError(
                    "cannot listen on \(ServerProcess.text(listener, nil)): \(ServerProcess.reason(error))")
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let failed = error as? IOError else { return "\(error)" }
        let hint = failed.errnoCode == EACCES ? " (ports below 1024 need root)" : ""
        return String(cString: strerror(failed.errnoCode)) + hint
    }

    private static func text(_ listener: Listener, _ bound: SocketAddress?) -> String {
        switch listener {
        case .unix(let path, _): return path
        case .tcp(let host, let port):
            let ip = bound?.ipAddress ?? host
            return "\(ip.contains(":") ? "[\(ip)]" : ip):\(bound?.port ?? port)"
        }
    }

    private func openControlSocket() throws {
        if mkdir(folder.run, 0o700) != 0, errno != EEXIST {
            throw CommandError("cannot make \(folder.run): \(errnoText())")
        }
        let reloader = reloader
        do {
            control = try ControlServer.listen(folder.controlSocket, on: loop) { words, answer in
                guard words == ["reload"] else {
                    return answer(["unknown command: \(words.joined(separator: " "))", "ERROR"])
                }
                reloader.reload { result in answer(result.lines) }
            }.wait()
        } catch {
            throw CommandError("cannot open the control socket \(folder.controlSocket): \(ServerProcess.reason(error))")
        }
    }

    // MARK: waiting for signals

    private func serve() {
        while true {
            switch Signals.wait() {
            case SIGUSR2:
                logger.log(.notice, "SIGUSR2 received, loading the plugins anew")
                reloader.reload { _ in }
            case SIGHUP: logger.log(.notice, "SIGHUP received; there is no queue to flush yet")
            case let signal:
                logger.log(.notice, "\(signal == SIGINT ? "SIGINT" : "SIGTERM") received")
                return stop()
            }
        }
    }

    // MARK: down

    private func stop() {
        logger.log(.notice, "Shutting down")
        Signals.exitAtOnceNextTime()
        nonisolated(unsafe) let server = server
        let (host, loop) = (host, loop)
        let grace = configuration.smtp.gracefulShutdown ? configuration.smtp.forceShutdownTimeout : 3
        let amount = TimeAmount.milliseconds(Int64(grace * 1000))
        _ = try? loop.flatSubmit { server.stop(grace: amount) }.wait()
        let ended = loop.makePromise(of: Void.self)
        loop.execute { host.stop(within: 5000) { ended.succeed(()) } }
        try? ended.futureResult.wait()
        try? control?.close().wait()
        unlink(folder.controlSocket)
        log.stopIntercepting()
        shutDownThreads()
        logger.close()
    }

    private func shutDownThreads() {
        try? group.syncShutdownGracefully()
        try? pool.syncShutdownGracefully()
        // A lookup may be stuck in the resolver; the end of the process does not wait for it.
        namePool.shutdownGracefully { _ in }
    }
}

func errnoText() -> String { String(cString: strerror(errno)) }
