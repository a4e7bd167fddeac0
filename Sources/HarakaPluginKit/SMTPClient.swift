// One dialogue with another server.
import CHarakaPluginKit

/// A reply, and the Next that waited for it.
public typealias SMTPReplyBody = (_ reply: SMTPReply, _ next: consuming Next) throws(PluginError) -> Void
/// Several replies in their order, and the Next that waited for them.
public typealias SMTPRepliesBody = (_ replies: [SMTPReply], _ next: consuming Next) throws(PluginError) -> Void

/// Made by ``SMTPClients/open(_:for:then:)``. It ends with ``release()`` or ``abort()``; one that is let go without either is
/// aborted. If the hook that waits for a reply ends, the dialogue is aborted, and the closure let go without a word. Loop
/// thread only.
public final class SMTPClient: @unchecked Sendable {
    private let service: UnsafePointer<haraka_smtp_client_1>
    private var handle = haraka_smtp_client()
    private let isLMTP: Bool
    /// Recipients of the message so far that the server has accepted.
    public private(set) var accepted = 0
    var hasEnded = true

    init(_ service: UnsafePointer<haraka_smtp_client_1>, isLMTP: Bool) {
        (self.service, self.isLMTP) = (service, isLMTP)
    }

    deinit { abort() }

    func begins(_ handle: haraka_smtp_client) { (self.handle, hasEnded) = (handle, false) }

    /// The dialogue is over, and its connection is kept for the next.
    public func release() { end { service.pointee.release(handle) } }

    /// Closes at once.
    public func abort() { end { service.pointee.abort(handle) } }

    private func end(_ tell: () -> Int32) {
        guard !hasEnded else { return }
        hasEnded = true
        _ = tell()
    }

    /// The lines of the server's answer to EHLO: `SIZE 1000`, `PIPELINING` ...
    public var capabilities: [String] {
        var value = haraka_null()
        guard !hasEnded, service.pointee.capabilities(handle, &value) >= 0 else { return [] }
        let list = ValueView(value)
        return (0..<list.count).map { list[$0].text.string }
    }

    /// Whether the server offers an extension, by its first word.
    public func offers(_ keyword: String) -> Bool {
        let wanted = keyword.asciiLowercased
        return capabilities.contains { $0.words.first?.asciiLowercased == wanted }
    }

    /// Sends one line. Throws if CR or LF is in it.
    public func command(
        _ line: String, for next: consuming Next, then body: @escaping SMTPReplyBody
    ) throws(PluginError) {
        try ask("a command", next, { reply in reply }, body) { callback in
            line.lent { service.pointee.command(handle, $0, callback) }
        }
    }

    /// MAIL FROM with the parameters that this server understands, of the transaction if there is one: SIZE, BODY, SMTPUTF8.
    public func mail(
        _ from: Address, of transaction: Transaction? = nil, for next: consuming Next,
        then body: @escaping SMTPReplyBody
    ) throws(PluginError) {
        accepted = 0
        let transaction = transaction?.handle ?? haraka_transaction()
        try ask("MAIL", next, { reply in reply }, body) {
            service.pointee.mail(handle, from.pointer, transaction, $0)
        }
    }

    /// RCPT TO.
    public func rcpt(
        _ to: Address, for next: consuming Next, then body: @escaping SMTPReplyBody
    ) throws(PluginError) {
        try ask("RCPT", next, { [self] reply in counted(reply) }, body) { service.pointee.rcpt(handle, to.pointer, $0) }
    }

    /// RCPT TO for these recipients of a transaction: all at once if the server offers PIPELINING (RFC 2920), else one after the
    /// other. Replies stand in the order of `numbers`; a number of no recipient throws.
    public func rcpt(
        _ numbers: [Int], of transaction: Transaction, for next: consuming Next, then body: @escaping SMTPRepliesBody
    ) throws(PluginError) {
        // All of them first: a mistake must not leave half of them asked.
        var recipients: [Address] = []
        for number in numbers { recipients.append(try recipient(number, transaction)) }
        guard offers("PIPELINING") else { return try one(after: [], numbers, transaction, next, body) }
        let gathering = try replies(numbers.count, next, body)
        for (index, to) in recipients.enumerated() {
            let box = ReplyBox { [self] reply in gathering.replied(index, counted(reply)) }
            let status = box.hand { service.pointee.rcpt(handle, to.pointer, $0) }
            try PluginError.check(status, "RCPT")
        }
        gathering.started()
    }

