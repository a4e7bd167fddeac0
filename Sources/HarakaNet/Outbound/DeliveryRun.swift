// One attempt: hop after hop, until everybody has an answer. docs/outbound.md "Connections and TLS".

import HarakaCore
import HarakaQueue
import NIOCore
import SMTPSyntax

/// Goes through the hops of a job. On the loop; its ``Deliverer`` holds it until it is done.
final class DeliveryRun: ClientOwner {
    private unowned let deliverer: Deliverer
    private let job: DeliveryJob
    private let tls: DeliveryTLS
    private let done: (DeliveryRun, DeliveryResult) -> Void
    private var result = DeliveryResult()
    /// Places in the job's envelope of those who have no final answer yet.
    private var open: [Int]
    /// The last reason, for each of them who has one.
    private var reasons: [Int: RecipientFailure] = [:]
    /// Places of those who are in the transaction that is under way.
    private var asked: [Int] = []
    private var hop = 0
    private var use = ClientKey.TLSUse.never
    /// The fault was a kept connection's, or that of TLS: once for each hop.
    private var hasTriedFresh = false
    private var hasTriedClear = false

    init(_ job: DeliveryJob, _ deliverer: Deliverer, _ done: @escaping (DeliveryRun, DeliveryResult) -> Void) {
        (self.job, self.deliverer, self.done) = (job, deliverer, done)
        open = Array(job.envelope.recipients.indices)
        tls = DeliveryTLS(
            usesTLS: deliverer.settings.usesTLS, settings: deliverer.pool.tls.settings, forcesTLS: job.forcesTLS,
            domain: job.envelope.recipients.first?.host ?? "")
    }

    /// Later: whoever delivers is not called back from within its own call.
    func begin() {
        deliverer.pool.loop.eventLoop.assumeIsolated().execute {
            if self.job.hops.isEmpty || self.open.isEmpty { self.giveUp() } else { self.connect() }
        }
    }

    // MARK: hops

    private func connect() {
        let hop = job.hops[self.hop]
        use = hasTriedClear ? .never : tls.use(for: hop, failures: &deliverer.failures, now: .now())
        deliverer.pool.get(
            deliverer.order(for: hop, use, uuid: job.uuid, isFresh: hasTriedFresh), for: self)
    }

    private func nextHop() {
        hop += 1
        (hasTriedFresh, hasTriedClear) = (false, false)
        if hop < job.hops.count { connect() } else { giveUp() }
    }

    func clientIsReady(_ client: ClientHandler) {
        result.hasReachedAnybody = true
        asked = open
        var envelope = job.envelope
        if asked.count < job.envelope.recipients.count {
            envelope.recipients = asked.map { job.envelope.recipients[$0] }
            envelope.notifications = asked.map { place in
                place < job.envelope.notifications.count ? job.envelope.notifications[place] : ClientNotification()
            }
        }
        client.begin(envelope, ClientSending(job.message, downgraded: job.sevenBitForm))
    }

    /// There was no message yet.
    func client(_ client: ClientHandler, refused failure: ClientFailure) {
        note(client)
        if use == .ifOffered, !hasTriedClear, let reason = tlsProblem(client, failure) {
            return fallBack(client, reason)
        }
        log(5, client, failure.text)
        for place in open { reasons[place] = recipientFailure(place, failure, client) }
        result.error = failure.text
        if failure.mayTryNextHost { nextHop() } else { settle(failure) }
    }

    /// In TLS 1.3 a server that does not like our handshake says so only after it, or just closes.
    private func tlsProblem(_ client: ClientHandler, _ failure: ClientFailure) -> String? {
        if let reason = client.tlsFailure { return reason }
        return failure.reply == nil && client.facts != nil ? failure.text : nil
    }

    /// Opportunistic TLS must never be worse than none (RFC 7435).
    private func fallBack(_ client: ClientHandler, _ reason: String) {
        log(4, client, "TLS failed, trying without: \(reason)")
        deliverer.rememberFailure(job.hops[hop])
        hasTriedClear = true
        connect()
    }

    // MARK: outcomes

    func client(_ client: ClientHandler, done outcome: ClientOutcome) {
        note(client)
        if outcome.wasStale, !hasTriedFresh {
            hasTriedFresh = true
            return connect()
        }
        var (rest, leftOver): ([Int], Bool) = ([], false)
        for (index, recipient) in outcome.recipients.enumerated() where index < asked.count {
            guard !take(asked[index], recipient, client) else { continue }
            rest.append(asked[index])
            if recipient.isLeftOver { leftOver = true }
        }
        open = rest
        note(outcome)
        if let failure = outcome.recipients.lazy.compactMap(\.failure).first {
            result.error = failure.text
            log(5, client, failure.text)
        }
        if open.isEmpty { return finish() }
        if leftOver { connect() } else { nextHop() }
    }

    /// - Returns: whether that is final for this attempt
    private func take(_ place: Int, _ recipient: ClientRecipient, _ client: ClientHandler) -> Bool {
        guard let failure = recipient.failure else {
            result.delivered.append(job.envelope.recipients[place])
            return true
        }
        let reason = recipientFailure(place, failure, client)
        reasons[place] = reason
        if recipient.isLeftOver || failure.mayTryNextHost { return false }
        if failure.isPermanent { result.failed.append(reason) } else { result.deferred.append(reason) }
        return true
    }

    private func recipientFailure(
        _ place: Int, _ failure: ClientFailure, _ client: ClientHandler
    ) -> RecipientFailure {
        RecipientFailure(
            job.envelope.recipients[place], failure.status, reply: failure.reply,
            remote: failure.reply == nil ? nil : client.key.remote, reason: failure.text)
    }

    /// Of whom the result speaks: whoever has taken the message, else whoever was asked last.
    private func note(_ client: ClientHandler) {
        guard result.delivered.isEmpty else { return }
        let key = client.key
        (result.host, result.ip, result.port) = (
            key.remote, key.address.ip, key.address.path.isEmpty ? key.address.port : 0
        )
        (result.isLMTP, result.isSecured) = (key.isLMTP, client.facts != nil)
        result.isAuthenticated = client.machine.isAuthenticated
    }

    private func note(_ outcome: ClientOutcome) {
        guard result.response.isEmpty || result.delivered.isEmpty else { return }
        let decisive = outcome.recipients.first { $0.result == .delivered }?.reply ?? outcome.reply
        if let decisive { result.response = decisive.description }
    }

    // MARK: ends

    /// The same for everybody.
    private func settle(_ failure: ClientFailure) {
        let failures = open.compactMap { reasons[$0] }
        if failure.isPermanent { result.failed += failures } else { result.deferred += failures }
        open = []
        finish()
    }

    /// All hops are used up. That is never final, whatever their last words were: another day they may say something
    /// else.
    private func giveUp() {
        for place in open { result.deferred.append(triedAll(place)) }
        let last = result.error
        result.error = last.isEmpty ? "Tried all MXs" : "Tried all MXs: \(last)"
        open = []
        finish()
    }

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

    private func finish() {
        if result.deferred.isEmpty, result.failed.isEmpty { result.error = "" }
        done(self, result)
    }

    private func log(_ level: Int32, _ client: ClientHandler, _ text: String) {
        guard deliverer.pool.log.isEnabled(level) else { return }
        deliverer.pool.log.log(level, uuid: job.uuid, origin: "outbound", "\(client.key.shown): \(text)")
    }
}
