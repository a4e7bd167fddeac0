// A dialogue that a plugin holds by itself, over a connection of the pool. plugin.h "smtp_client/1".

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// Greeting, EHLO, STARTTLS and AUTH are the machine's; from then on commands come from the plugin, and each reply goes
/// to whoever has asked. On the loop.
///
/// A kept connection that the server has closed meanwhile is replaced without a word, as long as nothing was answered
/// on it.
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
        guard case .opening(let then) = state else { return replay() }
        state = .open
        then(SMTPClientReply(client.lastReply, from: client.key.address.description))
    }

    /// The connection is another one; what was asked is asked again.
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
        if !orders.isEmpty { orders.removeFirst() }
        if failure.mayTryNextHost { begin() } else { end(lastFailure) }
    }

    /// The machine has no message of its own here.
    func client(_ client: ClientHandler, done outcome: ClientOutcome) {}

    /// Everybody who waits is told, in order.
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
    var isAwaiting: Bool {
        if case .releasing = state { return true }
        return !awaited.isEmpty
    }

    func received(_ reply: Reply) {
        lastCode = reply.code
        if case .releasing = state { return released(reply) }
        if reply.code == 421, replace() { return }
        hasHeard = true
        guard let command = awaited.first, let client else {
            return broken(.failed, "the server speaks without being asked: \(reply.code)")
        }
        let isLast = command.kind != .message || lmtpLeft <= 1
        if command.kind == .recipient, reply.code / 100 == 2 { accepted += 1 }
        if isLast { awaited.removeFirst() } else { lmtpLeft -= 1 }
        command.then(SMTPClientReply(reply, from: client.key.address.description, isLast: isLast))
        sendHeld()
    }

    /// The connection has ended, or nothing good can come of it.
    func broken(_ why: SMTPClientReply.Failure, _ reason: String) {
        guard let client else { return }
        if why == .closed, replace() { return }
        client.dialogue = nil
        end(SMTPClientReply(why, reason, from: client.key.address.description))
        client.close(reason)
    }

    /// A kept connection was none any more: a new one, and nobody need know.
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
