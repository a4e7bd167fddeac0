// The end of the server: those that talk to clients first, then the one that delivers. docs/processes.md "Stop".

import Glibc
import HarakaLog
import HarakaSupervisor

extension Supervisor {
    /// What plugins have for their `haraka_shutdown` at a plain stop, and a little for the process itself.
    private static let lastSeconds = 7.0

    private var grace: Double {
        configuration.smtp.gracefulShutdown ? configuration.smtp.forceShutdownTimeout : 3
    }

    /// SIGTERM, SIGINT. The second one ends it at once.
    func stop() {
        guard !isStopping else {
            killAll()
            _exit(1)
        }
        log(.notice, "Shutting down")
        notifier.send(.stopping(status: "shutting down"))
        shutDown(grace: grace)
    }

    /// For a reason that the command, or the service manager, is told.
    func giveUp(_ reason: String) {
        guard !isStopping else { return }
        failure = reason
        shutDown(grace: 0)
    }

    private func shutDown(grace: Double) {
        isStopping = true
        round = nil
        for worker in workers { worker.mayEnd = true }
        for worker in workers where worker.id.role == .smtp { tell(worker, "stop", grace) }
        loop.after(grace + Supervisor.lastSeconds) { [unowned self] in
            guard !workers.isEmpty else { return }
            log(.crit, "Failed to shutdown naturally. Exiting.")
            killAll()
        }
        stopGoesOn()
    }

    /// Another worker has ended.
    func stopGoesOn() {
        if workers.isEmpty { return loop.stop() }
        guard !workers.contains(where: { $0.id.role == .smtp }) else { return }
        for worker in workers { tell(worker, "stop", 0) }
    }

    private func tell(_ worker: WorkerHandle, _ verb: String, _ seconds: Double) {
        worker.state = .draining
        if !worker.link.send(verb, ["\(seconds)"]) { worker.kill(SIGKILL) }
    }

    /// No new clients for this worker; those that it has may go on for a while.
    func drain(_ worker: WorkerHandle) {
        worker.mayEnd = true
        tell(worker, "drain", Supervisor.drainSeconds)
        log(.info, "Killing worker: \(worker.name)")
        loop.after(Supervisor.drainSeconds * 2) { [unowned self, weak worker] in
            guard let worker, workers.contains(where: { $0 === worker }) else { return }
            log(.crit, "\(worker.name) failed to shutdown. Killing.")
            worker.kill(SIGKILL)
        }
    }

    /// Haraka's two limits of 30 s: for the clients that are left, and for what comes after them.
    private static let drainSeconds = 30.0

    /// Ends all workers at once; their clients lose their connections.
    func killAll() {
        isStopping = true
        for worker in workers {
            worker.mayEnd = true
            worker.kill(SIGKILL)
        }
        if isInProcess { workers = [] }
        if workers.isEmpty { loop.stop() }
    }
}
