// How a dialogue ends, as it should and otherwise.

public import SMTPSyntax

extension ClientMachine {
    /// How the server is left.
    enum Farewell {
        /// Politely; `close` when it has answered.
        case quit
        /// At once. Why, if that is worth a line in the log.
        case close(String?)
        /// It has left.
        case none
    }

    /// Nothing more is to be delivered. In the midst of something, this gives it up.
    public mutating func quit() -> [ClientAction] {
        switch state {
        case .idle: return farewell(.quit)
        case .quitting, .closed: return []
        default:
            let why = "The delivery was given up"
            return end(.own(.temporary, stage, .init(class: 4, subject: 3, detail: 0), why), .close(why))
        }
    }

    /// The connection is gone.
    /// - Parameter why: for people; empty: the server has closed it.
    public mutating func closed(_ why: String = "") -> [ClientAction] {
        let cause = why.isEmpty ? "" : " (\(why))"
        return end(lost("Connection closed by the server before the \(stage)\(cause)"), .none)
    }

    /// ``timeLimit`` has passed.
    public mutating func timedOut() -> [ClientAction] {
        guard let timeLimit else { return [] }
        if case .quitting = state { return farewell(.close(nil)) }
        let text = "Timeout of \(timeLimit) s: no \(stage)"
        return end(lost(text), .close(text))
    }

    /// What came is no reply. As in Haraka, the message fails for good: nothing that the server says can be trusted.
    public mutating func malformed(_ reply: MalformedReply) -> [ClientAction] {
        let status = EnhancedStatus(class: 5, subject: 5, detail: 0)
        var failure = ClientFailure.own(.permanent, stage, status, reply.text).elsewhere(isOpening)
        failure.mayHaveBeenDelivered = isUnderFinal
        return end(failure, .close(reply.text))
    }

    /// 421: the server closes the connection, whatever it was asked (RFC 5321 section 3.8).
    mutating func serviceClosed(_ reply: Reply) -> [ClientAction] {
        var failure = ClientFailure.refusal(reply, stage).elsewhere(!isUnderFinal)
        failure.wasStale = isStale
        if isUnderFinal, settings.isLMTP {
            // It stands for one recipient; of the others nothing is said.
            if transaction?.judgedNext(reply) == false { failure.mayHaveBeenDelivered = true }
        }
        return end(failure, .close(reply.oneLine))
    }

    /// A reply that answers nothing: from here on nobody knows which reply belongs to which command.
    mutating func broken(_ reply: Reply) -> [ClientAction] {
        var failure = ClientFailure.unexpected(reply, stage).elsewhere(!isUnderFinal)
        failure.mayHaveBeenDelivered = isUnderFinal
        return end(failure, .close(failure.text))
    }

    /// Ends the dialogue because of `failure`, which becomes the end of whatever was under way.
    mutating func end(_ failure: ClientFailure, _ farewell: Farewell) -> [ClientAction] {
        switch state {
        case .idle, .closed: return self.farewell(farewell)
        case .quitting:
            if case .none = farewell { return self.farewell(.none) }
            return self.farewell(.close(nil))
        case .reset, .asking, .sending, .final, .loneDot:
            guard var ended = transaction else { return self.farewell(farewell) }
            transaction = nil
            ended.fail(failure)
            return [.done(ended.outcome(canContinue: false, otherwise: failure))] + self.farewell(farewell)
        default: return [.refused(failure)] + self.farewell(farewell)
        }
    }

    private mutating func farewell(_ farewell: Farewell) -> [ClientAction] {
        if isClosed { return [] }
        switch farewell {
        case .quit:
            state = .quitting
            return [Self.line("QUIT")]
        case .close(let why):
            state = .closed
            return [.close(why)]
        case .none:
            state = .closed
            return []
        }
    }

    /// The server is silent or gone. "Bad connection".
    func lost(_ text: String) -> ClientFailure {
        var failure = ClientFailure.own(.temporary, stage, ClientFailure.badConnection, text).elsewhere(!isUnderFinal)
        failure.mayHaveBeenDelivered = isUnderFinal
        failure.wasStale = isStale
        return failure
    }

    /// The whole message is on its way, and may be there.
    private var isUnderFinal: Bool {
        if case .final = state { return true }
        return false
    }

    /// No message has been begun, so this host has seen nothing that another should not.
    private var isOpening: Bool {
        switch state {
        case .greeting, .hello, .startTLS, .handshake, .xclient, .auth, .cancelling: true
        default: false
        }
    }

    /// The connection was used before, and nothing was said about this message.
    private var isStale: Bool { messages > 1 && transaction?.hasHeard == false }
}
