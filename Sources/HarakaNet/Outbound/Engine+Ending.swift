// How an attempt ended: what plugins hear of it, whether it is tried again, and what the sender is told.

import HarakaCore
import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import NIOCore
import SMTPSyntax

extension OutboundEngine {
    /// All recipients, for one reason of ours, for good.
    func fail(_ attempt: Attempt, _ text: String, _ status: EnhancedStatus, code: Int = 550) {
        let failures = attempt.mail.recipients.map { RecipientFailure($0, status, reason: text) }
        settle(
            attempt,
            Outcome(failed: Array(attempt.mail.recipients.indices), failures: failures, error: text, code: code))
    }

    /// All recipients, for one reason of ours, for now.
    func defer_(_ attempt: Attempt, _ code: Int, _ status: EnhancedStatus, _ text: String) {
        let failures = attempt.mail.recipients.map { RecipientFailure($0, status, reason: text) }
        settle(
            attempt,
            Outcome(deferred: Array(attempt.mail.recipients.indices), failures: failures, error: text, code: code))
    }

    /// What an attempt came to. `failures` has one for each recipient of the attempt, in their order; those of the delivered
    /// mean nothing.
    struct Outcome {
        var delivered: [Int] = []
        var failed: [Int] = []
        var deferred: [Int] = []
        var failures: [RecipientFailure] = []
        var error = ""
        var code = 0
        var remote = ""
        var site = SiteResult.unknown
        var facts: DeliveredFacts?
    }

    func delivered(_ attempt: Attempt, _ result: DeliveryResult) {
        var outcome = Outcome()
        var (delivered, deferred, failed) = (result.delivered[...], result.deferred[...], result.failed[...])
        // The lists keep the order of the recipients.
        for (place, address) in attempt.mail.recipients.enumerated() {
            if delivered.first == address {
                delivered.removeFirst()
                outcome.delivered.append(place)
                outcome.failures.append(RecipientFailure(address, .init(class: 2, subject: 0, detail: 0), reason: ""))
            } else if failed.first?.address == address, let failure = failed.popFirst() {
                outcome.failed.append(place)
                outcome.failures.append(failure)
            } else {
                let unknown = RecipientFailure(address, .init(class: 4, subject: 0, detail: 0), reason: result.error)
                outcome.deferred.append(place)
                outcome.failures.append(deferred.first?.address == address ? deferred.removeFirst() : unknown)
            }
        }
        let first = outcome.failed.first ?? outcome.deferred.first
        outcome.error = first.map { outcome.failures[$0].reason } ?? ""
        outcome.code = first.flatMap { outcome.failures[$0].reply?.code } ?? 0
        outcome.remote = result.host
        outcome.site = OutboundEngine.site(result, outcome)
        if !outcome.delivered.isEmpty { outcome.facts = facts(attempt, result, outcome) }
        settle(attempt, outcome)
    }

    /// What the attempt tells about the site.
    private static func site(_ result: DeliveryResult, _ outcome: Outcome) -> SiteResult {
        guard result.hasReachedAnybody else { return .unreachable }
        let isTooMuch = outcome.deferred.contains { place in
            outcome.failures[place].reply?.code == 421 || outcome.failures[place].status.isPushBack
        }
        return isTooMuch ? .pushedBack : .reached
    }

    private func facts(_ attempt: Attempt, _ result: DeliveryResult, _ outcome: Outcome) -> DeliveredFacts {
        var facts = DeliveredFacts()
        facts.host = result.host
        facts.ip = result.ip
        facts.port = result.port
        facts.response = result.response
        facts.delay = Double(max(0, OutboundEngine.now() - attempt.mail.queueTime)) / 1000
        facts.isLMTP = result.isLMTP
        facts.isSecured = result.isSecured
        facts.isAuthenticated = result.isAuthenticated
        facts.recipients = outcome.delivered.map { attempt.mail.recipients[$0] }
        if log.isEnabled(5) {
            let counts = "\(outcome.delivered.count)/\(outcome.deferred.count)/\(outcome.failed.count)"
            log.log(
                5, uuid: attempt.mail.uuid, "delivered",
                fields: [
                    ("file", attempt.part.uuid), ("domain", attempt.part.domain), ("host", facts.host),
                    ("ip", facts.ip),
                    ("port", "\(facts.port)"), ("mode", facts.isLMTP ? "LMTP" : "SMTP"),
                    ("tls", facts.isSecured ? "Y" : "N"), ("auth", facts.isAuthenticated ? "Y" : "N"),
                    ("response", facts.response), ("delay", "\(facts.delay)"), ("fails", "\(attempt.part.failures)"),
                    ("rcpts", counts),
                ])
        }
        return facts
    }

