// One mail on its way to its backends.
import HarakaPluginKit

/// First every backend is asked about its recipients, and only when all have accepted all of them the message is sent: so what a
/// backend refuses, the client is refused, and nobody has half a mail. With `one_message_per_rcpt` that can only hold for the first
/// recipient; see ``queue(_:_:)`` for the others. Loop thread only.
final class Forwarding {
    private let plugin: Plugin
    private let connection: Connection
    private let transaction: Transaction
    private let rounds: [[Batch]]
    private let isOutbound: Bool
    private let message: Message
    /// Of the round, in its order.
    private var clients: [SMTPClient] = []
    private var outcomes: Outcomes

    init(_ call: borrowing Call, _ transaction: Transaction, _ batches: [Batch], isOutbound: Bool) throws(PluginError) {
        (plugin, connection, self.transaction) = (call.plugin, call.connection, transaction)
        (rounds, self.isOutbound) = (Settings.rounds(of: batches), isOutbound)
        message = try transaction.message()
        outcomes = Outcomes(transaction.recipients.count)
    }

    func begin(_ next: consuming Next) throws(PluginError) { try begin(round: 0, next) }

    private func begin(round: Int, _ next: consuming Next) throws(PluginError) {
        clients = []
        guard round < rounds.count else { return try finish(next) }
        try ask(round, 0, next)
    }

    // ---- the envelope ----

    private func ask(_ round: Int, _ place: Int, _ next: consuming Next) throws(PluginError) {
        guard place < rounds[round].count else { return try send(round, 0, next) }
        guard let service = plugin.smtpClients else { throw PluginError("this host offers no client") }
        let batch = rounds[round][place]
        try service.open(batch.route.options(for: connection), for: next) {
            [self] client, reply, next throws(PluginError) in
            guard let client else { return try unreachable(reply, batch, round, next) }
            clients.append(client)
            guard let sender = transaction.sender else { throw PluginError("there is no sender") }
            try client.mail(sender, of: transaction, for: next) { [self] reply, next throws(PluginError) in
                guard reply.isPositive else { return try failed(reply, batch, round, next) }
                try client.rcpt(batch.numbers, of: transaction, for: next) { [self] replies, next throws(PluginError) in
                    if let worst = Outcomes.worst(of: replies) { return try failed(worst, batch, round, next) }
                    try ask(round, place + 1, next)
                }
            }
        }
    }

    /// What a backend says before MAIL is about us, and not about this mail: it refuses for now.
    private func unreachable(
        _ reply: SMTPReply, _ batch: Batch, _ round: Int, _ next: consuming Next
    ) throws(PluginError) {
        plugin.log(.error, about: transaction.object, "\(reply.host): no dialogue: \(reply.code) \(reply.text)")
        guard !outcomes.hasDelivered else {
            return try failed(SMTPReply(0, trouble: .failed), batch, round, next)
        }
        abandon()
        transaction.results.error("no dialogue with \(reply.host)")
        // Another queue plugin may take it. Of mail that goes out the server itself would be the next, and send it to the MX.
        if reply.trouble != nil, !isOutbound { return next.continue() }
        next.denySoft("Backend failure, try again later")
    }

    /// These recipients will not have it. If nobody has it yet, nobody gets it.
    private func failed(
        _ reply: SMTPReply, _ batch: Batch, _ round: Int, _ next: consuming Next
    ) throws(PluginError) {
        abandon()
        guard outcomes.hasDelivered else { return answer(reply, next) }
        outcomes.note(reply, for: batch.numbers)
        try begin(round: round + 1, next)
    }

    // ---- the message ----

    private func send(_ round: Int, _ place: Int, _ next: consuming Next) throws(PluginError) {
        guard place < clients.count else { return try begin(round: round + 1, next) }
        let (client, isEach) = (clients[place], rounds[round][place].route.isLMTP)
        try client.command("DATA", for: next) { [self] reply, next throws(PluginError) in
            guard reply.isIntermediate else { return try sent([reply], false, round, place, next) }
            try client.message(message, for: next) { [self] replies, next throws(PluginError) in
                try sent(replies, isEach, round, place, next)
            }
        }
    }

    private func sent(
        _ replies: [SMTPReply], _ isEach: Bool, _ round: Int, _ place: Int, _ next: consuming Next
    ) throws(PluginError) {
        let numbers = rounds[round][place].numbers
        if isEach { outcomes.note(replies, for: numbers) } else { outcomes.note(replies[0], for: numbers) }
        if replies.allSatisfy({ $0.trouble == nil }) { clients[place].release() } else { clients[place].abort() }
        guard outcomes.hasDelivered else {
            abandon()
            return answer(Outcomes.worst(of: replies) ?? SMTPReply(0, trouble: .closed), next)
        }
        try send(round, place + 1, next)
    }

    // ---- the end ----

    private func finish(_ next: consuming Next) throws(PluginError) {
        abandon()
        switch outcomes.verdict {
        case .delivered(let text):
            transaction.results.pass("smtp_forward")
            next.ok(text)
        case .refused(let reply): answer(reply, next)
        case .rest(let numbers): try queue(numbers, next)
        }
    }

    private func answer(_ reply: SMTPReply, _ next: consuming Next) {
        if reply.trouble != nil {
            plugin.log(.error, about: transaction.object, "\(reply.host): \(reply.text)")
        }
        transaction.results.fail("\(reply.code) \(reply.text)")
        next.answer(reply.answer(unanswered: "Backend failure, try again later"))
    }

    private func abandon() {
        for client in clients { client.abort() }
    }

    /// Some recipients have the message and cannot lose it again. The others' copy goes into the queue, which tries again and
    /// reports what fails for good. Without a queue the client tries again, and the first get it twice.
    private func queue(_ numbers: [Int], _ next: consuming Next) throws(PluginError) {
        let again = "Some recipients failed, try again later"
        guard let outbound = plugin.outbound else { return next.denySoft(again) }
        let (transaction, message) = (self.transaction, self.message)
        let to = numbers.compactMap { transaction.recipients[$0].address?.address.string }
        let from = transaction.sender?.address.string ?? ""
        plugin.log(.warn, about: transaction.object, "not delivered, so queued: \(to.joined(by: " "))")
        next.offload { () throws(PluginError) in
            try message.stream().bytes(limit: Int(clamping: message.size))
        } then: { contents, next throws(PluginError) in
            guard let contents else { return next.denySoft(again) }
            var mail = OutgoingMail(from: from, to: to, contents)
            mail.notes = [Value.Entry("queue", .map([("wants", .text("smtp_forward"))]))]
            mail.origin = transaction.object
            try outbound.send(mail, for: next) { outcome, next in
                guard case .queued = outcome else { return next.denySoft(again) }
                transaction.results.pass("smtp_forward, in part by the queue")
                next.ok("Message accepted")
            }
        }
    }
}
