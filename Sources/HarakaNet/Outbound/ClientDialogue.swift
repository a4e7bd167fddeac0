// A dialogue that a plugin holds by itself, over a connection of the pool. plugin.h "smtp_client/1".

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// Greeting, EHLO, STARTTLS and AUTH are the machine's; from then on commands come from the plugin, and each reply goes
/// to whoever has asked. On the loop.
///
/// A kept connection that the server has closed meanwhile is replaced without a word, as long as nothing was answered
/// on it.
///
/// Its states: `opening` (hosts are tried in turn; `client` is nil) -> `open` (commands; `client` is nil again while a
/// kept connection that had died is replaced) -> `releasing` (RSET) -> `over`. The plugin moves it by `release` and
/// `abort`, the connection by `broken` and `timedOut`, the pool by `refused`. Once it is over nothing is told any more.
final class ClientDialogue: PluginSMTPClient, ClientOwner {
    typealias Then = (SMTPClientReply) -> Void

    /// What a reply is awaited to.
    enum Kind { case command, mail, recipient, message }

    struct Command {
        let kind: Kind
        /// With CR LF; empty: the message.
        let bytes: [UInt8]
        let then: Then
    }

    enum State {
        case opening(Then)
        case open
        /// RSET is under way.
        case releasing
        case over
    }

    /// The addresses of one server after the other; nil: there is no other.
    typealias More = (@escaping (Result<[ClientPool.Order], ConnectFailure>?) -> Void) -> Void

    /// Where it may lead; the first that is there is taken.
    var orders: [ClientPool.Order] = []
    private let more: More
    let pool: ClientPool
    /// Called once, when it is over.
    private var whenOver: ((ClientDialogue) -> Void)?
    /// For whom; not to be gone before us.
    private let connection: Connection?
    private var lastFailure = SMTPClientReply(.failed, "there is no host to connect to", from: "")
    var state: State
    var client: ClientHandler?
    /// Sent, in order; the first is answered next.
    var awaited: [Command] = []
    /// Not sent yet: the server takes one after the other.
    var held: [Command] = []
    var lmtpLeft = 0
    var accepted = 0
    private var hasHeard = false
    private var isKept = false
    var envelope = ClientEnvelope(from: .null, recipients: [])
    private(set) var capabilities: [String] = []
    var offers = ClientCapabilities()
    /// The message is not wholly out.
    var isSending = false
    var lastCode = 0

    init(
        _ pool: ClientPool, for connection: Connection?, more: @escaping More,
        over: @escaping (ClientDialogue) -> Void, _ then: @escaping Then
    ) {
        (self.pool, self.connection, self.more) = (pool, connection, more)
        whenOver = over
        state = .opening(then)
    }

    /// The next address.
    /// Each address of a host is an order; a host that has none left makes room for the next host.
    func begin() {
        if isOver { return }
        if let order = orders.first { return pool.get(order, for: self) }
        more { [weak self] found in
            guard let self, !isOver else { return }
            switch found {
            case nil: end(lastFailure)
            case .failure(let failure)?:
                lastFailure = SMTPClientReply(.failed, failure.description, from: "")
                begin()
            case .success(let orders)?:
                self.orders = orders
                begin()
            }
        }
    }

    private var isOver: Bool {
        if case .over = state { return true }
        return false
    }

    // MARK: the connection

    func clientIsReady(_ client: ClientHandler) {
        guard !isOver else {
            client.owner = nil
            return pool.giveBack(client)
        }
        self.client = client
        isKept = client.messages > 0
        client.messages += 1
        client.dialogue = self
        offers = client.machine.offers
        capabilities = client.machine.capabilities
        // A connection that was kept has the clock of its idleness still.
        client.armTimer()
        // Twice ready: the connection was replaced, and the plugin knows nothing of it.
        guard case .opening(let then) = state else { return replay() }
        state = .open
        then(SMTPClientReply(client.lastReply, from: client.key.address.description))
    }

