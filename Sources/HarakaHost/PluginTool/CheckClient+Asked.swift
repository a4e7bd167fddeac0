// A client of `plugin check` that a plugin asks: a line, one that is too long, junk, or it leaves; a handshake.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

extension CheckClient {
    /// Questions of one client; a plugin that never has enough is left alone then.
    private static let patience = 20

    func askClient(_ reply: Reply, limit: Int, _ then: @escaping ([UInt8]?) -> Void) {
        asked += 1
        nonisolated(unsafe) let then = then
        switch style {
        case _ where asked >= CheckClient.patience, .bare: later { $0.vanish() }
        case .long: whileAsked { _ in then(nil) }
        default:
            let line = line(limit)
            whileAsked { _ in then(line) }
        }
    }

    func stopAskingClient() {
        waiting?.cancel()
        waiting = nil
    }

    var canStartTLS: Bool { connection.tls == nil }

    func startTLS(_ done: @escaping (Bool) -> Void) {
        nonisolated(unsafe) let done = done
        switch style {
        case .bare: later { $0.vanish() }
        case .long, .junk: whileAsked { _ in done(false) }
        case .normal, .empty:
            whileAsked { client in
                client.beginTLS()
                done(true)
            }
        }
    }

    func channelBinding(_ type: String) -> [UInt8]? {
        guard connection.tls != nil, type == "tls-exporter" else { return nil }
        return [UInt8](repeating: 7, count: 32)
    }

    func restart(keepsName: Bool) {
        connection.auth = nil
        connection.helloHost = ""
        connection.helloVerb = .none
    }

    /// What the client said before does not count any more (RFC 3207 section 4.2).
    private func beginTLS() {
        var facts = TLSFacts()
        facts.version = "TLSv1.3"
        facts.cipher = "TLS_AES_256_GCM_SHA384"
        facts.standardCipher = facts.cipher
        facts.bits = 256
        connection.tls = facts
        connection.auth = nil
        connection.helloHost = ""
        connection.helloVerb = .none
        connection.isESMTP = false
    }

    /// Plausible at first, as AUTH wants it (base64 of "user"), then the client has had enough.
    private func line(_ limit: Int) -> [UInt8] {
        switch style {
        case .empty: []
        case .junk: Array(Junk.bytes(min(limit, 200)).filter { $0 != 10 })
        default: Array((asked < 4 ? "dXNlcg==" : "*").utf8.prefix(limit))
        }
    }

    /// Soon, unless nobody waits for it any more.
    private func whileAsked(_ work: @escaping (CheckClient) -> Void) { waiting = later(work) }

    /// Soon, unless the session is over by then.
    @discardableResult
    private func later(_ work: @escaping (CheckClient) -> Void) -> (any HostTimer)? {
        guard !isSilent else { return nil }
        nonisolated(unsafe) let (client, work) = (self, work)
        return loop.schedule(after: 1) { if !client.hasLeft { work(client) } }
    }
}
