// Loading plugins in all workers at once, in two phases: all prepare, then all commit, or nobody does. docs/reload.md.

import Glibc
import HarakaConfig
import HarakaLog
import HarakaPluginHost
import HarakaSupervisor

/// How a reload ended, for whoever asked.
struct ReloadResult {
    let succeeded: Bool
    let text: String
    var lines: [String] { succeeded ? [text, "OK"] : [text, "ERROR"] }
}

/// A set that workers are preparing.
struct Round {
    enum Kind {
        case start
        case reload((ReloadResult) -> Void)
        /// After crashes, to take a measure.
        case measure
    }
    let kind: Kind
    let set: PluginSet
    /// What was known of crashes before this round lifted any of it.
    var ledgerBefore: CrashLedger?
    var members: Set<ObjectIdentifier> = []
    /// Those who are told later: see `begin`.
    var later: [[WorkerHandle]] = []
    var votes = ReloadRound<ObjectIdentifier>([])
    var step = ReloadStep.wait
    var timer: Int?

    init(_ kind: Kind, _ set: PluginSet) {
        self.kind = kind
        self.set = set
    }

    mutating func left(_ worker: WorkerHandle, _ reason: String) {
        step = votes.left(ObjectIdentifier(worker), reason: reason)
    }
}

extension Supervisor {
    /// How long a worker may take to load all plugins.
    private static let patience = 60.0

    /// `--reload`: everything is read anew. `done` is told when all workers use it, or why none does.
    /// An administrator's wish gives plugins that crashed too often another chance; a file that changed does not.
    func reload(liftingMeasures: Bool = true, _ done: @escaping (ReloadResult) -> Void) {
        guard round == nil, committing == nil, replacing == nil, isServing else {
            let isBusy = replacing == nil ? "a reload is in progress already" : "workers are being replaced"
            let what = isServing ? isBusy : "the server is starting"
            return done(ReloadResult(succeeded: false, text: what))
        }
        notifier.send(.reloading(monotonicMicroseconds: UInt64(PollLoop.now() * 1e6)))
        let read = Configuration.read(folder)
        let before = ledger
        do {
            if let error = read.errors.first { throw CommandError("\(error)") }
            if liftingMeasures { ledger.liftAll() }
            let set = try makeSet(read)
            configuration = read
            for worker in workers where worker.state == .serving { worker.link.send("config") }
            var new = Round(.reload(done), set)
            new.ledgerBefore = before
            begin(new)
        } catch {
            ledger.reinstate(before)
            finish(.reload(done), nil, (error as? CommandError)?.message ?? "\(error)")
        }
    }

    /// With clients about, one worker after the other tries the new set first: the delivery worker, which has none, then one
    /// that has, then all others. So a plugin that crashes while it is loaded costs one worker's clients at most.
    func begin(_ new: Round) {
        var new = new
        let members = workers.filter { isServing ? $0.state == .serving : true }
        new.members = Set(members.map(ObjectIdentifier.init))
        new.votes = ReloadRound(new.members)
        new.step = new.votes.start
        new.timer = loop.after(Supervisor.patience) { [unowned self] in
            guard var late = round else { return }
            let missing = workers.filter { $0.preparing == late.set.number }.map(\.name)
            _ = late.votes.timedOut()
            late.step = .abort(
                reason: "not loaded within \(Int(Supervisor.patience)) s by \(missing.joined(separator: ", "))")
            round = late
            stepRound()
        }
        round = new
        round?.later = inStages(members)
        nextStage()
        stepRound()
    }

    private func inStages(_ members: [WorkerHandle]) -> [[WorkerHandle]] {
        let clients = members.filter { $0.id.role == .smtp }
        // At the start nobody has clients yet; but `init_master` comes before any `init_child`.
        let first = isServing ? 1 : clients.count
        let stages = [
            members.filter { $0.id.role != .smtp }, Array(clients.prefix(first)), Array(clients.dropFirst(first)),
        ]
        return stages.filter { !$0.isEmpty }
    }

    private func nextStage() {
        guard let stage = round?.later.first, let set = round?.set else { return }
        round?.later.removeFirst()
        for worker in stage { prepare(worker, set) }
    }

    func prepare(_ worker: WorkerHandle, _ set: PluginSet) {
        worker.preparing = set.number
        let message = set.message
        if !worker.link.send("prepare", message.fields, descriptors: message.descriptors) { worker.kill(SIGKILL) }
    }

    // MARK: what workers answer

