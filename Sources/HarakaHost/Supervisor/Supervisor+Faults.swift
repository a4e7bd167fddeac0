// After a worker's end: whom to blame, and what is done about it. docs/faults.md.

import Glibc
import HarakaConfig
import HarakaLog
import HarakaPluginHost
import HarakaSupervisor

extension Supervisor {
    /// Reads what the dead worker left, and logs it.
    func blame(_ worker: WorkerHandle, status: Int32) -> CrashReport {
        let report = CrashReport(page: worker.page, status: status) { [unowned self] plugin, address in
            symbol(at: address, of: plugin)
        }
        log(.crit, "\(report.summary) [\(worker.name)]")
        for line in report.backtrace { log(.crit, "  \(line)") }
        var entry = CrashEntry(time: Double(time(nil)), worker: worker.name, summary: report.summary)
        if report.isCertain {
            entry.plugin = report.plugin
            entry.hash = report.hash
            entry.hook = report.hook
        }
        entry.backtrace = report.backtrace
        ledger.note(entry)
        return report
    }

    /// The exported function that an address of a plugin's file is in or behind: `hook_rcpt+0x12`. Which of its own functions
    /// that is, only the plugin's author can tell.
    private func symbol(at address: UInt64, of plugin: String) -> String? {
        let sets = [current?.prepared, current?.listed, round?.set.prepared]
        let file = sets.lazy.compactMap { $0?.plugins.first { $0.name == plugin } }.first
        let functions = file?.verified.summary.exports.filter { $0.kind == .function && $0.value <= address } ?? []
        guard let nearest = functions.max(by: { $0.value < $1.value }) else { return nil }
        return "\(nearest.name)+0x\(String(address - nearest.value, radix: 16))"
    }

    /// Charges the crash to the plugin, if there is one to charge. Code that never served (it crashed while it was loaded for
    /// a reload) is not charged: the reload fails instead, and nobody runs it.
    func decide(_ report: CrashReport, _ worker: WorkerHandle) -> CrashLedger.Decision? {
        guard let plugin = report.plugin, let hash = report.hash, report.isCertain else { return nil }
        if let round, round.members.contains(ObjectIdentifier(worker)), Int(report.generation) == round.set.number {
            return nil
        }
        let settings = configuration.pluginSettings.policy(for: plugin)
        let policy = CrashPolicy(
            crashLimit: settings.crashLimit, crashWindow: settings.crashWindow,
            onCrash: OnCrash(rawValue: settings.onCrash.rawValue) ?? .tempfail)
        return ledger.record(
            plugin: plugin, hash: hash, reason: report.summary, at: PollLoop.now(), policy: policy)
    }

    /// The plugin has crashed too often.
    func take(_ measure: Measure, restarting id: WorkerID) {
        log(.alert, "plugin \(measure.plugin) has crashed \(measure.crashes) times: \(words(for: measure))")
        guard measure.action != .stop else {
            return giveUp("plugin \(measure.plugin) has crashed \(measure.crashes) times: \(measure.reason)")
        }
        waitingForRound.append(id)
        isMeasureDue = true
        roundIsOver()
    }

    /// After a round: what had to wait for it.
    func roundIsOver() {
        guard round == nil, committing == nil, !isStopping else { return }
        if isMeasureDue {
            isMeasureDue = false
            do {
                if let set = try remakeSet() { return begin(Round(.measure, set)) }
            } catch {
                log(.crit, "the measure cannot be taken: \((error as? CommandError)?.message ?? "\(error)")")
            }
        }
        let waiting = waitingForRound
        waitingForRound = []
        for id in waiting { startAgain(id) }
    }

    private func words(for measure: Measure) -> String {
        switch measure.action {
        case .stop: "the server stops (on_crash=stop)"
        case .skip: "it is left out (on_crash=skip); haraka --reload tries it again"
        case .tempfail: "its hooks answer \"try again later\" (on_crash=tempfail); haraka --reload tries it again"
        case .previous: "its last good bytes are loaded again (on_crash=previous); haraka --reload tries the new ones"
        }
    }
}
