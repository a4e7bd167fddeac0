// STARTTLS as a client (RFC 3207).

import HarakaTLS
import NIOCore

extension ClientHandler {
    /// 220 has come, and nothing behind it: the machine has looked.
    /// The handler goes in first, between us and the socket, and begins the handshake by itself; it tells of the end of
    /// it as an event, which ``userInboundEventTriggered(context:event:)`` hands to the machine.
    func startTLS() {
        guard let context else { return }
        flush()
        // TLS has a clock of its own: the handshake's bytes never come as far as ours.
        let limit = limits[.handshake] ?? .seconds(30)
        let handler = pool.tls.makeHandler(
            host: key.host, ip: key.address.ip, verifies: key.tls.verifies, limit: limit)
        tls = handler
        do {
            try context.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            // A pipeline that is being torn down.
            perform(machine.tlsFailed("\(error)"))
        }
    }

    /// The next connection there need not begin from nothing.
    func keepSession() {
        guard let tls, !hasKeptSession else { return }
        hasKeptSession = true
        pool.tls.keepSession(of: tls, host: key.host, ip: key.address.ip, verifies: key.tls.verifies)
    }
}