    /// The connection is another one; what was asked is asked again.
    /// In the same order; nothing of it was answered, or there would have been no replacement.
    private func replay() {
        let again = awaited + held
        (awaited, held) = ([], [])
        for command in again { ask(command) }
    }

    func client(_ client: ClientHandler, refused failure: ClientFailure) {
        if isOver { return }
        let host = client.key.address.description
        lastFailure =
            failure.reply.map { SMTPClientReply($0, from: host) }
            ?? SMTPClientReply(client.ending, failure.text, from: host)
        // A refusal by one host is no word about the others, unless it says so.
        if !orders.isEmpty { orders.removeFirst() }
        if failure.mayTryNextHost { begin() } else { end(lastFailure) }
    }

    /// The machine has no message of its own here.
    func client(_ client: ClientHandler, done outcome: ClientOutcome) {}

    /// Everybody who waits is told, in order.
    /// The dialogue is over before anybody is told: who asks again from within is answered that it is.
    private func end(_ answer: SMTPClientReply) {
        let waiting = awaited + held
        (awaited, held) = ([], [])
        let opening: Then? = if case .opening(let then) = state { then } else { nil }
        finish()
        opening?(answer)
        for command in waiting { command.then(answer) }
    }

    func finish() {
        state = .over
        client?.dialogue = nil
        client = nil
        let told = whenOver
        whenOver = nil
        told?(self)
    }

    // MARK: for the connection

    /// A reply must come, or what is sent must be taken.
    // Decides which limit holds: the server's for a reply, or the plugin's for its next word.
    var isAwaiting: Bool {
        if case .releasing = state { return true }
        return !awaited.isEmpty
    }

    /// Replies are matched by order. One that nobody has asked for ends the dialogue: what it was meant for is
    /// anybody's guess, and so would be every one after it.
    func received(_ reply: Reply) {
        lastCode = reply.code
        if case .releasing = state { return released(reply) }
        if reply.code == 421, replace() { return }
        hasHeard = true
        guard let command = awaited.first, let client else {
            return broken(.failed, "the server speaks without being asked: \(reply.code)")
        }
        // In LMTP one command has several replies, and stays the first of those that are awaited until the last.
        let isLast = command.kind != .message || lmtpLeft <= 1
        if command.kind == .recipient, reply.code / 100 == 2 { accepted += 1 }
        if isLast { awaited.removeFirst() } else { lmtpLeft -= 1 }
        command.then(SMTPClientReply(reply, from: client.key.address.description, isLast: isLast))
        sendHeld()
    }

    /// The connection has ended, or nothing good can come of it.
    /// Whoever waits for a reply hears why none comes; who asks later hears that the dialogue is over.
    func broken(_ why: SMTPClientReply.Failure, _ reason: String) {
        guard let client else { return }
        if why == .closed, replace() { return }
        client.dialogue = nil
        end(SMTPClientReply(why, reason, from: client.key.address.description))
        client.close(reason)
    }

    /// The server owes a reply, or the plugin a command: a plugin that forgets its dialogue must not hold a connection,
    /// and its place at the server, for ever.
    func timedOut() {
        guard !isAwaiting, let client else { return broken(.timedOut, "no reply in time") }
        finish()
        client.owner = nil
        // After 354 QUIT would be taken for the first line of a message.
        if lastCode == 354 { client.close("nothing was sent over it in time") } else { client.quit() }
    }

    /// A kept connection was none any more: a new one, and nobody need know.
    /// Only if nothing of this dialogue was said on it, and no message is on its way: then a new connection is as good.
    private func replace() -> Bool {
        guard isKept, !hasHeard, case .open = state, let client, !awaited.contains(where: { $0.kind == .message })
        else {
            return false
        }
        client.dialogue = nil
        client.owner = nil
        client.close("closed while it was kept")
        self.client = nil
        if !orders.isEmpty { orders[0].isFresh = true }
        begin()
        return true
    }

    func messageIsSent() { isSending = false }
}
