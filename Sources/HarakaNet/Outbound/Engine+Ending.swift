// How an attempt ended: what plugins hear of it, whether it is tried again, and what the sender is told.

import HarakaCore
import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import NIOCore
import SMTPSyntax

/// The steps behind an attempt, in this order, each of which may wait for plugins:
///
///     settle -> delivered -> [report of success] -> settleDeferred: deferred -> putOff -> [report of delay]
///         -> settleFailed: bounce -> [report of failure] -> finish
///
/// What they find out is gathered in ``Attempt/end``. Not before `finish` does the machine hear of it, and only who has
/// the mail is written down before that: a process that dies between repeats the attempt for the others.
extension OutboundEngine {
    /// Delivered, then deferred, then failed: each has its hook.
    func settle(_ attempt: Attempt, _ outcome: Outcome) {
        attempt.end.site = outcome.site
        attempt.end.delivered = outcome.delivered.map { attempt.number($0) }
        guard let facts = outcome.facts else { return settleDeferred(attempt, outcome) }
        // Plugins and reports take their time, in which the process may end. The sync comes with the end of the attempt.
        if host.isHeard(.delivered) || outcome.delivered.count < attempt.mail.recipients.count {
            carryOut(.append([.delivered(attempt.end.delivered)], to: attempt.part.uuid, sync: false))
        }
        host.ask(.delivered(facts), about: attempt.mail) { [self] _ in tellOfSuccess(attempt, outcome) }
    }

    /// NOTIFY=SUCCESS (RFC 3461 section 5.2.6): the next server is not known to tell, so we do.
    /// A report that cannot be queued is left out: the mail is delivered, and a second delivery would be worse.
    private func tellOfSuccess(_ attempt: Attempt, _ outcome: Outcome) {
        let told = outcome.delivered.filter { place in
            attempt.stored.mail.recipients[attempt.number(place)].notify.contains(.success)
        }
        guard !told.isEmpty else { return settleDeferred(attempt, outcome) }
        sendReport(attempt, told.map { outcome.failures[$0] }, .relayed) { [self] _ in settleDeferred(attempt, outcome)
        }
    }

    /// Those who may be tried again. Whether they are is the schedule's business first, and a plugin's second.
    private func settleDeferred(_ attempt: Attempt, _ outcome: Outcome) {
        guard !outcome.deferred.isEmpty else { return settleFailed(attempt, outcome) }
        // Taken once: the record, the hook and the log are to agree.
        let now = OutboundEngine.now()
        let numbers = outcome.deferred.map { attempt.number($0) }
        // Asked before plugins are: a hook cannot give another attempt to a mail that has had its last.
        guard case .again(let delay) = machine.failedForNow(attempt.id) else {
            return giveUp(attempt, outcome)
        }
        var facts = DeferredFacts()
        // Whole seconds, rounded up: a plugin that says the same number back must not shorten the delay.
        facts.delay = (delay + 999) / 1000
        facts.error = reason(outcome)
        facts.failed = outcome.deferred.map { outcome.failures[$0] }
        facts.mx = outcome.remote
        // As Haraka counts: this failure is one of them.
        attempt.mail.failures += 1
        host.ask(.deferred(facts), about: attempt.mail) { [self] verdict in
            switch verdict.code {
            case .cont, .denySoft:
                let wanted = verdict.code == .denySoft ? verdict.seconds.map { $0 * 1000 } : nil
                // A plugin's delay stands in the file like any other, and so outlives a restart.
                putOff(attempt, outcome, until: now + (wanted ?? delay))
                return tellOfDelay(attempt, outcome, now)
            default:
                log.log(
                    5, uuid: attempt.mail.uuid, origin: "core",
                    "dropped: the hook deferred has answered \(verdict.code)")
                attempt.end.failed += numbers
            }
            settleFailed(attempt, outcome)
        }
    }

    /// Why somebody is put off; of others it may be known that they have failed for good.
    private func reason(_ outcome: Outcome) -> String {
        outcome.deferred.first.map { outcome.failures[$0].reason } ?? outcome.error
    }

    /// Writes nothing yet; says what is to be written, and logs.
    private func putOff(_ attempt: Attempt, _ outcome: Outcome, until next: Int64) {
        attempt.end.next = next
        // Those to whom the same was said share a record.
        var groups: [(QueueRecord.Attempt, [Int])] = []
        for place in outcome.deferred {
            let record = OutboundEngine.record(outcome.failures[place], outcome.remote)
            if let index = groups.firstIndex(where: { $0.0 == record }) {
                groups[index].1.append(attempt.number(place))
            } else {
                groups.append((record, [attempt.number(place)]))
            }
        }
        attempt.end.deferred = groups.map { .init($0.1, $0.0) }
        if log.isEnabled(5) {
            log.log(
                5, uuid: attempt.mail.uuid, "deferred",
                fields: [
                    ("file", attempt.part.uuid), ("domain", attempt.part.domain), ("host", outcome.remote),
                    ("fails", "\(attempt.part.failures + 1)"), ("delay", "\((next - OutboundEngine.now()) / 1000)"),
                    ("rcpts", "\(outcome.deferred.count)"), ("err", reason(outcome)),
                ])
        }
    }

