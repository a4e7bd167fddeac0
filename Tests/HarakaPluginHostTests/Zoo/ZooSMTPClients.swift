// Other servers, as the zoo's plugins see them: every reply comes when a test says so.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// On the loop.
final class ZooSMTPClients: PluginSMTPClients {
    private(set) var opened: [(options: SMTPClientOptions, client: String?)] = []
    private(set) var dialogues: [ZooDialogue] = []
    var capabilities: [String] = []
    /// Too many are open.
    var isFull = false
    /// Answers inside of the call.
    var isRash = false

    func open(
        _ options: SMTPClientOptions, for connection: Connection?, _ then: @escaping (SMTPClientReply) -> Void
    ) -> (any PluginSMTPClient)? {
        opened.append((options, connection?.uuid))
        if isRash { then(SMTPClientReply(Reply(250, "rash"), from: "rash:25")) }
        guard !isFull else { return nil }
        let dialogue = ZooDialogue(capabilities, isRash ? nil : then)
        dialogues.append(dialogue)
        return dialogue
    }
}

/// On the loop.
final class ZooDialogue: PluginSMTPClient {
    let capabilities: [String]
    /// What the server was told, and how it ended.
    private(set) var heard: [String] = []
    private var waiting: [(SMTPClientReply) -> Void]
    /// Whoever was told last.
    private var last: ((SMTPClientReply) -> Void)?

    init(_ capabilities: [String], _ then: ((SMTPClientReply) -> Void)?) {
        self.capabilities = capabilities
        waiting = then.map { [$0] } ?? []
    }

    func command(_ line: [UInt8], _ then: @escaping (SMTPClientReply) -> Void) {
        note(String(decoding: line, as: UTF8.self), then)
    }
    func mail(_ from: Address, _ transaction: Transaction?, _ then: @escaping (SMTPClientReply) -> Void) {
        note("MAIL \(from.formatted) \(transaction?.uuid ?? "-")", then)
    }
    func rcpt(_ to: Address, _ then: @escaping (SMTPClientReply) -> Void) { note("RCPT \(to.formatted)", then) }
    func message(_ message: any MessageView, _ then: @escaping (SMTPClientReply) -> Void) {
        note("message of \(message.size)", then)
    }
    func release() { heard.append("released") }
    func abort() { heard.append("aborted") }

    private func note(_ text: String, _ then: @escaping (SMTPClientReply) -> Void) {
        heard.append(text)
        waiting.append(then)
    }

    /// The next reply.
    func answer(_ reply: SMTPClientReply) {
        guard let then = waiting.first else { return }
        if reply.isLast { waiting.removeFirst() }
        last = then
        then(reply)
    }

    func answer(_ code: Int, _ text: String = "ok", isLast: Bool = true) {
        answer(SMTPClientReply(Reply(code, text), from: "mx:25", isLast: isLast))
    }

    /// Once more to whoever was told last, as no driver should.
    func repeatAnswer() { last?(SMTPClientReply(Reply(299, "again"), from: "mx:25")) }
}
