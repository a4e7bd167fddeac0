// How an attempt ends: with one word for all, or with all hosts used up.

import HarakaCore
import SMTPSyntax

extension DeliveryRun {
    /// A word that other hosts would only repeat (a refusal of the sender or of the login), or that does not concern
    /// them (this server is stopping).
    /// The same for everybody.
    func settle(_ failure: ClientFailure) {
        let failures = open.compactMap { reasons[$0] }
        if failure.isPermanent { result.failed += failures } else { result.deferred += failures }
        open = []
        finish()
    }

    /// All hops are used up. If each of them has refused us for good, at its greeting or to EHLO, nothing is won by
    /// asking again (RFC 5321 sections 4.2.1 and 5.1): the sender hears of it now and not in days. As soon as one was
    /// not there, or was only busy, it may be the one that takes the mail later.
    func giveUp() {
        guard isTemporary || job.hops.isEmpty else {
            result.failed += open.compactMap { reasons[$0] }
            open = []
            return finish()
        }
        for place in open { result.deferred.append(triedAll(place)) }
        let last = result.error
        result.error = last.isEmpty ? "Tried all MXs" : "Tried all MXs: \(last)"
        open = []
        finish()
    }

    /// As Haraka says it. The class becomes 4, whatever the last host has said: it is not the end (RFC 3463 section 2).
    private func triedAll(_ place: Int) -> RecipientFailure {
        let none = EnhancedStatus(class: 4, subject: 4, detail: 1)
        guard var reason = reasons[place] else {
            return RecipientFailure(job.envelope.recipients[place], none, reason: "Tried all MXs")
        }
        let status = reason.status
        if status.class != 4 {
            reason.status = EnhancedStatus(class: 4, subject: status.subject, detail: status.detail)
        }
        reason.reason = "Tried all MXs: \(reason.reason)"
        return reason
    }

    func finish() {
        // What a host before has said is of no interest when somebody has taken the message from us in the end.
        if result.deferred.isEmpty, result.failed.isEmpty { result.error = "" }
        done(self, result)
    }

    func log(_ level: Int32, _ client: ClientHandler, _ text: String) {
        guard deliverer.pool.log.isEnabled(level) else { return }
        deliverer.pool.log.log(level, uuid: job.uuid, origin: "outbound", "\(client.key.shown): \(text)")
    }
}
