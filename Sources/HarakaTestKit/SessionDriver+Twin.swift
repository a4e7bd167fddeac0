// Each session without enhanced status codes has a twin with them, to which the same happens.

import HarakaCore

extension SessionDriver {
    /// An event happens to both.
    func happen(_ event: (SessionDriver) -> Void) {
        if let twin {
            twin.follow(self)
            event(twin)
        }
        event(self)
        lastReplySeen = connection.lastReply
    }

    /// What a test has written on the connection or the driver since the last event.
    private func follow(_ other: SessionDriver) {
        (clientName, storageFailure) = (other.clientName, other.storageFailure)
        (hasTooManyParts, hidesParts) = (other.hasTooManyParts, other.hidesParts)
        connection.isRelaying = other.connection.isRelaying
        connection.auth = other.connection.auth
        connection.remote = other.connection.remote
        let capabilities = other.connection.capabilities.filter { !connection.capabilities.contains($0) }
        connection.capabilities += capabilities
        if other.connection.lastReply != other.lastReplySeen { connection.lastReply = other.connection.lastReply }
    }

    /// Where the twin does not do the same, or not as RFC 2034 wants it, in words.
    func twinDifferences() -> [String] {
        guard let twin else { return [] }
        var differences = StatusCheck(plain: sent, coded: twin.sent).differences
        if twin.asked != asked { differences.append("with status codes these hooks were asked: \(twin.asked)") }
        if twin.isClosed != isClosed { differences.append("with status codes the session is closed: \(twin.isClosed)") }
        sent = []
        twin.sent = []
        return differences.map { "twin: \($0)" }
    }
}
