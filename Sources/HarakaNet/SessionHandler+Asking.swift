// A plugin that talks with the client inside one hook: AUTH's challenges (RFC 4954 section 4).

import HarakaCore
import NIOCore
import SMTPSyntax

/// Who waits for the client's next line.
struct Asker {
    /// Bytes of that line, without its end.
    let limit: Int
    let then: ([UInt8]?) -> Void
    /// The line is longer: the rest of it is thrown away as it comes.
    var isTooLong = false
}

extension SessionHandler {
    func askClient(_ reply: Reply, limit: Int, _ then: @escaping ([UInt8]?) -> Void) {
        asker = Asker(limit: max(0, limit), then: then)
        send(machine.respond(reply))
        // Called from a plugin: what the client has sent already waits until that has returned.
        nonisolated(unsafe) let session = self
        if input != nil { channelContext?.eventLoop.execute { session.pump { _ in } } }
    }

    /// One line that is no command. False: it is not complete.
    func takeAnswer() -> Bool {
        guard let buffer = input, let asker else { return leaveIfGone() }
        let end = buffer.withUnsafeReadableBytes { $0.firstIndex(of: 10) }
        guard let end else {
            guard asker.isTooLong || buffer.readableBytes > asker.limit + 1 else { return leaveIfGone() }
            self.asker?.isTooLong = true
            drop(buffer.readableBytes)
            return leaveIfGone()
        }
        let line = answer(buffer, end)
        drop(end + 1)
        self.asker = nil
        if server.log.isEnabled(8) {
            server.log.log(
                8, uuid: connection.logUUID, origin: "core", "C: [hidden] state=\(connection.state.rawValue)")
        }
        asker.then(line)
        return true
    }

    /// Nil: it was too long, or has a bare CR or LF where those are refused.
    private func answer(_ buffer: ByteBuffer, _ end: Int) -> [UInt8]? {
        guard let asker, !asker.isTooLong else { return nil }
        return buffer.withUnsafeReadableBytes { bytes in
            let hasCR = end > 0 && bytes[end - 1] == 13
            let line = bytes[..<(hasCR ? end - 1 : end)]
            if server.settings.bareNewline == .reject, !hasCR || line.contains(13) { return nil }
            return line.count > asker.limit ? nil : Array(line)
        }
    }

    /// Nobody will complete the line.
    private func leaveIfGone() -> Bool {
        guard inputHasEnded, !machine.isDisconnecting else { return false }
        clientLeft()
        return true
    }

    /// The hook is over. A handshake that goes on for it ends with the connection: what would be said next would go
    /// out in the clear.
    func stopAskingClient() {
        asker = nil
        guard handshakeDone != nil else { return }
        handshakeDone = nil
        guard isShakingHands else { return }
        isMute = true
        nonisolated(unsafe) let session = self
        channelContext?.eventLoop.execute { session.handshakeEnded(.failed("the plugin has given up")) }
    }
}