    /// Once, when the mail has become as old as outbound.ini says. The time of the last attempt tells whether it was said
    /// already, so no note of it has to be on disk.
    private func tellOfDelay(_ attempt: Attempt, _ outcome: Outcome, _ now: Int64) {
        let age = Int64(settings.outbound.reports.delayNotice) * 1000
        let queued = attempt.mail.queueTime
        let late = outcome.deferred.filter { place in
            let before = attempt.stored.states.lastAttempt(of: attempt.number(place))?.time ?? queued
            return before - queued < age && now - queued >= age
        }
        guard age > 0, !late.isEmpty else { return settleFailed(attempt, outcome) }
        let schedule = settings.outbound.schedule(for: attempt.part.domain)
        let end = now + schedule.remaining(afterFailures: attempt.part.failures)
        sendReport(attempt, late.map { outcome.failures[$0] }, .delayed(until: end)) { [self] _ in
            settleFailed(attempt, outcome)
        }
    }

    private static func record(_ failure: RecipientFailure, _ remote: String) -> QueueRecord.Attempt {
        QueueRecord.Attempt(
            time: now(), code: failure.reply?.code ?? 0, status: failure.status, text: failure.reason,
            remote: failure.remote ?? remote)
    }

    /// No attempt is left: what was temporary is final (RFC 3463: the class says so).
    private func giveUp(_ attempt: Attempt, _ outcome: Outcome) {
        var outcome = outcome
        for place in outcome.deferred {
            let old = outcome.failures[place].status
            outcome.failures[place].status = EnhancedStatus(class: 5, subject: old.subject, detail: old.detail)
            outcome.failures[place].reason = "Too many failures (\(outcome.failures[place].reason))"
        }
        if outcome.failed.isEmpty { outcome.error = "Too many failures (\(outcome.error))" }
        outcome.failed = (outcome.failed + outcome.deferred).sorted()
        outcome.deferred = []
        settleFailed(attempt, outcome)
    }

    /// Those who will not get it: plugins hear of all of them together, the sender in one report.
    private func settleFailed(_ attempt: Attempt, _ outcome: Outcome) {
        // The log's line comes before the hook, whose plugin may never answer.
        guard !outcome.failed.isEmpty else { return finish(attempt) }
        var facts = BouncedFacts()
        facts.error = outcome.error
        facts.bounced = outcome.failed.map { outcome.failures[$0] }
        facts.deferred = outcome.deferred.map { outcome.failures[$0] }
        facts.mx = outcome.remote
        let numbers = outcome.failed.map { attempt.number($0) }
        log.log(
            5, uuid: attempt.mail.uuid, "bounced",
            fields: [
                ("file", attempt.part.uuid), ("domain", attempt.part.domain), ("host", outcome.remote),
                ("rcpts", "\(numbers.count)"), ("err", outcome.error),
            ])
        host.ask(.bounce(facts), about: attempt.mail) { [self] verdict in
            // Haraka: whoever answers anything else has taken care of the sender himself.
            guard verdict.code == .cont else {
                attempt.end.failed += numbers
                return finish(attempt)
            }
            report(attempt, facts.bounced, numbers)
        }
    }

    /// The sender is told. Not before that is on disk does the mail count as ended: nobody's mail vanishes unheard.
    /// The report is a mail of its own, about all who have failed in this attempt.
    private func report(_ attempt: Attempt, _ failures: [RecipientFailure], _ numbers: [Int]) {
        // NOTIFY=NEVER, or without FAILURE: these recipients end in silence (RFC 3461 section 4.1).
        let told = zip(failures, numbers).filter { _, number in
            attempt.stored.mail.recipients[number].notify.contains(.failure)
        }
        // RFC 5321 section 6.1: a report about a report would go round for ever.
        guard !attempt.mail.reversePath.isNull, !told.isEmpty else {
            if attempt.mail.reversePath.isNull {
                log.log(5, uuid: attempt.mail.uuid, origin: "core", "nobody is told: the sender is <> (double bounce)")
            }
            attempt.end.failed += numbers
            return finish(attempt)
        }
        sendReport(attempt, told.map(\.0), .failed) { [self] isQueued in
            if isQueued {
                attempt.end.failed += numbers
            } else {
                // Neither delivered nor failed: whoever stands in no list waits on.
                // The same answer will come again, and then there may be room for the report.
                attempt.end.next = OutboundEngine.now() + 60_000
            }
            finish(attempt)
        }
    }

    /// The machine frees the slot and says what the file is to say; only then does the attempt let the next begin.
    private func finish(_ attempt: Attempt) {
        carryOut(machine.finished(attempt.id, attempt.end, now: OutboundEngine.now()))
        ended(attempt)
    }
}
