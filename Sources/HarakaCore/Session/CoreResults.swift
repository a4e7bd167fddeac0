// What the core itself leaves in the results, for plugins to read: `local`, `remote`, `helo`, `mail_from`, `rcpt_to`,
// `queue`, `reset`, `disconnect`. docs/objects.md "Results".
//
// Most sessions have no plugin that reads results, so nothing is written down before the first one does.

import SMTPSyntax

extension HookCode {
    /// How counters and results call an outcome.
    var action: String { isTemporary ? "tempfail" : isRefusal ? "reject" : "accept" }
}

extension Address {
    /// Without angle brackets, as results show it; `<>` stays.
    fileprivate var inResults: String { isNull ? "<>" : address }
}

extension ValueMap {
    fileprivate static func recipient(_ address: Address, _ action: String) -> ValueMap {
        ValueMap([Entry("address", .text(address.inResults)), Entry("action", .text(action))])
    }
}

extension Transaction {
    /// Brings the results up to date.
    func settleResults() {
        if let code = mailVerdict {
            mailVerdict = nil
            recorded.add("mail_from", "action", .text(code.action))
            recorded.add("mail_from", "code", .text(code.name))
            recorded.add("mail_from", "address", .text(reversePath.inResults.lowercased()))
        }
        settleRecipients()
        if let verdict = queueVerdict {
            queueVerdict = nil
            record(queue: verdict)
        }
        if let duration { recorded.add("reset", "duration", .number(duration)) }
    }

    /// The recipient under discussion stands behind the accepted ones and is not counted yet.
    private func settleRecipients() {
        while recordedRecipients < min(rcptCount.accept, recipients.count) {
            let recipient = ValueMap.recipient(recipients[recordedRecipients], HookCode.ok.action)
            recorded.push("rcpt_to", "recipient", .map(recipient))
            recordedRecipients += 1
        }
    }

    /// Refused recipients are recorded at once: they are in no list.
    func record(refused address: Address, _ verdict: Verdict) {
        settleRecipients()
        var recipient = ValueMap.recipient(address, verdict.code.isTemporary ? "tempfail" : "reject")
        if !verdict.reply.isEmpty {
            recipient["msg"] = .text(verdict.reply.text)
            recipient["code"] = verdict.reply.code.map { .integer(Int64($0)) } ?? .text(verdict.code.name)
        }
        recorded.push("rcpt_to", "recipient", .map(recipient))
    }

    private func record(queue verdict: Verdict) {
        let said = verdict.reply.text
        switch verdict.code {
        case .ok: recorded.add("queue", "pass", .text(said.isEmpty ? "Message Queued" : said))
        case .deny, .denyDisconnect: recorded.add("queue", "fail", .text(said.isEmpty ? "Message denied" : said))
        case .denySoft, .denySoftDisconnect:
            recorded.add("queue", "fail", .text(said.isEmpty ? "Message denied temporarily" : said))
        case .cont: break
        default: recorded.add("queue", "msg", .text(said))
        }
    }
}

extension Connection {
    /// Brings the results up to date.
    func settleResults() {
        if !hasRecordedEnds {
            hasRecordedEnds = true
            record("local", local)
            record("remote", remote)
            recorded.add("remote", "is_private", .boolean(remoteIsPrivate))
            recorded.add("remote", "is_local", .boolean(remoteIsLocal))
        }
        if hasGreeted {
            hasGreeted = false
            recorded.add("helo", "verb", .text(helloVerb.rawValue))
            recorded.add("helo", "host", .text(helloHost))
        }
        if let duration { recorded.add("disconnect", "duration", .number(duration)) }
    }

    private func record(_ name: String, _ end: Endpoint) {
        recorded.add(name, "ip", .text(end.ip))
        recorded.add(name, "port", .integer(Int64(end.port)))
        recorded.add(name, "host", .text(end.host))
        recorded.add(name, "info", .text(end.info))
    }
}
