// The made-up client of test mode.

import HarakaCore
import HarakaPluginHost
import HarakaSpool
import MailMessage
import SMTPSyntax

/// A connection without a socket.
final class TestClient: ConnectionDriver {
    let connection: Connection
    /// The verdict of a question that was not answered at once.
    var late: Verdict?
    private let options: TestOptions

    init(_ options: TestOptions, host: String) {
        self.options = options
        var remote = Connection.Endpoint()
        remote.ip = options.ip
        remote.port = 24
        var local = Connection.Endpoint()
        local.ip = "127.0.0.1"
        local.port = 25
        local.host = host
        connection = Connection(
            uuid: "00000000-0000-4000-8000-000000000001", startTime: 0, remote: remote, local: local, localAddresses: []
        )
        if options.setRelay { connection.isRelaying = true }
    }

    /// What the core does before it asks that hook.
    func prepare(_ question: Question, _ content: [UInt8]) {
        switch question {
        case .helo(let host): greet(.helo, host)
        case .ehlo(let host): greet(.ehlo, host)
        case .mail(let path): begin(path.address)
        case .rcpt(let path): connection.transaction?.recipients.append(path.address)
        case .dataPost: receive(content)
        default: break
        }
    }

    private func greet(_ verb: Connection.HelloVerb, _ host: String) {
        connection.helloVerb = verb
        connection.helloHost = host
        connection.isESMTP = verb == .ehlo
    }

    private func begin(_ sender: Address) {
        connection.transactionCount += 1
        let transaction = Transaction(uuid: "\(connection.uuid).1")
        transaction.reversePath = sender
        if options.setRelay { transaction.isRelaying = true }
        connection.transaction = transaction
    }

    /// In memory, however long it is.
    private func receive(_ content: [UInt8]) {
        guard let transaction = connection.transaction else { return }
        let sink = MessageSink(folder: SpoolFolder(in: "/tmp"), spoolAfter: -1, maxHeaderLines: 1000)
        transaction.begin(sink)
        transaction.body.parses = true
        sink.begin(transaction.body, limits: BodyLimits())
        content.withUnsafeBytes { sink.append($0) }
        sink.end()
        transaction.dataBytes = content.count
        transaction.dataPostStart = 1
    }

    // MARK: ConnectionDriver

    func respond(_ code: Int, _ reply: PluginReply) {}
    func requestDisconnect() {}
    func pauseReading() {}
    func resumeReading() {}
    func hooksCompleted(_ verdict: Verdict) { late = verdict }
}
