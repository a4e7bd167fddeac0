// What the machine wants done, and what of it is told to whom.

import HarakaCore
import NIOCore
import SMTPSyntax

/// The order matters: the machine's list is carried out as it stands, and what one action does may bring the next event
/// before the rest of the list is done. That is why a reply to a message is told only when the machine is `ready`
/// again, and why the owner is let go before he is told.
extension ClientHandler {
    func perform(_ actions: [ClientAction]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: ClientAction) {
        switch action {
        case .send(let bytes):
            if isLogging { show(lines: bytes) }
            write(bytes)
        // The log gets what the machine says it may have, never the bytes.
        case .sendSecret(let secret):
            if isLogging { show("C: \(secret.shown)") }
            write(secret.bytes)
        case .startTLS: startTLS()
        case .sendMessage(let needsDowngrade): sendMessage(needsDowngrade: needsDowngrade)
        case .ready: becameReady()
        case .refused(let failure): refused(failure)
        case .done(let outcome): done(outcome)
        case .warn(let text): pool.log.log(4, uuid: uuid, origin: "outbound", "\(key.shown): \(text)")
        case .close(let reason): close(reason)
        }
    }

    /// Gathered until ``flush()``, so that a group of commands is one packet and not one each.
    func write(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        // One buffer for what goes out together; the next group has a new one.
        if output == nil { output = context?.channel.allocator.buffer(capacity: max(256, bytes.count)) }
        output?.writeBytes(bytes)
    }

    /// Nothing is awaited of the write: if it fails the connection ends, and that is heard.
    func flush() {
        guard let bytes = output, let context else { return }
        output = nil
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Logged in for the first time, or again after a message.
    /// Twice in its meaning: the dialogue is open, or a message is done and the connection good for the next.
    private func becameReady() {
        guard let outcome else {
            // Whoever wanted it has gone meanwhile.
            guard let owner else { return pool.giveBack(self) }
            return owner.clientIsReady(self)
        }
        self.outcome = nil
        let told = owner
        owner = nil
        isBusy = false
        (sending, envelope) = (nil, nil)
        // First it is kept: whoever is told may have the next message at hand.
        pool.giveBack(self)
        told?.client(self, done: outcome)
    }

    /// Our own reason counts more than what the machine could see of it.
    private func refused(_ failure: ClientFailure) {
        let told = owner
        owner = nil
        told?.client(self, refused: ownFailure ?? failure)
    }

    /// If the connection is good the machine says `ready` next, and only then is the owner told: he finds the
    /// connection among the kept ones if he has another message at hand.
    private func done(_ outcome: ClientOutcome) {
        if outcome.canContinue {
            self.outcome = outcome
            return
        }
        let told = owner
        owner = nil
        // Nothing of this connection is used any more: `close` follows, or it is closed already.
        let own = envelope.flatMap { ownFailure?.outcome(for: $0) }
        (sending, envelope, flow) = (nil, nil, nil)
        told?.client(self, done: own ?? outcome)
    }

    /// What was said before goes out first.
    func close(_ reason: String?) {
        if let reason, isLogging { show("closing: \(reason)") }
        flush()
        context?.close(promise: nil)
    }

    /// One line in the log for each that goes out: commands that are pipelined come together. Cut as bytes, because CR
    /// LF is a single `Character`.
    private func show(lines: [UInt8]) {
        for line in lines.split(separator: 0x0A) {
            let text = line.last == 0x0D ? line.dropLast() : line
            show("C: \(String(decoding: text, as: UTF8.self))")
        }
    }

    /// A plugin's command.
    /// Plugins log in by themselves as well (auth_proxy); what they say then is no more for the log than what we say.
    func show(_ line: [UInt8], isSecret: Bool) {
        guard isLogging, !line.isEmpty else { return }
        let text = String(decoding: line.dropLast(2), as: UTF8.self)
        // What follows a 334 is an answer in a login, whatever it looks like; and AUTH may have its answer in the line.
        let hides = isSecret || text.prefix(4).uppercased() == "AUTH"
        show("C: \(hides ? "[hidden]" : text)")
    }

    /// Level 7, Haraka's `debug`: with each line of each dialogue.
    func show(_ text: String) {
        pool.log.log(7, uuid: uuid, origin: "outbound", "\(key.shown): \(text)")
    }
}
