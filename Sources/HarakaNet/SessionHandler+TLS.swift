// TLS on a session's channel: by STARTTLS (RFC 3207), or from the first byte (RFC 8314).

import HarakaCore
import HarakaTLS
import NIOCore
import SMTPSyntax

extension SessionHandler {
    var canStartTLS: Bool {
        guard connection.tls == nil, !isShakingHands, role.tls == .offered || role.tls == .required else {
            return false
        }
        guard let tls = server.settings.tls, tls.hasCertificate else { return false }
        return !tls.portsWithoutStartTLS.contains(connection.local.port)
    }

    func channelBinding(_ type: String) -> [UInt8]? { connection.tls == nil ? nil : tls?.channelBinding(type) }

    /// While too many handshakes are under way the client is sent away: that STARTTLS is refused could make it send
    /// its mail in the clear.
    func startTLS(_ done: @escaping (Bool) -> Void) {
        nonisolated(unsafe) let (session, answer) = (self, done)
        guard canStartTLS, !inputHasEnded, let context = channelContext else {
            channelContext?.eventLoop.execute { answer(false) }
            return
        }
        guard !server.hasTooManyHandshakes(seat) else {
            server.noteTurnedAway(connection.remote.ip, TurnedAway.tooManyHandshakes.reason)
            send(machine.respond(TurnedAway.tooManyHandshakes.reply))
            wantsDisconnect = true
            context.eventLoop.execute {
                answer(false)
                session.pump { _ in }
            }
            return
        }
        send(machine.respond(Reply(220, "Go ahead.", status: .init(2, 0, 0))))
        flush()
        // Whoever sits between us and the client may have put it there; and what the kernel still holds breaks the
        // handshake (RFC 3207 section 4.2, CVE-2011-0411).
        input = nil
        lines = LineDecoder(limit: server.settings.lineLength, bareNewline: server.settings.bareNewline)
        handshakeDone = done
        isSwitching = true
        beginHandshake(context)
    }

    /// On a port for TLS alone.
    func beginImplicitTLS() {
        guard let context = channelContext, server.settings.tls?.hasCertificate ?? false else {
            server.noteTurnedAway(connection.remote.ip, "no certificate for this listener's TLS")
            return leave(with: TurnedAway.tooManyHandshakes.reply)
        }
        // Asked before for those who came without a proxy.
        guard connection.proxy == nil || !server.hasTooManyHandshakes(seat) else {
            server.noteTurnedAway(connection.remote.ip, TurnedAway.tooManyHandshakes.reason)
            return leave(with: TurnedAway.tooManyHandshakes.reply)
        }
        beginHandshake(context)
    }

    private func beginHandshake(_ context: ChannelHandlerContext) {
        guard let settings = server.settings.tls else { return }
        let limit = TimeAmount.nanoseconds(Int64(max(0.001, min(settings.handshakeLimit, 1e6)) * 1e9))
        let handler = TLSHandler(server: settings, limit: limit)
        let paced = PacedHandshake(server.pace)
        (tls, self.paced) = (handler, paced)
        isShakingHands = true
        handshakeSeat = seat
        server.handshakes.enter(seat)
        do {
            try context.pipeline.syncOperations.addHandler(paced, position: .before(self))
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch {
            handshakeEnded(.failed("\(error)"))
        }
        adjustReading()
    }

    /// Once for each handshake, however it ended.
    func handshakeEnded(_ event: TLSEvent) {
        guard isShakingHands else { return }
        isShakingHands = false
        server.handshakes.leave(handshakeSeat)
        if let paced { channelContext?.pipeline.syncOperations.removeHandler(paced, promise: nil) }
        paced = nil
        let done = handshakeDone
        handshakeDone = nil
        switch event {
        case .established(let facts):
            machine.tlsEstablished(facts)
            if hasBegun { pump { _ in done?(true) } } else { proceed() }
        case .failed(let reason): handshakeFailed(reason, done)
        }
    }

    /// Not a word more: there is nobody who could read it.
    private func handshakeFailed(_ reason: String, _ done: ((Bool) -> Void)?) {
        isMute = true
        input = nil
        if server.log.isEnabled(6) {
            let line = "TLS handshake failed: \(reason) ip=\(connection.remote.ip)"
            server.log.log(6, uuid: connection.logUUID, origin: "core", line)
        }
        pump { session in
            done?(false)
            if session.hasBegun { session.clientLeft() }
        }
        channelContext?.close(promise: nil)
    }
}
