// The message and what the server says to it. RFC 5321 section 4.1.1.4, RFC 2033 section 4.2.

import SMTPSyntax

extension ClientMachine {
    /// The last bytes of the message, with the final dot, are about to be handed to the socket. From now on nobody
    /// knows whether the server has it until it says so: call this before, not after.
    public mutating func messageSent() -> [ClientAction] {
        guard case .sending = state else { return [] }
        state = .final
        return []
    }

    /// The message cannot be read. The connection is closed in the midst of it, which is the only way to take it back;
    /// nobody is told that it has failed.
    /// - Parameter why: for people.
    public mutating func messageUnreadable(_ why: String) -> [ClientAction] {
        guard case .sending = state else { return [] }
        // "Other or undefined mail system status".
        let status = EnhancedStatus(class: 4, subject: 3, detail: 0)
        return end(.own(.temporary, .message, status, why), .close(why))
    }

    /// A reply before the final dot. Not of the protocol, but servers that have had enough say why, and close.
    mutating func interrupted(_ reply: Reply) -> [ClientAction] {
        guard reply.isRefusal else { return broken(reply) }
        return end(
            ClientFailure.refusal(reply, .message).elsewhere(!reply.isPermanent), .close("refused before its end"))
    }

    /// The final reply, or in LMTP one of them. A refusal is final for this attempt, whoever else might take the
    /// message: the server has seen all of it.
    mutating func judged(_ reply: Reply) -> [ClientAction] {
        guard reply.isPositive || reply.isRefusal else { return broken(reply) }
        if settings.isLMTP {
            guard transaction?.judgedNext(reply) == true else { return [] }
        } else {
            transaction?.judged(reply)
        }
        needsReset = false
        return finish()
    }
}
