// What an attempt came to: the deliverer's lists, by the places of the attempt's recipients.

import HarakaCore
import HarakaQueue
import SMTPSyntax

/// Everything that ends an attempt comes together here: our own findings (`fail`, `defer_`) and the deliverer's. From
/// here on it does not matter which it was.
extension OutboundEngine {
    /// All recipients, for one reason of ours, for good.
    func fail(_ attempt: Attempt, _ text: String, _ status: EnhancedStatus, code: Int = 550) {
        let failures = attempt.mail.recipients.map { RecipientFailure($0, status, reason: text) }
        // No server was asked, so nothing is learned of a site.
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

    /// What an attempt came to. `failures` has one for each recipient of the attempt, in their order; those of the
    /// delivered mean nothing.
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

    /// The deliverer tells of addresses, since it knows no numbers; and an address may be a recipient twice. Therefore
    /// the lists are walked in the envelope's order, and each entry is used once.
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
                // Nobody is forgotten: of whom the deliverer says nothing is tried again.
                let unknown = RecipientFailure(address, .init(class: 4, subject: 0, detail: 0), reason: result.error)
                outcome.deferred.append(place)
                outcome.failures.append(deferred.first?.address == address ? deferred.removeFirst() : unknown)
            }
        }
        // What is worse is what the log and the hooks hear first.
        let first = outcome.failed.first ?? outcome.deferred.first
        outcome.error = first.map { outcome.failures[$0].reason } ?? ""
        outcome.code = first.flatMap { outcome.failures[$0].reply?.code } ?? 0
        outcome.remote = result.host
        outcome.site = OutboundEngine.site(result, outcome)
        // Without facts there is nothing to tell plugins: the hook is for those who have it.
        if !outcome.delivered.isEmpty { outcome.facts = facts(attempt, result, outcome) }
        settle(attempt, outcome)
    }

    /// What the attempt tells about the site.
    /// Whether the hosts want less, or can have more: the window of the site follows it.
    private static func site(_ result: DeliveryResult, _ outcome: Outcome) -> SiteResult {
        // No server spoke with us: that concerns all mail for these hosts, not this one alone.
        guard result.hasReachedAnybody else { return .unreachable }
        // Of one recipient is enough: servers that limit us say so to the first that is too many.
        let isTooMuch = outcome.deferred.contains { place in
            outcome.failures[place].reply?.code == 421 || outcome.failures[place].status.isPushBack
        }
        return isTooMuch ? .pushedBack : .reached
    }

    /// For the hook `delivered`; the log's line has the same values, as Haraka's has.
    private func facts(_ attempt: Attempt, _ result: DeliveryResult, _ outcome: Outcome) -> DeliveredFacts {
        var facts = DeliveredFacts()
        facts.host = result.host
        facts.ip = result.ip
        facts.port = result.port
        facts.response = result.response
        // A clock that was put back meanwhile must not make it negative.
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
}

extension EnhancedStatus {
    /// 4.7.x of policy, or 4.4.5 of congestion: slower, please.
    fileprivate var isPushBack: Bool { self.class == 4 && (subject == 7 || (subject == 4 && detail == 5)) }
}
