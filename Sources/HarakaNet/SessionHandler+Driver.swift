// What plugins may do to the connection.

import HarakaCore
import HarakaPluginHost
import NIOCore

extension SessionHandler {
    func hooksCompleted(_ verdict: Verdict) {
        // A half line that has come meanwhile: only from now on somebody waits for the rest of it.
        if input != nil { lineBegan = .now() }
        pump { $0.perform($0.machine.hooksCompleted(verdict)) }
    }

    func respond(_ code: Int, _ reply: PluginReply) { send(machine.respond(reply.reply(code, ""))) }

    func requestDisconnect() {
        wantsDisconnect = true
        nonisolated(unsafe) let session = self
        channelContext?.eventLoop.execute { session.pump { _ in } }
    }

    var otherAddresses: [String] { server.sessions.values.filter { $0 !== self }.map(\.connection.remote.ip) }

    var connectionsPerAddress: Int { server.settings.limits.connectionsPerAddress }

    func pauseReading() {
        if pauses == 0 { pauseBegan = .now() }
        pauses += 1
        adjustReading()
    }

    func resumeReading() {
        guard pauses > 0 else { return }
        pauses -= 1
        guard pauses == 0 else { return }
        // The client could not help it.
        let pause = NIODeadline.now() - pauseBegan
        (messageBegan, lineBegan) = (messageBegan + pause, lineBegan + pause)
        nonisolated(unsafe) let session = self
        channelContext?.eventLoop.execute { session.pump { _ in } }
    }

    /// The same connection under another name: what was logged of the other client stays with it.
    func restart(keepsName: Bool) {
        connection.uuid = ServerContext.makeUUID()
        machine.restarted(keepsName: keepsName)
    }
}
