// DATA: from the command to the judgement of the message. RFC 5321 section 4.1.1.4.

import SMTPSyntax

extension SessionMachine {
    mutating func data(_ argument: String) -> SessionAction {
        guard argument.isEmpty else { return protocolError(501, ["Syntax error"], .init(5, 5, 4)) }
        guard let transaction = connection.transaction else {
            return protocolError(503, ["MAIL required first"], .init(5, 5, 1))
        }
        guard !transaction.recipients.isEmpty else {
            // RFC 2033 section 4.2 wants 503 for LMTP.
            let code = settings.isLMTP ? 503 : 554
            if connection.isPipelining { return send(Reply(code, "No valid recipients", status: .init(5, 5, 1))) }
            return protocolError(503, ["RCPT required first"], .init(5, 5, 1))
        }
        return ask(settings.addsReceived && heard.contains(.receivedLine) ? .receivedLine : .data)
    }

    /// What a plugin writes goes to the top of the message in place of the core's line.
    mutating func receivedLineDecided(_ verdict: Verdict) -> SessionAction {
        let text = verdict.reply.items.map(\.description).joined(separator: "\n")
        if verdict.code == .ok, !text.isEmpty { connection.transaction?.receivedLine = text }
        return ask(.data)
    }

    mutating func dataDecided(_ verdict: Verdict) -> SessionAction {
        if verdict.code.isRefusal {
            return refuse(verdict, (554, "Message denied"), (451, "Message denied"), then: .reset(.read))
        }
        let reply = Reply(354, "go ahead, make my day")
        connection.lastReply = reply
        connection.state = .data
        state = .receivingMessage
        hasAskedHeader = false
        headerRefusal = nil
        return .send(reply, .receiveMessage)
    }

    /// `headerEnded` is of interest.
    public var awaitsHeader: Bool { !hasAskedHeader && heard.contains(.dataHeadersEnd) }

    /// The message was refused while it came in: the rest of it is not needed.
    public var refusesMessage: Bool { headerRefusal != nil }

    /// The header of the message is there; its body is still coming.
    public mutating func headerEnded() -> SessionAction {
        guard case .receivingMessage = state else { return .wait }
        guard awaitsHeader else { return .proceed(.receiveMore) }
        hasAskedHeader = true
        return ask(.dataHeadersEnd)
    }

    /// The client waits for no reply now. So a refusal is kept until the final dot, unless the client must go.
    mutating func headerDecided(_ verdict: Verdict) -> SessionAction {
        if verdict.code.isRefusal, verdict.code.disconnects {
            count(verdict.code)
            return refuse(verdict, (554, "Message denied"), (421, "Message denied temporarily"))
        }
        if verdict.code.isRefusal { headerRefusal = verdict }
        guard connection.state == .data else { return judge() }
        state = .receivingMessage
        return .proceed(.receiveMore)
    }

    /// CR LF . CR LF has come. What is wrong with the message as a whole is said here; then plugins judge it.
    public mutating func messageEnded(_ facts: MessageFacts) -> SessionAction {
        guard case .receivingMessage = state, let transaction = connection.transaction else { return .wait }
        connection.state = .command
        if settings.isLMTP { finalReplies = transaction.rcptCount.accept }
        transaction.dataBytes = facts.bytes
        connection.totalBytes &+= facts.bytes
        if headerRefusal != nil { return judge() }
        if facts.failure != nil {
            return rejectMessage(Reply(451, "Message could not be stored, try later", status: .init(4, 3, 0)))
        }
        if facts.hasBareNewline {
            let text = "Bare CR or LF in the message; lines end with CR LF (RFC 5321 2.3.8)"
            return rejectMessage(Reply(550, text, status: .init(5, 6, 0)))
        }
        if settings.maxBytes > 0, facts.bytes > settings.maxBytes { return ask(.maxDataExceeded) }
        if facts.receivedHeaders > settings.maxReceived {
            let text = "Too many received headers - possible mail loop"
            return rejectMessage(Reply(550, text, status: .init(5, 4, 6)))
        }
        // Else a long header would be a way past whoever looks at parts.
        if facts.hidesParts {
            return rejectMessage(Reply(550, "Message header too long", status: .init(5, 6, 0)))
        }
        if facts.hasTooManyParts {
            let text = "Transaction failed due to too many MIME parts"
            count(.deny)
            return send(Reply(554, text, status: .init(5, 6, 0)), then: .disconnect)
        }
        return judge()
    }

    /// The message has ended, and the core has nothing against it: plugins judge it.
    private mutating func judge() -> SessionAction {
        if let refusal = headerRefusal {
            headerRefusal = nil
            return judged(refusal) ?? askDataPost()
        }
        // One whose end came together with its header.
        if awaitsHeader {
            hasAskedHeader = true
            return ask(.dataHeadersEnd)
        }
        return heard.contains(.dataPostHeaders) ? ask(.dataPostHeaders) : askDataPost()
    }

    mutating func askDataPost() -> SessionAction {
        guard let transaction = connection.transaction else { return ask(.dataPost) }
        if settings.cleansAuthResults { transaction.content?.renameAuthenticationResults() }
        // What nobody hears nobody can have said anything about.
        if heard != .none { connection.addAuthResults(transaction) }
        return ask(.dataPost)
    }

    private mutating func rejectMessage(_ reply: Reply) -> SessionAction {
        count(reply.code < 500 ? .denySoft : .deny)
        return send(reply, then: .reset(.read))
    }

    mutating func maxDataExceededDecided(_ verdict: Verdict) -> SessionAction {
        count(verdict.code.isTemporary ? .denySoft : .deny)
        let code = verdict.code.isTemporary ? 450 : 550
        let reply = Reply(code, "Message too big!", status: .init(code / 100 == 5 ? 5 : 4, 3, 4))
        return send(reply, then: verdict.code.disconnects ? .disconnect : .reset(.read))
    }

    /// What becomes of a message that plugins of `data_post` and its like refuse. Nil: they do not.
    mutating func judged(_ verdict: Verdict) -> SessionAction? {
        guard verdict.code.isRefusal else { return nil }
        count(verdict.code)
        let hard = (550, "Message denied")
        return refuse(verdict, hard, (450, "Message denied temporarily"), then: .reset(.read))
    }

    /// The message was accepted, deferred or refused.
    func count(_ code: HookCode) {
        guard let transaction = connection.transaction else { return }
        if code == .ok {
            transaction.status = .accepted
            connection.msgCount.accept += 1
        } else if code.isTemporary || code == .cont {
            transaction.status = .deferred
            connection.msgCount.tempfail += 1
        } else {
            transaction.status = .rejected
            connection.msgCount.reject += 1
        }
    }
}
