// A client's message on its way into the queue: what Haraka's send_trans_email does.

import Glibc
import HarakaCore
import HarakaQueue
import HarakaSpool
import MailMessage
import SMTPSyntax

extension Outbox {
    /// Adds what a mail that leaves must have, and our Received field. Once for each transaction, before
    /// `pre_send_trans_email`. RFC 5321 sections 4.4 and 6.4.
    func completeHeader(of transaction: Transaction, date: String) {
        guard let content = transaction.content else { return }
        // Edits of the message as it will be read: what the client has sent is not written anew for two lines.
        if content.headerValues("Message-Id").isEmpty {
            transaction.edit(.addEnd(name: "Message-Id", value: "<\(transaction.uuid)@\(hostName)>"))
        }
        if content.headerValues("Date").isEmpty { transaction.edit(.addEnd(name: "Date", value: date)) }
        if let receivedText { transaction.edit(.addLeading(name: "Received", value: "(\(receivedText)); \(date)")) }
    }

    /// Now, for a header.
    static func date() -> String {
        var now = time(nil)
        return ServerContext.date(&now)
    }

    /// Queues the message of a transaction as it stands, for its recipients.
    func store(_ transaction: Transaction, origin: String, _ done: @escaping (OutboxFailure?) -> Void) {
        let mail = QueuedMail(
            uuid: transaction.uuid, queueTime: ServerContext.milliseconds(), from: transaction.reversePath,
            // One file, however many domains: parts are made by who delivers.
            to: transaction.recipients.map { QueuedRecipient($0) }, notes: transaction.notes, origin: origin)
        do {
            // What plugins change from now on, in a transaction that goes on, is not in what is stored.
            guard let message = try transaction.content?.snapshot() else {
                return done(OutboxFailure(reason: "there is no message"))
            }
            store(mail, message, done)
        } catch {
            done(OutboxFailure(error))
        }
    }
}

extension SessionHandler {
    /// The message goes into the queue. Nil: the machine hears of it later.
    func store() -> SessionAction? {
        // A server without a queue has no relaying clients; a plugin may have made one all the same.
        guard let outbox = server.outbox, let transaction = connection.transaction else {
            return machine.stored(Reply(451, "The message cannot be queued, try again later", status: .init(4, 3, 0)))
        }
        // With plugins on the hook this was done before they were asked, so that they see the header as it leaves.
        if !machine.heard.contains(.preSendTransEmail) {
            outbox.completeHeader(of: transaction, date: server.date())
        }
        outbox.store(transaction, origin: "smtp") { [weak self] failure in
            self?.pump { $0.perform($0.machine.stored(failure?.reply)) }
        }
        return nil
    }
}
