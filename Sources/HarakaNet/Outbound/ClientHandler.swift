// A connection to another server: bytes in, bytes out; the machine decides. docs/outbound.md "Connections and TLS".

import HarakaCore
import HarakaPluginHost
import HarakaTLS
import NIOCore
import SMTPSyntax

/// Who has the connection at the moment. On the loop.
protocol ClientOwner: AnyObject {
    /// Greeting, EHLO, STARTTLS and AUTH are done: commands may follow.
    func clientIsReady(_ client: ClientHandler)
    /// It came to nothing before a message began; nothing more is heard of it.
    func client(_ client: ClientHandler, refused failure: ClientFailure)
    /// How the message went. The connection has been given back already.
    func client(_ client: ClientHandler, done outcome: ClientOutcome)
}

/// Drives a `ClientMachine` on a channel. Made before the channel is; on the loop.
///
/// A message goes out as fast as the server takes it: a piece is read when the last one has left, so that no more of it
/// than two pieces are ever in memory.
///
/// States, beside the machine's own: being connected (no `context`), the machine's (`owner` set), a plugin's
/// (`dialogue` set; the machine rests in `idle`), kept (neither), quitting, closed. The pool and the owner move it
/// between them; the channel's end is the last of all, whoever wanted it, and is told once, by `finish`.
final class ClientHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let key: ClientKey
    let pool: ClientPool
    var machine: ClientMachine
    var limits: ClientPace
    private var decoder = ReplyDecoder()
    private(set) var context: ChannelHandlerContext?
    /// nil: it is kept, or is on its way out.
    weak var owner: (any ClientOwner)?
    /// Commands that a plugin gives by itself; the machine waits meanwhile.
    var dialogue: ClientDialogue?
    /// What is under way: there while the machine has it.
    var sending: ClientSending?
    var envelope: ClientEnvelope?
    /// A large message that is on its way.
    var flow: MessageFlow?
    /// Told when the machine is ready again, which follows at once.
    var outcome: ClientOutcome?
    /// For log lines.
    var uuid = "-"
    /// Messages that have begun on it.
    var messages = 0
    /// Under what it is kept at the moment; nil: it is not.
    var keptAs: ClientKey?
    /// A message is under way, or a dialogue.
    var isBusy = true
    private(set) var isClosed = false
    var isQuitting = false
    /// There, once a handshake has begun.
    var tls: TLSHandler?
    var hasKeptSession = false
    private(set) var facts: TLSFacts?
    /// Why there is no TLS although it was begun.
    private(set) var tlsFailure: String?
    /// For who holds a dialogue: what came last, and how it ends.
    private(set) var lastReply = Reply(250, "OK")
    var ending = SMTPClientReply.Failure.failed
    /// A fault of ours, which the server cannot know of.
    var ownFailure: ClientFailure?
    /// What is to be sent together.
    var output: ByteBuffer?
    /// See ``armTimer()``: when the task runs, and when the limit is over, which may be later.
    var timer: Scheduled<Void>?
    var timerEnd = NIODeadline.distantFuture
    var deadline = NIODeadline.distantFuture

    init(_ key: ClientKey, _ settings: ClientSettings, _ limits: ClientPace, pool: ClientPool, owner: any ClientOwner) {
        self.key = key
        self.pool = pool
        self.limits = limits
        self.owner = owner
        machine = ClientMachine(settings)
    }

    var isLogging: Bool { pool.log.isEnabled(7) }

    // MARK: the channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Of a connection that never was one nothing else is heard.
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) { armTimer() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Several replies may come together, and the first may close the connection, or change who hears the next.
        var bytes = unwrapInboundIn(data)
        var hasHeard = false
        while bytes.readableBytes > 0, !isClosed {
            let (consumed, event) = bytes.withUnsafeReadableBytes { decoder.next($0) }
            bytes.moveReaderIndex(forwardBy: consumed)
            switch event {
            case .reply(let reply): received(reply, isLast: bytes.readableBytes == 0)
            case .malformed(let line): malformed(line)
            case nil: continue
            }
            hasHeard = true
        }
        flush()
        // Half a reply is none: a server that gives it byte by byte has no longer for it.
        if hasHeard { armTimer() }
    }

    private func received(_ reply: Reply, isLast: Bool) {
        if isLogging { show("S: \(reply)") }
        lastReply = reply
        // The machine would take it for an answer to something of its own.
        if let dialogue { return dialogue.received(reply) }
        // A 421 that is on its way to a connection that is taken into use at this moment is the stale case of the
        // machine's.
        // Who speaks without being asked is about to close.
        if !isBusy { pool.notIdle(self) }
        perform(machine.received(reply, isLast: isLast))
    }

    private func malformed(_ line: MalformedReply) {
        if let dialogue { return dialogue.broken(.failed, line.text) }
        perform(machine.malformed(line))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? TLSEvent {
        case .established(let facts):
            self.facts = facts
            if isLogging { show("TLS: \(facts.version) \(facts.cipher) verified=\(facts.isVerified)") }
            perform(machine.tlsEstablished(bindings))
            flush()
            armTimer()
        // Kept, for the failure that the machine makes of it looks like any other.
        case .failed(let reason):
            tlsFailure = reason
            perform(machine.tlsFailed(reason))
        case nil: context.fireUserInboundEventTriggered(event)
        }
    }

    /// For SCRAM, the best first. OpenSSL has one for TLS 1.3 and most of 1.2.
    private var bindings: [ClientChannelBinding] {
        ["tls-exporter", "tls-server-end-point"].compactMap { name in
            tls?.channelBinding(name).map { ClientChannelBinding(name: name, data: $0) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end("\(ConnectFailure(error, limit: limits.connect))")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Nothing before has explained the end: it was the server's wish.
        if ending == .failed, tlsFailure == nil { ending = .closed }
        end(nil)
        finish()
    }

    /// Nothing more comes. What the machine says to that is heard, but nothing is sent.
    private func end(_ reason: String?) {
        guard !isClosed else { return }
        isClosed = true
        timer?.cancel()
        timer = nil
        // First the dialogue, which may want a new connection, then the machine, which has nothing to say to that.
        if let dialogue { dialogue.broken(.closed, reason ?? "the server has closed the connection") }
        perform(machine.closed(reason ?? ""))
    }

    private func finish() {
        // Everything that could hold the message, or somebody who holds us.
        context = nil
        output = nil
        (sending, envelope, flow, dialogue) = (nil, nil, nil, nil)
        pool.closed(self)
    }

    // MARK: what its owner wants

    /// After ``ClientOwner/clientIsReady(_:)``.
    /// The connection is the caller's until he is told how it went. What the machine cannot send to such a server comes
    /// back at once, as an outcome.
    func begin(_ envelope: ClientEnvelope, _ sending: ClientSending) {
        (self.sending, self.envelope) = (sending, envelope)
        messages += 1
        isBusy = true
        perform(machine.begin(envelope))
        flush()
        armTimer()
    }

    /// The polite end of one that nobody uses.
    func quit() {
        guard !isClosed, !isQuitting else { return }
        isQuitting = true
        owner = nil
        perform(machine.quit())
        flush()
        armTimer()
    }

    /// For who has given up waiting: not even QUIT, which a server that takes nothing would not take either.
    /// The end at once.
    func abort() {
        context?.close(promise: nil)
    }
}
