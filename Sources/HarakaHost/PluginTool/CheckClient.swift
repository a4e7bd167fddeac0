// A client that is the test: a connection with a transaction and a message, whose hooks are asked one by one.

import HarakaCore
import HarakaPluginHost
import HarakaSpool
import MailMessage
import SMTPSyntax

/// On the loop's thread.
final class CheckClient: ConnectionDriver {
    let connection: Connection
    private unowned let harness: Harness
    private var host: PluginHost { harness.host }
    private let number: Int
    /// The verdict of a question that was not answered at once.
    private var late: Verdict?
    private(set) var replies: [PluginReply] = []
    private(set) var wantsDisconnect = false
    private var pauses = 0
    private(set) var hasLeft = false
    /// What its answers to a plugin are like.
    var style = ArgumentStyle.normal
    /// How often a plugin has asked it.
    var asked = 0
    /// The answer that comes next.
    var waiting: (any HostTimer)?
    /// It keeps whoever asks it waiting.
    var isSilent: Bool { harness.resolver.isSilent }
    var loop: CheckLoop { harness.loop }

    /// - Parameter number: tells clients apart: what belongs to one has its number in it
    init(_ harness: Harness, _ number: Int) {
        self.harness = harness
        self.number = number
        var remote = Connection.Endpoint()
        // A net for tests (RFC 2544) that plugins do not take for a private one; but for many clients a private one, so that
        // a plugin that makes strangers wait does not have to be waited for each time.
        let net = harness.hasManyClients ? "10.18" : "198.18"
        remote.ip = "\(net).\(number / 250 % 250).\(number % 250 + 1)"
        remote.port = 10_000 + number % 50_000
        remote.host = "client\(number).example.net"
        var local = Connection.Endpoint()
        local.ip = "192.0.2.255"
        local.port = 25
        local.host = "mx.example.com"
        let uuid = "0A1B2C3D-0000-4000-8000-\(String(number + 0x1000_0000_0000, radix: 16, uppercase: true))"
        connection = Connection(uuid: uuid, startTime: 1, remote: remote, local: local, localAddresses: [])
    }

    /// What nobody else has.
    var token: String { "client\(number)" }

    // MARK: asking

    /// Asks a hook and waits no longer than its function runs. Nil: the plugin needs time.
    func ask(_ question: Question, _ hook: String, _ style: ArgumentStyle = .normal) -> Verdict? {
        late = nil
        return harness.measured(hook, style: style) { host.ask(question, connection) }
    }

    /// Waits for the answer. Nil: none came in that time.
    func wait(atMost milliseconds: Int64) -> Verdict? {
        harness.loop.run(atMost: milliseconds) { late != nil }
        return late
    }

    /// Asks and waits, for longer than the plugin has: the host gives up first.
    @discardableResult
    func answer(_ question: Question, _ hook: String, _ style: ArgumentStyle = .normal) -> Verdict? {
        ask(question, hook, style) ?? wait(atMost: Int64(Harness.timeLimit * 1000) + 1000)
    }

    // MARK: the life of a client

    /// As after EHLO.
    func greet() {
        connection.helloHost = "\(token).example.net"
        connection.helloVerb = .ehlo
        connection.isESMTP = true
        connection.hasOfferedTLS = true
    }

    /// As after MAIL and RCPT.
    func beginTransaction() {
        connection.transactionCount += 1
        let transaction = Transaction(uuid: "\(connection.uuid).\(connection.transactionCount)")
        transaction.reversePath = Address(user: "sender", host: "\(token).example.net")
        transaction.recipients = [Address(user: "\(token)-rcpt", host: "example.com")]
        connection.transaction = transaction
    }

    /// The message of the transaction, as the client sent it.
    func receive(_ content: [UInt8]) {
        guard let transaction = connection.transaction else { return }
        let sink = MessageSink(folder: SpoolFolder(in: harness.run.folder), spoolAfter: 262_144, maxHeaderLines: 1000)
        transaction.begin(sink)
        sink.begin(transaction.body, limits: BodyLimits())
        content.withUnsafeBytes { sink.append($0) }
        sink.end()
        transaction.dataBytes = content.count
        transaction.dataPostStart = 1
    }

    func endTransaction() {
        connection.transaction = nil
        harness.loop.run(atMost: 1000) { harness.loop.isIdle }
    }

    /// The client has gone: nobody waits for an answer.
    func vanish() {
        connection.remoteIsClosed = true
        harness.run.at("when the client had left")
        host.cancel(connection)
    }

    /// The session is over.
    func leave() {
        guard !hasLeft else { return }
        hasLeft = true
        waiting?.cancel()
        connection.transaction = nil
        host.end(connection)
        harness.forget(self)
    }

    // MARK: ConnectionDriver

    func respond(_ code: Int, _ reply: PluginReply) { replies.append(reply) }
    func requestDisconnect() { wantsDisconnect = true }
    func pauseReading() { pauses += 1 }
    func resumeReading() { pauses -= 1 }
    func hooksCompleted(_ verdict: Verdict) { late = verdict }
}
