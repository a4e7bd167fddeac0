// What the machine wants done, and what of it is told to whom.

import HarakaCore
import NIOCore
import SMTPSyntax

extension ClientHandler {
    func perform(_ actions: [ClientAction]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: ClientAction) {
        switch action {
        case .send(let bytes):
            if isLogging { show("C: \(String(decoding: bytes, as: UTF8.self).dropLast(2))") }
            write(bytes)
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

    func write(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        if output == nil { output = context?.channel.allocator.buffer(capacity: max(256, bytes.count)) }
        output?.writeBytes(bytes)
    }

    func flush() {
        guard let bytes = output, let context else { return }
        output = nil
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Logged in for the first time, or again after a message.
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

    private func refused(_ failure: ClientFailure) {
        let told = owner
        owner = nil
        told?.client(self, refused: ownFailure ?? failure)
    }

    private func done(_ outcome: ClientOutcome) {
        if outcome.canContinue {
            self.outcome = outcome
            return
        }
        let told = owner
        owner = nil
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

    /// A plugin's command.
    func show(_ line: [UInt8], isSecret: Bool) {
        guard isLogging, !line.isEmpty else { return }
        let text = String(decoding: line.dropLast(2), as: UTF8.self)
        let hides = isSecret || text.prefix(4).uppercased() == "AUTH"
        show("C: \(hides ? "[hidden]" : text)")
    }

    func show(_ text: String) {
        pool.log.log(7, uuid: uuid, origin: "outbound", "\(key.shown): \(text)")
    }
}
