// What a plugin says over its dialogue.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

extension ClientDialogue {
    func command(_ line: [UInt8], _ then: @escaping Then) {
        ask(Command(kind: .command, bytes: line + [0x0D, 0x0A], then: then))
    }

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
        awaited.append(command)
        client.show(command.bytes, isSecret: lastCode == 334)
        client.write(command.bytes)
        client.flush()
        client.armTimer()
    }

    func sendHeld() {
        while let next = held.first, client != nil, awaited.isEmpty || offers.hasPipelining {
            held.removeFirst()
            send(next)
        }
    }

    func message(_ message: any MessageView, _ then: @escaping Then) {
        guard case .open = state, let client, held.isEmpty else {
            return later { then(SMTPClientReply(.closed, "the dialogue is over", from: $0)) }
        }
        lmtpLeft = client.key.isLMTP ? max(1, accepted) : 1
        isSending = true
        awaited.append(Command(kind: .message, bytes: [], then: then))
        client.send(message)
        client.armTimer()
    }

    /// RSET, so that nothing of this dialogue is left for the next one.
    func release() {
        guard case .open = state, let client, awaited.isEmpty, held.isEmpty, !isSending else { return abort() }
        state = .releasing
        client.write(Array("RSET\r\n".utf8))
        client.flush()
        client.armTimer()
    }

    func released(_ reply: Reply) {
        guard let client else { return finish() }
        client.dialogue = nil
        client.owner = nil
        finish()
        if reply.code / 100 == 2 { pool.giveBack(client) } else { client.quit() }
    }

    /// Nobody is told any more.
    func abort() {
        (awaited, held) = ([], [])
        pool.forget(self)
        let open = client
        open?.owner = nil
        finish()
        open?.abort()
    }

    private func later(_ work: @escaping (String) -> Void) {
        let host = client?.key.address.description ?? orders.first?.key.address.description ?? ""
        pool.loop.eventLoop.assumeIsolated().execute { work(host) }
    }
}