    /// `hooks`: for each plugin its name and the hooks that it has registered, blank separated.
    func prepared(_ worker: WorkerHandle, _ number: Int, hooks: ArraySlice<String>) {
        var rest = hooks
        while rest.count >= 2 {
            let name = rest.removeFirst()
            let list = rest.removeFirst().split(separator: " ").map(String.init)
            if !list.isEmpty { knownHooks[name] = list }
        }
        worker.preparing = nil
        if round?.set.number == number {
            guard var new = round else { return }
            new.step = new.votes.prepared(ObjectIdentifier(worker))
            round = new
            if !workers.contains(where: { $0.preparing == number }) { nextStage() }
            return stepRound()
        }
        // A worker that was started meanwhile catches up; for one that is up to date it is the word of a round that is over.
        guard number != current?.number else { return commit(worker, number) }
        worker.link.send("abort", ["\(number)"])
        catchUp(worker)
    }

    private func catchUp(_ worker: WorkerHandle) {
        guard let current, worker.generation != current.number, worker.preparing == nil else { return }
        prepare(worker, current)
    }

    /// The worker's new connections use the set from now on.
    func committed(_ worker: WorkerHandle, _ number: Int) {
        guard var done = committing, done.set.number == number else { return }
        done.members.remove(ObjectIdentifier(worker))
        committing = done
        finishCommit()
    }

    /// All that still live have swapped.
    func finishCommit() {
        guard let done = committing else { return }
        guard !workers.contains(where: { done.members.contains(ObjectIdentifier($0)) }) else { return }
        committing = nil
        finish(done.kind, done.set, "")
        roundIsOver()
    }

    func refused(_ worker: WorkerHandle, _ number: Int, _ reason: String) {
        worker.preparing = nil
        guard var new = round, new.set.number == number else {
            // Too late for a round that is over: it stays with what it has.
            guard worker.state == .starting else { return }
            // Others run the same plugins: something else must be wrong. It is tried again, ever more seldom.
            log(.crit, "\(worker.name) cannot load its plugins: \(reason)")
            return worker.kill(SIGKILL)
        }
        new.step = new.votes.refused(ObjectIdentifier(worker), reason: reason)
        round = new
        stepRound()
    }

    func stepRound() {
        guard let done = round else { return }
        switch done.step {
        case .wait: return
        case .commit:
            closeRound(done)
            remember(done.set)
            for worker in workers where done.members.contains(ObjectIdentifier(worker)) {
                commit(worker, done.set.number)
            }
            for worker in workers where worker.state != .draining { catchUp(worker) }
            committing = done
            finishCommit()
        case .abort(let reason):
            closeRound(done)
            for worker in workers where done.members.contains(ObjectIdentifier(worker)) {
                worker.preparing = nil
                worker.link.send("abort", ["\(done.set.number)"])
            }
            if let before = done.ledgerBefore { ledger.reinstate(before) }
            // A plugin that is known to crash stays out of every worker that is started from now on.
            if case .measure = done.kind { remember(done.set) }
            finish(done.kind, nil, reason)
        }
        roundIsOver()
    }

    private func closeRound(_ done: Round) {
        round = nil
        if let timer = done.timer { loop.cancel(timer) }
    }

    /// The set is current; what a plugin was before its bytes changed is kept for `on_crash=previous`.
    private func remember(_ set: PluginSet) {
        for old in current?.listed.plugins ?? [] {
            guard let new = set.listed.plugins.first(where: { $0.name == old.name }) else { continue }
            let isBad = ledger.measure(for: old.name, hash: old.verified.hash) != nil
            if new.verified.hash != old.verified.hash, !isBad { previous[old.name] = old }
        }
        current = set
    }

    private func commit(_ worker: WorkerHandle, _ number: Int) {
        worker.generation = number
        worker.link.send("commit", ["\(number)"])
        if worker.state == .starting { worker.link.send("listen") }
    }

    private func finish(_ kind: Round.Kind, _ set: PluginSet?, _ reason: String) {
        switch kind {
        case .start:
            guard set == nil else { return }
            giveUp(reason)
        case .measure:
            if set == nil { log(.error, "not every worker could take the measure at once: \(reason)") }
        case .reload(let done):
            notifier.send(.ready(status: statusLine))
            if let set {
                let text = "plugins loaded, generation \(set.number): \(set.names.joined(separator: " "))"
                log(.notice, text)
                done(ReloadResult(succeeded: true, text: text))
            } else {
                let text = "reload failed, everything stays as it was: \(reason)"
                log(.error, text)
                done(ReloadResult(succeeded: false, text: text))
            }
        }
    }
}
