// MAIL, RCPT, DATA: one by one, or together where the server offers PIPELINING. RFC 5321 section 3.3, RFC 2920.

import SMTPSyntax

extension ClientMachine {
    /// Begins a message. What is known to be of no use is not even begun, and `done` comes at once. Called at another
    /// time than after `ready`, the message is deferred and the dialogue goes on as it was.
    public mutating func begin(_ envelope: ClientEnvelope) -> [ClientAction] {
        guard isIdle else { return [.done(notReady.outcome(for: envelope))] }
        do throws(ClientFailure) {
            let next = try ClientTransaction(envelope, ClientCommands(for: envelope, offers))
            transaction = next
            messages &+= 1
            return next.hasNobody ? finish() : needsReset ? reset() : ask()
        } catch {
            var outcome = error.outcome(for: envelope)
            outcome.canContinue = true
            return [.done(outcome), .ready]
        }
    }

    /// A kept connection may end in the moment in which it is taken into use.
    private var notReady: ClientFailure {
        switch state {
        case .quitting, .closed:
            var failure = ClientFailure.own(.temporary, stage, ClientFailure.badConnection, "The connection has ended")
            (failure.mayTryNextHost, failure.wasStale) = (true, true)
            return failure
        default: return .own(.temporary, stage, ClientFailure.protocolError, "The dialogue is busy")
        }
    }

    /// RFC 5321 section 4.1.1.5. Not pipelined: if it is refused, nothing that was said behind it would mean anything.
    private mutating func reset() -> [ClientAction] {
        state = .reset
        return [Self.line("RSET")]
    }

    /// A server that does not take RSET is not one to go on with; a new connection may do.
    mutating func resetAnswered(_ reply: Reply) -> [ClientAction] {
        guard reply.isPositive else {
            guard reply.isRefusal else { return broken(reply) }
            var failure = ClientFailure.refusal(reply, .reset).asTemporary.elsewhere()
            failure.wasStale = true
            return end(failure, .quit)
        }
        needsReset = false
        return ask()
    }

    /// The next commands, or the end of a transaction that has come to nothing.
    mutating func ask() -> [ClientAction] {
        let isPipelined = settings.usesPipelining && offers.hasPipelining
        guard let group = transaction?.nextGroup(isPipelined ? max(settings.recipientsPerBatch, 1) : 0) else {
            return finish()
        }
        state = .asking
        needsReset = true
        return [.send(group)]
    }

    /// A reply to MAIL, RCPT or DATA.
    mutating func asked(_ reply: Reply) -> [ClientAction] {
        switch transaction?.awaited {
        case .mail where reply.isPositive || reply.isRefusal: transaction?.mailAnswered(reply)
        case .recipient where reply.isPositive || reply.isRefusal: transaction?.recipientAnswered(reply)
        case .data where reply.code == 354 || reply.isRefusal: return dataAnswered(reply)
        default: return broken(reply)
        }
        return transaction?.awaited == nil ? ask() : []
    }

    /// After 354 something must be sent, if only a dot; after anything else nothing may be.
    private mutating func dataAnswered(_ reply: Reply) -> [ClientAction] {
        guard let maySend = transaction?.dataAnswered(reply) else { return broken(reply) }
        if maySend {
            state = .sending
            return [.sendMessage(needsDowngrade: transaction?.commands.needsDowngrade ?? false)]
        }
        guard reply.code == 354 else { return finish() }
        // Somebody would get an empty message, or in LMTP nobody knows how many replies there will be.
        guard transaction?.accepted.isEmpty == true, !settings.isLMTP else {
            return end(.unexpected(reply, .data), .close("354 without a recipient"))
        }
        state = .loneDot
        return [Self.line(".")]
    }

    /// The transaction is over and the connection is good.
    mutating func finish() -> [ClientAction] {
        if case .loneDot = state { needsReset = false }
        guard let ended = transaction else { return [] }
        transaction = nil
        state = .idle
        let unknown = ClientFailure.own(.temporary, .mail, ClientFailure.protocolError, "Not delivered")
        return [.done(ended.outcome(canContinue: true, otherwise: unknown)), .ready]
    }
}
