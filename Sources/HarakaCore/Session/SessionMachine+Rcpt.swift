// RCPT: the forward-paths. RFC 5321 section 4.1.1.3.

import SMTPSyntax

extension SessionMachine {
    mutating func rcpt(_ line: CommandLine) -> SessionAction {
        guard connection.transaction != nil else {
            return protocolError(503, ["Use MAIL before RCPT"], .init(5, 5, 1))
        }
        guard heard.contains(.rcptParse) else { return path(.rcpt, line.argument) }
        return ask(.rcptParse(word: line.word, rest: line.argument))
    }

    /// The path and its parameters are known.
    mutating func rcpt(_ arguments: PathArguments) -> SessionAction {
        guard let transaction = connection.transaction else { return proceed() }
        // Haraka has no limit; RFC 5321 section 4.5.3.1.10 asks for at least 100 and this reply.
        guard transaction.recipients.count < settings.maxRecipients else {
            return send(Reply(452, "Too many recipients", status: .init(4, 5, 3)))
        }
        transaction.recipients.append(arguments.address)
        return ask(.rcpt(arguments))
    }

    mutating func rcptDecided(_ verdict: Verdict, _ path: PathArguments) -> SessionAction {
        if verdict.code.isRefusal { return refuseRecipient(verdict, path.address) }
        if verdict.code == .ok || (verdict.code == .cont && connection.isRelaying) {
            connection.lastRcptReply = verdict.reply
            return ask(.rcptOK(path))
        }
        let text = "I cannot deliver mail for \(path.address.formatted)"
        dropRecipient(Verdict(verdict.code, PluginReply(text)))
        return endsByLimit() ?? send(Reply(550, text, status: .init(5, 1, 1)))
    }

    mutating func rcptOKDecided(_ verdict: Verdict, _ path: PathArguments) -> SessionAction {
        if verdict.code.isRefusal { return refuseRecipient(verdict, path.address) }
        keepRecipient()
        let words = verdict.reply.isEmpty ? connection.lastRcptReply : verdict.reply
        return send(
            words.reply(250, "recipient \(path.address.formatted) OK", status: .fitting(250, .rcptOK)))
    }

    private mutating func refuseRecipient(_ verdict: Verdict, _ address: Address) -> SessionAction {
        dropRecipient(verdict)
        if let end = endsByLimit() { return end }
        let text = "recipient \(address.formatted) denied"
        return refuse(verdict, (550, text), (450, text))
    }

    func keepRecipient() {
        connection.transaction?.rcptCount.accept += 1
        connection.rcptCount.accept += 1
    }

    /// The recipient that is being asked about is not taken.
    func dropRecipient(_ verdict: Verdict) {
        guard let transaction = connection.transaction else { return }
        if let address = transaction.recipients.popLast() { transaction.record(refused: address, verdict) }
        if verdict.code.isTemporary {
            transaction.rcptCount.tempfail += 1
            connection.rcptCount.tempfail += 1
        } else {
            transaction.rcptCount.reject += 1
            connection.rcptCount.reject += 1
        }
    }
}
