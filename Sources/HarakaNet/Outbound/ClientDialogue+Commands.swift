// What a plugin says over its dialogue.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// A command goes out at once if the server takes several (PIPELINING) or none is awaited; else it is held, and sent
/// when the reply before it has come. So plugins need not know which server they speak with, and replies are told in
/// the order of the commands in any case, because they are matched by order alone.
extension ClientDialogue {
    func command(_ line: [UInt8], _ then: @escaping Then) {
        ask(Command(kind: .command, bytes: line + [0x0D, 0x0A], then: then))
    }

    /// What the server is told of the message is found out here, by reading it once: the plugin has the message from a
    /// client whose own BODY and SMTPUTF8 may have been wrong, or were never said.
    func mail(_ from: Address, _ transaction: Transaction?, _ then: @escaping Then) {
        envelope = ClientEnvelope(from: from, recipients: [])
        accepted = 0
        if let message = try? transaction?.content?.snapshot(), let bytes = try? MessageBytes.look(at: message) {
            envelope.size = message.size
            (envelope.is8Bit, envelope.isUTF8) = (bytes.is8Bit, bytes.hasUTF8Header)
        }
        if transaction?.recipients.contains(where: \.isUTF8) == true { envelope.isUTF8 = true }
        ask(.mail, then) { try ClientCommands(for: $0, $1).mail() }
    }

    /// One at a time: the envelope that the machine's commands are made of has this recipient only.
    func rcpt(_ to: Address, _ then: @escaping Then) {
        envelope.recipients = [to]
        ask(.recipient, then) { try ClientCommands(for: $0, $1).rcpt(0) }
    }

    /// An address that this server cannot be told is refused here, as it would be there.
    private func ask(
        _ kind: Kind, _ then: @escaping Then, _ make: (ClientEnvelope, ClientCapabilities) throws -> [UInt8]
    ) {
        do {
            ask(Command(kind: kind, bytes: try make(envelope, offers), then: then))
        } catch {
            let failure = error as? ClientFailure
            let code = failure?.isPermanent == false ? 450 : 550
            let reply = Reply(code, failure?.text ?? "\(error)", status: failure?.status)
            later { then(SMTPClientReply(reply, from: $0)) }
        }
    }

    /// Before the connection is there commands are held, too: a plugin may say all that it has to say at once. After
    /// the end each is answered, so that nobody waits for what cannot come.
    func ask(_ command: Command) {
        switch state {
        case .open where client != nil: break
        case .open, .opening: return held.append(command)
        case .releasing, .over:
            return later { command.then(SMTPClientReply(.closed, "the dialogue is over", from: $0)) }
        }
        guard awaited.isEmpty || offers.hasPipelining, held.isEmpty else { return held.append(command) }
        send(command)
    }

    func send(_ command: Command) {
        guard let client else { return }
        // Behind others the clock runs already: more commands do not give the server more time for the first one.
        let isFirst = awaited.isEmpty
        awaited.append(command)
        client.show(command.bytes, isSecret: lastCode == 334)
        client.write(command.bytes)
        client.flush()
        if isFirst { client.armTimer() }
    }

    /// After each reply: as many as the server takes now.
    func sendHeld() {
        while let next = held.first, client != nil, awaited.isEmpty || offers.hasPipelining {
            held.removeFirst()
            send(next)
        }
    }

    /// The bytes go out past the machine, which has no message of its own here. In LMTP there is one reply for each
    /// recipient whose RCPT was accepted (RFC 2033 section 4.2), which is why they were counted; the first comes with
    /// `isLast` false, if there are several.
    func message(_ message: any MessageView, _ then: @escaping Then) {
        // What is held would go out in the midst of the message.
        guard case .open = state, let client, held.isEmpty else {
            return later { then(SMTPClientReply(.closed, "the dialogue is over", from: $0)) }
        }
        // At least one is awaited, whatever the server accepted: who is told of none would wait for ever.
        lmtpLeft = client.key.isLMTP ? max(1, accepted) : 1
        // Until the last bytes are out a reply is an interruption, and `release` would cut the message short.
        isSending = true
        awaited.append(Command(kind: .message, bytes: [], then: then))
        client.send(message)
        client.armTimer()
    }

    /// RSET, so that nothing of this dialogue is left for the next one.
    func release() {
        // In the middle of something RSET would be one more thing that nobody knows the answer to.
        guard case .open = state, let client, awaited.isEmpty, held.isEmpty, !isSending else { return abort() }
        state = .releasing
        client.write(Array("RSET\r\n".utf8))
        client.flush()
        client.armTimer()
    }

    /// Kept only if the server has forgotten the transaction: the next user must not be heard in the middle of ours.
    func released(_ reply: Reply) {
        guard let client else { return finish() }
        client.dialogue = nil
        client.owner = nil
        finish()
        if reply.code / 100 == 2 { pool.giveBack(client) } else { client.quit() }
    }

    /// Nobody is told any more.
    func abort() {
        // Nobody is told: the plugin has said that it does not want to hear.
        (awaited, held) = ([], [])
        pool.forget(self)
        let open = client
        open?.owner = nil
        finish()
        open?.abort()
    }

    /// Nobody is called back from within its own call: a plugin's code is not made for that.
    private func later(_ work: @escaping (String) -> Void) {
        let host = client?.key.address.description ?? orders.first?.key.address.description ?? ""
        pool.loop.eventLoop.assumeIsolated().execute { work(host) }
    }
}
