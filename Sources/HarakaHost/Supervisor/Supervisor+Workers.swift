// Starting workers, hearing from them, and what their end means.

import CHarakaFault
import Glibc
import HarakaConfig
import HarakaLog
import HarakaPluginHost
import HarakaSupervisor

extension Supervisor {
    /// `nodes` of smtp.ini.
    private var smtpWorkers: Int {
        switch configuration.smtp.nodes {
        case .inProcess: 1
        case .count(let count): max(1, count)
        case .cpus: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        }
    }

    /// Plugins are prepared first: with a mistake there, nothing is started at all.
    func startWorkers() throws {
        let set = try makeSet(configuration)
        if !isInProcess { try start(WorkerID(role: .delivery, slot: 0)) }
        for slot in 1...smtpWorkers { try start(WorkerID(role: .smtp, slot: slot)) }
        begin(Round(.start, set))
    }

    @discardableResult
    func start(_ id: WorkerID) throws -> WorkerHandle {
        var descriptor: Int32 = -1
        guard let page = haraka_fault_page_create(&descriptor) else {
            throw CommandError("cannot make memory for \(id.name): \(errnoText())")
        }
        defer { close(descriptor) }
        let (mine, theirs) = try Link.pair()
        mine.limitSending(seconds: 2)
        let process = isInProcess ? 0 : try spawn(id, theirs, descriptor)
        let worker = WorkerHandle(id, link: mine, process: process, page: page)
        if isInProcess { startThread(theirs, descriptor) }
        workers.append(worker)
        let (secret, epoch) = tickets.state
        mine.send("tickets", [TicketSecret.text(secret), "\(epoch)", "\(ticketPeriod)"])
        let hint = id.role == .delivery ? hints.read : hints.write
        if !isInProcess, hint >= 0 { mine.send("hints", descriptors: [hint]) }
        loop.watch(mine.descriptor) { [unowned self, unowned worker] in receive(from: worker) }
        return worker
    }

    private func spawn(_ id: WorkerID, _ link: Link, _ page: Int32) throws -> pid_t {
        let roles = listeners.map { $0.role.isEmpty ? "-" : $0.role }.joined(separator: ",")
        let arguments = ["haraka: \(id.name)", "worker", id.role.rawValue, "\(id.slot)", folder.path, roles]
        let hidden = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
        var spawn = Spawn(arguments: arguments, environment: Spawn.environment(without: hidden))
        let sockets = id.role == .smtp ? listeners.map(\.descriptor) : []
        spawn.descriptors = [link.descriptor, page] + sockets
        return try spawn.start()
    }

    /// `nodes=0`.
    private func startThread(_ link: Link, _ page: Int32) {
        guard let page = haraka_fault_page_map(dup(page)) else { return }
        let own = listeners.map {
            WorkerStart.Listener(descriptor: fcntl($0.descriptor, F_DUPFD_CLOEXEC, 3), role: $0.role)
        }
        let start = WorkerStart(role: .smtp, slot: 1, isWhole: true, listeners: own)
        let worker = MailWorker(folder, configuration, start, link, page, logger)
        MailWorker.runInThread(worker)
    }

    // MARK: hearing from them

    private func receive(from worker: WorkerHandle) {
        guard let deliveries = worker.link.receive() else {
            loop.unwatch(worker.link.descriptor)
            if worker.process == 0 { ended(worker, status: 0) }
            return
        }
        for delivery in deliveries { take(delivery, worker) }
    }

    private func take(_ delivery: LinkDelivery, _ worker: WorkerHandle) {
        let fields = delivery.fields
        let number = fields.first.flatMap { Int($0) } ?? 0
        switch delivery.verb {
        case "prepared": prepared(worker, number, hooks: fields.dropFirst())
        case "refused": refused(worker, number, fields.dropFirst().first ?? "no reason given")
        case "committed": committed(worker, number)
        case "listening": serving(worker)
        case "answer":
            guard fields.count == 2 else { return }
            worker.questions.removeValue(forKey: fields[0])?(fields[1])
        case "stale": readOnlyAtLoad(fields)
        case "ask_queue": askQueue(for: worker, fields)
        default: log(.error, "\(worker.name) sent what nobody understands: \(delivery.verb)")
        }
    }