    /// After the 354 of DATA: the message with doubled dots and the final one. Replies: one, or in LMTP one for each recipient
    /// that was accepted, in their order (RFC 2033 section 4.2); none if none was.
    public func message(
        _ message: Message, for next: consuming Next, then body: @escaping SMTPRepliesBody
    ) throws(PluginError) {
        let gathering = try replies(isLMTP ? accepted : 1, next, body)
        let box = ReplyBox { [self] reply in withExtendedLifetime(self) { gathering.replied(reply) } }
        let status = box.hand { service.pointee.message(handle, message.handle, $0) }
        try PluginError.check(status, "a message")
        gathering.started()
    }

    private func one(
        after replies: [SMTPReply], _ numbers: [Int], _ transaction: Transaction, _ next: consuming Next,
        _ body: @escaping SMTPRepliesBody
    ) throws(PluginError) {
        guard replies.count < numbers.count else { return try body(replies, next) }
        let to = try recipient(numbers[replies.count], transaction)
        try rcpt(to, for: next) { [self] reply, next throws(PluginError) in
            try one(after: replies + [reply], numbers, transaction, next, body)
        }
    }

    private func recipient(_ number: Int, _ transaction: Transaction) throws(PluginError) -> Address {
        guard let address = transaction.recipients[number].address else {
            throw PluginError("there is no recipient \(number)", status: HARAKA_E_ARGUMENT)
        }
        return address
    }

    private func counted(_ reply: SMTPReply) -> SMTPReply {
        if reply.isPositive { accepted += 1 }
        return reply
    }

    private func ask(
        _ what: StaticString, _ next: consuming Next, _ seen: @escaping (SMTPReply) -> SMTPReply,
        _ body: @escaping SMTPReplyBody, _ ask: (UnsafePointer<haraka_smtp_reply_callback>) -> Int32
    ) throws(PluginError) {
        guard !hasEnded else { throw PluginError("\(what): the dialogue is over", status: HARAKA_E_STATE) }
        let waiting = Waiting(next)
        waiting.stops { [self] in abort() }
        // The box holds this dialogue, or its last reference might go while the reply is awaited.
        let box = ReplyBox { [self] reply in
            let reply = withExtendedLifetime(self) { seen(reply) }
            waiting.resumeIfWanted { next throws(PluginError) in try body(reply, next) }
        }
        try PluginError.check(box.hand(ask), "\(what)")
    }

    private func replies(
        _ count: Int, _ next: consuming Next, _ body: @escaping SMTPRepliesBody
    ) throws(PluginError) -> Replies {
        guard !hasEnded else { throw PluginError("the dialogue is over", status: HARAKA_E_STATE) }
        let waiting = Waiting(next)
        waiting.stops { [self] in abort() }
        return Replies(waiting, count, body)
    }
}

/// Waits for the last of several replies.
private final class Replies {
    private let waiting: Waiting
    private let body: SMTPRepliesBody
    private var replies: [SMTPReply?]
    /// Of the replies, and one more until all is asked.
    private var missing: Int

    init(_ waiting: Waiting, _ count: Int, _ body: @escaping SMTPRepliesBody) {
        (self.waiting, self.body) = (waiting, body)
        replies = Array(repeating: nil, count: count)
        missing = count + 1
    }

    func replied(_ index: Int, _ reply: SMTPReply) {
        guard replies.indices.contains(index), replies[index] == nil else { return }
        replies[index] = reply
        started()
    }

    /// The next that is missing; a dialogue that broke answers all of them.
    func replied(_ reply: SMTPReply) {
        while let index = replies.firstIndex(where: { $0 == nil }) {
            replied(index, reply)
            if reply.trouble == nil { return }
        }
    }

    func started() {
        missing -= 1
        guard missing == 0 else { return }
        let (replies, body) = (replies.compactMap { $0 }, body)
        waiting.resumeIfWanted { next throws(PluginError) in try body(replies, next) }
    }
}
