// The queue as plugins have it: mail that they send, and questions about what waits. plugin.h `outbound/1`.

public import HarakaCore
public import HarakaPluginHost
import HarakaQueue
import HarakaSpool
import MailMessage
import NIOCore
import SMTPSyntax

/// What outbound/1 stands on. One for each worker, on its loop.
public final class PluginQueue: PluginOutbound {
    private let outbox: Outbox
    private let host: any OutboundAsker
    private let spool: SpoolFolder
    /// The engine, or in workers that deliver nothing somebody who asks it.
    private let asker: any QueueAsker

    /// - Parameter spoolDirectory: connection.ini `main.spool_dir`, for large messages
    public init(_ outbox: Outbox, host: any OutboundAsker, spoolDirectory: String, asker: any QueueAsker) {
        self.outbox = outbox
        self.host = host
        self.asker = asker
        spool = SpoolFolder(in: spoolDirectory)
    }

    // MARK: sending

    /// The message takes the way of a client's: through a sink, which spools what is large, and with the edits that a
    /// client's message gets. So a plugin on `pre_send_trans_email` sees no difference.
    public func send(_ mail: PluginMail, _ done: @escaping (Verdict) -> Void) {
        let connection = bareConnection()
        let transaction = Transaction(uuid: "\(connection.uuid).1")
        transaction.reversePath = mail.from
        transaction.recipients = mail.recipients
        transaction.notes = mail.notes
        connection.transaction = transaction
        // Limits that no sensible mail meets: a plugin is trusted, but not with all memory.
        let sink = MessageSink(folder: spool, spoolAfter: 1 << 20, maxHeaderLines: 10_000, maxHeaderBytes: 1 << 24)
        transaction.begin(sink)
        sink.begin(transaction.body, limits: BodyLimits())
        mail.contents.withUnsafeBytes { sink.append($0) }
        sink.end()
        // As edits, and not by cutting bytes: a field may be folded.
        if mail.removesMessageID { transaction.edit(.remove(name: "Message-Id")) }
        if mail.removesDate { transaction.edit(.remove(name: "Date")) }
        queue(transaction, connection, origin: mail.plugin, done)
    }

    /// Under a uuid of its own: the transaction may be queued by itself as well.
    public func sendTransaction(
        _ transaction: Transaction, _ connection: Connection?, _ done: @escaping (Verdict) -> Void
    ) {
        // Two files of one name would be one: the second would be refused.
        let own = bareConnection()
        let copy = Transaction(uuid: "\(own.uuid).1")
        copy.reversePath = transaction.reversePath
        copy.recipients = transaction.recipients
        copy.notes = transaction.notes
        // Before DATA a plugin may ask for it, and there is nothing to send.
        guard let content = transaction.content else {
            return done(Verdict(.denySoft, PluginReply("there is no message")))
        }
        // The content is shared, not copied: what is stored is a snapshot of it.
        copy.begin(content)
        own.transaction = copy
        queue(copy, own, origin: "smtp", done)
    }

    /// Plugins may look and change, but not refuse: as in Haraka, the answer to that hook is not waited for as a
    /// verdict.
    private func queue(
        _ transaction: Transaction, _ connection: Connection, origin: String, _ done: @escaping (Verdict) -> Void
    ) {
        outbox.completeHeader(of: transaction, date: Outbox.date())
        host.askAlone(.preSendTransEmail, connection, transaction) { [self] _ in
            outbox.store(transaction, origin: origin) { failure in
                if let failure { return done(Verdict(.denySoft, PluginReply(failure.reply.text))) }
                done(Verdict(.ok, PluginReply("Message Queued (\(transaction.uuid))")))
            }
        }
    }

    /// Haraka's fake connection: nobody is there.
    /// Hooks that look at a transaction may look at its connection, too; so there is one.
    private func bareConnection() -> Connection {
        var here = Connection.Endpoint()
        here.host = outbox.hostName
        return Connection(
            uuid: ServerContext.makeUUID(), startTime: ServerContext.milliseconds(), remote: Connection.Endpoint(),
            local: here, localAddresses: [])
    }

    // MARK: what waits

    // Here the engine is asked, or in other workers, by way of the supervisor, the one that has it.
    public func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void) { asker.stats(done) }

    public func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void) {
        asker.list(query, done)
    }

    public func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void
    ) { asker.act(action, query, done) }
}
