// One attempt: hop after hop, until everybody has an answer. docs/outbound.md "Connections and TLS".

import HarakaCore
import HarakaQueue
import NIOCore
import SMTPSyntax

/// Goes through the hops of a job. On the loop; its ``Deliverer`` holds it until it is done.
///
/// For each hop: `connect` asks the pool, which answers `clientIsReady` (the message begins, and `done` follows) or
/// `refused`. Both lead back to `connect` (the same host once more: fresh, in the clear, or for those whom it did not
/// take in one go), to `nextHop`, or to an end. A recipient leaves ``open`` with his first final answer; what the next
/// host is asked for are the others, and so nobody gets the message twice.
final class DeliveryRun: ClientOwner {
    unowned let deliverer: Deliverer
    let job: DeliveryJob
    private let tls: DeliveryTLS
    let done: (DeliveryRun, DeliveryResult) -> Void
    var result = DeliveryResult()
    /// Places in the job's envelope of those who have no final answer yet.
    var open: [Int]
    /// The last reason, for each of them who has one.
    var reasons: [Int: RecipientFailure] = [:]
    /// Places of those who are in the transaction that is under way.
    private var asked: [Int] = []
    private var hop = 0
    private var use = ClientKey.TLSUse.never
    /// Some host was not there, or has said "later": then another day may be better, whatever the others say.
    var isTemporary = false
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

    /// How TLS is used is decided anew for each attempt at a host: a failure may have been remembered since, by another
    /// delivery.
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

    /// The server has let us in. Who has an answer from a host before is not named to this one.
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

    /// The host, or the way to it, is to blame, and not the message: all who are left get the reason, until a later
    /// host gives them a better one.
    /// There was no message yet.
    func client(_ client: ClientHandler, refused failure: ClientFailure) {
        note(client)
        if use == .ifOffered, !hasTriedClear, DeliveryTLS.mayGoInTheClear(job.hops[hop]),
            let reason = tlsProblem(client, failure)
        {
            return fallBack(client, reason)
        }
        // Here and not by who has ordered the delivery: of several hosts he hears the last one's word only.
        log(5, client, failure.text)
        for place in open { reasons[place] = recipientFailure(place, failure, client) }
        result.error = failure.text
        guard failure.mayTryNextHost else { return settle(failure) }
        if !failure.isPermanent || failure.reply.map({ $0.code / 100 != 5 }) ?? true { isTemporary = true }
        nextHop()
    }

    /// Why TLS is to blame for the end of the connection; nil: it is not.
    ///
    /// What counts is who has ended it. A server that goes away when it is asked for TLS, or falls silent, cannot do
    /// what it offers; in TLS 1.3 one that does not like our handshake says so only after it, when EHLO is on its way.
    /// But what we have left because of what was said, as words in the clear behind the 220, may be the work of
    /// somebody who wants to be spoken to in the clear: to do him that favour would be worse than to wait.
    private func tlsProblem(_ client: ClientHandler, _ failure: ClientFailure) -> String? {
        if let reason = client.tlsFailure { return reason }
        guard failure.reply == nil, client.isClosed || client.ending == .timedOut else { return nil }
        switch failure.stage {
        case .startTLS, .handshake: return failure.text
        case .hello: return client.facts == nil ? nil : failure.text
        default: return nil
        }
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
        // A kept connection that had died says nothing about the host.
        if outcome.wasStale, !hasTriedFresh {
            hasTriedFresh = true
            return connect()
        }
        // Recipients of the outcome are those that were asked for, in the same order.
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
        // It has taken some, and takes the rest in another transaction (RFC 5321 section 4.5.3.1.10).
        if leftOver { return connect() }
        // A 5xx to a message is final; who goes on to the next host has heard something else, or nothing.
        isTemporary = true
        nextHop()
    }

    /// - Returns: whether that is final for this attempt
    private func take(_ place: Int, _ recipient: ClientRecipient, _ client: ClientHandler) -> Bool {
        guard let failure = recipient.failure else {
            result.delivered.append(job.envelope.recipients[place])
            return true
        }
        let reason = recipientFailure(place, failure, client)
        reasons[place] = reason
        // Of what may be another host's business the reason is kept, in case there is none.
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
        // Whose reply is it? Of whoever has taken the message; a later refusal of others does not replace it.
        guard result.response.isEmpty || result.delivered.isEmpty else { return }
        let decisive = outcome.recipients.first { $0.result == .delivered }?.reply ?? outcome.reply
        if let decisive { result.response = decisive.description }
    }
}
