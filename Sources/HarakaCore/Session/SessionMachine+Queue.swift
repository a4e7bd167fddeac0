// The end of a transaction: who takes the message, and what the client is told. docs/hooks.md `queue`.

import SMTPSyntax

extension SessionMachine {
    mutating func queueDecided(_ verdict: Verdict) -> SessionAction {
        let mark = connection.transaction.map { " (\($0.uuid))" } ?? ""
        connection.transaction?.queueVerdict = verdict
        switch verdict.code {
        case .ok:
            let reply = marked(verdict.reply.reply(250, "Message Queued"), mark)
            return ask(.queueOK(reply.text))
        case .deny, .denySoft, .denyDisconnect, .denySoftDisconnect:
            count(verdict.code)
            let own = verdict.code.isTemporary ? (450, "Message denied temporarily") : (550, "Message denied")
            let reply = marked(verdict.reply.refusal(own.0, own.1), mark)
            return send(reply, then: verdict.code.disconnects ? .disconnect : .reset(.read))
        default:
            // No plugin took it and there is no queue of our own yet: the client keeps it.
            count(.cont)
            let text = "Queuing declined or disabled, try later"
            return send(marked(verdict.reply.refusal(451, text), mark), then: .reset(.read))
        }
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
        guard connection.transaction != nil else { return proceed(after: next) }
        afterReset = next
        return ask(.resetTransaction)
    }

    mutating func transactionReset() -> SessionAction {
        connection.transaction = nil
        let next = afterReset
        afterReset = .read
        return proceed(after: next)
    }

    private mutating func proceed(after reset: Reset) -> SessionAction {
        switch reset {
        case .read: return proceed()
        case .hello(let verb, let host): return greet(verb, host)
        case .mail(let arguments): return beginTransaction(arguments)
        case .disconnect: return ask(.disconnect)
        }
    }
}