    // MARK: the steps, one after the other

    /// Delivered, then deferred, then failed: each has its hook.
    private func settle(_ attempt: Attempt, _ outcome: Outcome) {
        attempt.end.site = outcome.site
        attempt.end.delivered = outcome.delivered.map { attempt.number($0) }
        guard let facts = outcome.facts else { return settleDeferred(attempt, outcome) }
        host.ask(.delivered(facts), about: attempt.mail) { [self] _ in tellOfSuccess(attempt, outcome) }
    }

    /// NOTIFY=SUCCESS (RFC 3461 section 5.2.6): the next server is not known to tell, so we do.
    private func tellOfSuccess(_ attempt: Attempt, _ outcome: Outcome) {
        let told = outcome.delivered.filter { place in
            attempt.stored.mail.recipients[attempt.number(place)].notify.contains(.success)
        }
        guard !told.isEmpty else { return settleDeferred(attempt, outcome) }
        sendReport(attempt, told.map { outcome.failures[$0] }, .relayed) { [self] _ in settleDeferred(attempt, outcome)
        }
    }

    private func settleDeferred(_ attempt: Attempt, _ outcome: Outcome) {
        guard !outcome.deferred.isEmpty else { return settleFailed(attempt, outcome) }
        let now = OutboundEngine.now()
        let numbers = outcome.deferred.map { attempt.number($0) }
        guard case .again(let delay) = machine.failedForNow(attempt.id) else {
            return giveUp(attempt, outcome)
        }
        var facts = DeferredFacts()
        facts.delay = (delay + 999) / 1000
        facts.error = outcome.error
        facts.failed = outcome.deferred.map { outcome.failures[$0] }
        facts.mx = outcome.remote
        // As Haraka counts: this failure is one of them.
        attempt.mail.failures += 1
        host.ask(.deferred(facts), about: attempt.mail) { [self] verdict in
            switch verdict.code {
            case .cont, .denySoft:
                let wanted = verdict.code == .denySoft ? verdict.seconds.map { $0 * 1000 } : nil
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
                    ("rcpts", "\(outcome.deferred.count)"), ("err", outcome.error),
                ])
        }
    }

    /// Once, when the mail has become as old as outbound.ini says.
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

    private func settleFailed(_ attempt: Attempt, _ outcome: Outcome) {
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
            guard verdict.code == .cont else {
                attempt.end.failed += numbers
                return finish(attempt)
            }
            report(attempt, facts.bounced, numbers)
        }
    }

    /// The sender is told. Not before that is on disk does the mail count as ended: nobody's mail vanishes unheard.
    private func report(_ attempt: Attempt, _ failures: [RecipientFailure], _ numbers: [Int]) {
        let told = zip(failures, numbers).filter { _, number in
            attempt.stored.mail.recipients[number].notify.contains(.failure)
        }
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
                // The same answer will come again, and then there may be room for the report.
                attempt.end.next = OutboundEngine.now() + 60_000
            }
            finish(attempt)
        }
    }

    private func finish(_ attempt: Attempt) {
        carryOut(machine.finished(attempt.id, attempt.end, now: OutboundEngine.now()))
        ended(attempt)
    }
}

extension EnhancedStatus {
    /// 4.7.x of policy, or 4.4.5 of congestion: slower, please.
    fileprivate var isPushBack: Bool { self.class == 4 && (subject == 7 || (subject == 4 && detail == 5)) }
}
