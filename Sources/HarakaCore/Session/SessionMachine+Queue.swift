// The end of a transaction: who takes the message, and what the client is told. docs/hooks.md `queue`.

public import SMTPSyntax

extension SessionMachine {
    /// The message is wanted.
    mutating func askQueuePre() -> SessionAction {
        if heard != .none, let transaction = connection.transaction { connection.moveAuthResultsUp(transaction) }
        return heard.contains(.queuePre) ? ask(.queuePre) : askQueue()
    }

    private mutating func askQueue() -> SessionAction { ask(connection.isRelaying ? .queueOutbound : .queue) }

    /// qpsmtpd sends nothing at all when a plugin refuses here; the client would wait for ever. So it is a refusal.
    mutating func queuePreDecided(_ verdict: Verdict) -> SessionAction {
        guard verdict.code.isRefusal else { return askQueue() }
        connection.transaction?.queueVerdict = verdict
        return send(refusedQueue(verdict), then: verdict.code.disconnects ? .disconnect : .reset(.read))
    }

    /// The transaction's id behind the words.
    private var mark: String { connection.transaction.map { " (\($0.uuid))" } ?? "" }

    private mutating func refusedQueue(_ verdict: Verdict) -> Reply {
        count(verdict.code)
        let own = verdict.code.isTemporary ? (450, "Message denied temporarily") : (550, "Message denied")
        return marked(verdict.reply.refusal(own.0, own.1), mark)
    }

    /// For `queue_post`.
    mutating func noteQueueEnd(_ code: HookCode, _ text: String) {
        guard heard.contains(.queuePost) else { return }
        queueEnd = (code, text)
    }

    mutating func queueDecided(_ verdict: Verdict) -> SessionAction {
        connection.transaction?.queueVerdict = verdict
        switch verdict.code {
        case .ok:
            let reply = marked(verdict.reply.reply(250, "Message Queued"), mark)
            noteQueueEnd(.ok, reply.text)
            return ask(.queueOK(reply.text))
        case .deny, .denySoft, .denyDisconnect, .denySoftDisconnect:
            let reply = refusedQueue(verdict)
            noteQueueEnd(verdict.code, reply.text)
            return send(reply, then: verdict.code.disconnects ? .disconnect : .reset(.read))
        default:
            // No plugin took it, and it is not for our own queue: the client keeps it.
            count(.cont)
            let text = "Queuing declined or disabled, try later"
            let reply = marked(verdict.reply.refusal(451, text), mark)
            noteQueueEnd(verdict.code, reply.text)
            return send(reply, then: .reset(.read))
        }
    }

    /// No plugin took what the client may relay.
    mutating func queueOurselves() -> SessionAction {
        heard.contains(.preSendTransEmail) ? ask(.preSendTransEmail) : store()
    }

    mutating func store() -> SessionAction {
        state = .storing
        return .store
    }

    /// The message is safe on disk; or it is not, and this is to be said: a 4xx reply.
    public mutating func stored(_ failure: Reply? = nil) -> SessionAction {
        guard case .storing = state, !isDisconnecting else { return .wait }
        guard let failure else { return queueDecided(Verdict(.ok)) }
        connection.transaction?.queueVerdict = Verdict(.denySoft)
        count(.denySoft)
        let reply = marked(failure, mark)
        noteQueueEnd(.denySoft, reply.text)
        return send(reply, then: .reset(.read))
    }

    private func marked(_ reply: Reply, _ mark: String) -> Reply {
        var reply = reply
        if let last = reply.lines.indices.last { reply.lines[last] += mark }
        return reply
    }

    mutating func queueReported(_ text: String) -> SessionAction {
        count(.ok)
        return send(queued(text), then: .reset(.read))
    }

    func queued(_ text: String) -> Reply { Reply(250, text, status: .init(2, 0, 0)) }

    /// Asks `reset_transaction` if there is a transaction, drops it, and goes on.
    mutating func resetTransaction(then next: Reset) -> SessionAction {
        owesReset = false
        finalReplies = 0
        guard connection.transaction != nil else { return proceed(after: next) }
        afterReset = next
        return ask(.resetTransaction)
    }

    mutating func transactionReset() -> SessionAction {
        connection.transaction = nil
        guard let end = queueEnd else { return goOnAfterReset() }
        queueEnd = nil
        return ask(.queuePost(end.code, end.text))
    }

    mutating func goOnAfterReset() -> SessionAction {
        let next = afterReset
        afterReset = .read
        return proceed(after: next)
    }

    private mutating func proceed(after reset: Reset) -> SessionAction {
        switch reset {
        case .read: return proceed()
        case .hello(let verb, let host): return greet(verb, host)
        case .mail(let arguments): return beginTransaction(arguments)
        case .session(let keepsName): return beginAnew(keepsName: keepsName)
        case .disconnect: return ask(.disconnect)
        }
    }
}