    private func serving(_ worker: WorkerHandle) {
        worker.state = .serving
        log(.info, "\(worker.name) serves, generation \(worker.generation ?? 0)")
        if let old = worker.replaces {
            worker.replaces = nil
            log(.notice, "Replacement worker online.")
            drain(old)
            replaced(worker.id)
        }
        let missing = workers.contains { $0.state == .starting }
        if !isServing, !missing { nowServing() }
    }

    /// Asks a worker something; nil if it is gone or does not answer in time.
    func ask(
        _ worker: WorkerHandle, _ verb: String, _ words: [String] = [], within seconds: Double,
        _ answer: @escaping (String?) -> Void
    ) {
        lastQuestion += 1
        let id = "\(lastQuestion)"
        worker.questions[id] = answer
        if !worker.link.send(verb, [id] + words) { worker.questions.removeValue(forKey: id)?(nil) }
        loop.after(seconds) { [weak worker] in worker?.questions.removeValue(forKey: id)?(nil) }
    }

    // MARK: their end

    /// Workers only: with `nodes=0` this process has children of plugins too, and how they ended is for the plugins to hear.
    func reap() {
        for worker in workers where worker.process > 0 {
            var status: Int32 = 0
            guard waitpid(worker.process, &status, WNOHANG) == worker.process else { continue }
            loop.unwatch(worker.link.descriptor)
            ended(worker, status: status)
        }
    }

    private func ended(_ worker: WorkerHandle, status: Int32) {
        workers.removeAll { $0 === worker }
        for answer in worker.questions.values { answer(nil) }
        worker.questions = [:]
        let isClean = worker.mayEnd && status == 0
        let crash = isClean ? nil : blame(worker, status: status)
        if isClean { log(.info, "\(worker.name) has ended") }
        if isStopping { return stopGoesOn() }
        replacementEnded(worker)
        if crash != nil, worker.id.role == .smtp { tellOfLostHints() }
        let decision = crash.flatMap { decide($0, worker) }
        round?.left(worker, crash?.summary ?? "\(worker.name) has ended")
        stepRound()
        finishCommit()
        guard !worker.mayEnd, !isStopping else { return }
        if worker.process == 0 {
            return giveUp("the server's worker has ended")
        }
        restart(worker, after: decision)
    }

    /// A mail may be on disk of which the dead worker told nobody.
    private func tellOfLostHints() {
        guard !isInProcess, hints.write >= 0, write(hints.write, "*\n", 2) != 2 else { return }
        // The pipe is full. Whoever is to read it reads, or looks through the folder when it starts.
        loop.after(1) { [unowned self] in tellOfLostHints() }
    }

    private func restart(_ worker: WorkerHandle, after decision: CrashLedger.Decision?) {
        guard isServing || round == nil else { return }
        var backoff = backoffs[worker.id] ?? RestartBackoff()
        let delay = backoff.delay(afterDeathAt: PollLoop.now(), startedAt: worker.startedAt)
        backoffs[worker.id] = backoff
        if case .take(let measure)? = decision { return take(measure, restarting: worker.id) }
        if delay > 0 { log(.warn, "\(worker.id.name) keeps ending; it is started again in \(delay) s") }
        startAgain(worker.id, after: delay)
    }

    /// Starts a worker that loads what is current then.
    func startAgain(_ id: WorkerID, after delay: Double = 0) {
        guard delay == 0 else {
            loop.after(delay) { [unowned self] in startAgain(id) }
            return
        }
        guard !isStopping, let current else { return }
        do {
            prepare(try start(id), current)
        } catch {
            log(.crit, "\(id.name) cannot be started: \((error as? CommandError)?.message ?? "\(error)")")
            loop.after(1) { [unowned self] in startAgain(id) }
        }
    }
}
