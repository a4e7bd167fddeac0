// The line that sums up a session, and what a socket address says.

import HarakaCore
import NIOCore

extension SessionHandler {
    /// Haraka's summary at NOTICE. docs/objects.md "Log".
    func logSummary() {
        guard server.log.isEnabled(5) else { return }
        let rcpts = connection.rcptCount
        let msgs = connection.msgCount
        let seconds = Double(ServerContext.milliseconds() - connection.startTime) / 1000
        let fields = [
            ("ip", connection.remote.ip), ("rdns", connection.remote.host), ("helo", connection.helloHost),
            ("relay", flag(connection.isRelaying)), ("early", flag(connection.isEarlyTalker)),
            ("esmtp", flag(connection.isESMTP)), ("tls", flag(connection.tls != nil)),
            ("pipe", flag(connection.isPipelining)),
            ("errors", "\(connection.errors)"), ("txns", "\(connection.transactionCount)"),
            ("rcpts", "\(rcpts.accept)/\(rcpts.tempfail)/\(rcpts.reject)"),
            ("msgs", "\(msgs.accept)/\(msgs.tempfail)/\(msgs.reject)"), ("bytes", "\(connection.totalBytes)"),
            ("lr", connection.lastReject), ("time", "\(seconds)"),
        ]
        server.log.log(5, uuid: connection.uuid, "disconnect", fields: fields)
    }

    private func flag(_ value: Bool) -> String { value ? "Y" : "N" }
}

extension Connection.Endpoint {
    /// IPv4-mapped IPv6 is reduced to IPv4; a unix socket has neither address nor port.
    init(_ address: SocketAddress?) {
        self.init()
        guard let address, let text = address.ipAddress else { return }
        let mapped = "::ffff:"
        ip = text.hasPrefix(mapped) && text.contains(".") ? String(text.dropFirst(mapped.count)) : text
        port = address.port ?? 0
    }
}
