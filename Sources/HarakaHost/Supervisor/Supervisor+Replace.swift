// `--graceful`: workers are replaced by new ones, batch after batch, while clients are served. docs/processes.md.

import HarakaLog
import HarakaSupervisor

/// A replacement that is under way.
struct Replacing {
    var plan: ReplacementPlan<WorkerID>
    let done: (ReloadResult) -> Void
}

extension Supervisor {
    func replaceWorkers(_ done: @escaping (ReloadResult) -> Void) {
        guard !isInProcess else {
            let text = "Graceful restart not possible without `nodes` value in smtp.ini"
            return done(ReloadResult(succeeded: false, text: text))
        }
        guard replacing == nil, round == nil, committing == nil, isServing else {
            let text = "Restart currently in progress - ignoring request"
            return done(ReloadResult(succeeded: false, text: text))
        }
        log(.notice, "replacing all workers")
        replacing = Replacing(plan: ReplacementPlan(workers.map(\.id)), done: done)
        nextBatch()
    }

    private func nextBatch() {
        guard var now = replacing else { return }
        if now.plan.isDone { return allReplaced() }
        guard let batch = now.plan.nextBatch() else { return }
        replacing = now
        for id in batch {
            guard let old = workers.first(where: { $0.id == id && $0.state == .serving }), let current else {
                // It died meanwhile and is a new one anyway.
                replacing?.plan.finished(id)
                continue
            }
            do {
                let new = try start(id)
                new.replaces = old
                prepare(new, current)
            } catch {
                return giveUpReplacing("\((error as? CommandError)?.message ?? "\(error)")")
            }
        }
        if let plan = replacing?.plan, plan.isDone { allReplaced() }
    }

    /// The new worker serves, and the old one has been told to finish.
    func replaced(_ id: WorkerID) {
        replacing?.plan.finished(id)
        nextBatch()
    }

    /// Called for each worker that has ended, whatever it was.
    func replacementEnded(_ worker: WorkerHandle) {
        guard replacing != nil, worker.replaces != nil else { return }
        // The new one did not come up; the old one stays.
        worker.mayEnd = true
        giveUpReplacing("\(worker.name) did not come up")
    }

    private func allReplaced() {
        let list = workers.map { "\($0.process)" }.joined(separator: ", ")
        let text = "Reload complete, workers: [\(list)]"
        log(.notice, text)
        replacing?.done(ReloadResult(succeeded: true, text: text))
        replacing = nil
    }

    private func giveUpReplacing(_ reason: String) {
        let text = "not all workers were replaced: \(reason)"
        log(.error, text)
        replacing?.done(ReloadResult(succeeded: false, text: text))
        replacing = nil
    }
}
