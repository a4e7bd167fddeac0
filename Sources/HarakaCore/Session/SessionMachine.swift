// The server's side of one SMTP session. RFC 5321 sections 3 and 4; Haraka's hooks and replies: docs/hooks.md.

import SMTPSyntax

/// The server's session as a machine: it is told what happened and says what to do; it touches no socket, clock or log.
///
/// Each command goes through three steps: **check** (is it legal now?), **ask** (plugins), **do** (change the record,
/// reply). While a question is open the driver delivers no further line. The file `SessionMachine+<verb>` holds what
/// belongs to a verb. The record (`Connection`) is a reference because plugins read it while the machine waits.
public struct SessionMachine: ~Copyable {
    enum State {
        case new
        case asking(Question)
        case resolvingName
        case ready
        /// A reply is being sent; then this.
        case resuming(Step)
        /// The same, and the reply is sent again first.
        case repeating(Step)
        case receivingMessage
        /// The message is on its way into the queue.
        case storing
        /// Every line but QUIT gets this reply (Haraka's LOOP).
        case looping(Reply)
        case closed
    }

    /// What follows when a reply was sent or a transaction was reset.
    enum Step {
        case read
        case reset(Reset)
        case disconnect
    }

    /// What follows a reset.
    enum Reset {
        case read
        case hello(Connection.HelloVerb, String)
        case mail(PathArguments)
        /// A new session on the same connection; does it keep the client's name?
        case session(keepsName: Bool)
        case disconnect
    }

    public let connection: Connection
    public let settings: SessionSettings
    var state = State.new
    /// What to do once the running reset_transaction hook is through.
    var afterReset = Reset.read
    /// What of qpsmtpd's hooks anybody listens to: the others are not asked. Haraka's own are asked anyway.
    public var heard = HookSet.all
    /// `data_headers_end` was asked about the message that comes in.
    var hasAskedHeader = false
    /// A refusal by `data_headers_end`, kept until the final dot.
    var headerRefusal: Verdict?
    /// How `queue` ended, until `queue_post` is asked.
    var queueEnd: (code: HookCode, text: String)?
    /// Why no mail is taken at the moment, in words for the client; nil: it is. RFC 5321 section 4.5.3.1.10's 452.
    public var pressure: String?
    /// There is a queue for what clients may relay.
    public var hasQueue = false
    /// `connected` was called: only then are there plugins to be told of the end.
    var hasBegun = false
    /// TLS has begun in the midst of a command: what was said in the clear is dropped when the command is over.
    var owesReset = false
    /// After a handshake the client speaks first, which may be before the plugin has answered.
    var mayGreet = false
    /// A plugin wants a new session on this connection; does it keep the client's name?
    var restart: Bool?
    /// The next reply is one without an enhanced status: the banner, or that to HELO, EHLO or LHLO (RFC 2034 section 4).
    var omitsStatus = false
    /// LMTP: how many replies the client still waits for after the final dot (RFC 2033 section 4.2).
    var finalReplies = 0
    /// How often the current command was handed to another hook (NEXT_HOOK); guards against circles.
    var hookHops = 0

    public init(connection: Connection, settings: SessionSettings) {
        self.connection = connection
        self.settings = settings
    }

    /// The session is waiting for a command line.
    public var awaitsCommand: Bool {
        switch state {
        case .ready, .looping: true
        default: false
        }
    }

    /// The question that plugins are thinking about.
    public var question: Question? {
        if case .asking(let question) = state { return question }
        return nil
    }

    public var isClosed: Bool {
        if case .closed = state { return true }
        return false
    }

    /// The disconnect has begun: what arrives now is not read.
    public var isDisconnecting: Bool { connection.state == .disconnecting || connection.state == .disconnected }

    mutating func ask(_ question: Question) -> SessionAction {
        state = .asking(question)
        return .ask(question)
    }

    /// Sends `reply`, then does `step`.
    mutating func send(_ reply: Reply, then step: Step = .read) -> SessionAction {
        let reply = note(reply)
        omitsStatus = false
        return say(reply, then: step)
    }

    mutating func say(_ reply: Reply, then step: Step) -> SessionAction {
        if finalReplies > 0 {
            finalReplies -= 1
            if finalReplies > 0 {
                state = .repeating(step)
                return .send(reply, .resume)
            }
        }
        switch step {
        case .read:
            guard !owesReset else { return say(reply, then: .reset(.read)) }
            state = .ready
            return .send(reply, .read)
        case .reset:
            state = .resuming(step)
            return .send(reply, .resume)
        case .disconnect:
            state = .resuming(step)
            return .send(reply, .disconnect)
        }
    }

    /// The plugin has answered by itself, or nothing is to be said.
    mutating func proceed(_ step: Step = .read) -> SessionAction {
        switch step {
        case .read:
            omitsStatus = false
            guard !owesReset else { return resetTransaction(then: .read) }
            state = .ready
            return .proceed(.read)
        case .reset(let reset): return resetTransaction(then: reset)
        case .disconnect:
            state = .resuming(step)
            return .proceed(.disconnect)
        }
    }

    /// Carries out a refusal: the code and words of the plugin, or the hook's own. `step` follows unless the code says
    /// that the client must go.
    mutating func refuse(_ verdict: Verdict, _ hard: (Int, String), _ soft: (Int, String), then step: Step = .read)
        -> SessionAction
    {
        let own = verdict.code.isTemporary ? soft : hard
        let reply = verdict.reply.refusal(own.0, own.1)
        return send(reply, then: verdict.code.disconnects ? .disconnect : step)
    }

    /// A reply was sent whose `Then` was `.resume`.
    public mutating func replySent() -> SessionAction {
        switch state {
        case .resuming(let step): return proceed(step)
        case .repeating(let step): return say(connection.lastReply, then: step)
        default: return .wait
        }
    }

    /// The plugins have decided.
    public mutating func hooksCompleted(_ verdict: Verdict) -> SessionAction {
        guard case .asking(let question) = state else { return .wait }
        if let early = endsEarly(verdict, question) { return early }
        switch question {
        case .preConnection: return preConnectionDecided(verdict)
        case .connectInit: return ask(.lookupRDNS)
        case .lookupRDNS: return nameDecided(verdict)
        case .connect: return connectDecided(verdict)
        case .heloParse(_, let rest): return helloParsed(verdict, .helo, rest)
        case .ehloParse(_, let rest): return helloParsed(verdict, settings.isLMTP ? .lhlo : .ehlo, rest)
        case .helo, .ehlo: return helloDecided(verdict)
        case .capabilities: return capabilitiesCollected()
        case .mailParse(_, let rest): return pathParsed(verdict, .mail, rest)
        case .mailPre(let path): return pathPrepared(verdict, .mail, path)
        case .mail(let path): return mailDecided(verdict, path)
        case .rcptParse(_, let rest): return pathParsed(verdict, .rcpt, rest)
        case .rcptPre(let path): return pathPrepared(verdict, .rcpt, path)
        case .rcpt(let path): return rcptDecided(verdict, path)
        case .rcptOK(let path): return rcptOKDecided(verdict, path)
        case .receivedLine: return receivedLineDecided(verdict)
        case .data: return dataDecided(verdict)
        case .dataHeadersEnd: return headerDecided(verdict)
        case .maxDataExceeded: return maxDataExceededDecided(verdict)
        case .dataPostHeaders: return judged(verdict) ?? askDataPost()
        case .dataPost: return judged(verdict) ?? askQueuePre()
        case .queuePre: return queuePreDecided(verdict)
        case .queueOutbound where verdict.code == .cont && hasQueue: return queueOurselves()
        case .queue, .queueOutbound: return queueDecided(verdict)
        case .queueOK(let text): return queueReported(text)
        case .queuePost: return goOnAfterReset()
        case .resetTransaction: return transactionReset()
        case .vrfy: return vrfyDecided(verdict)
        case .noop: return noopDecided(verdict)
        case .help: return helpDecided(verdict)
        case .rset: return send(Reply(250, "OK", status: .init(2, 0, 0)), then: .reset(.read))
        case .quit: return quitDecided()
        case .disconnect: return disconnected()
        case .postConnection: return closed()
        case .unrecognizedCommand(let word, let rest), .named(_, let word, let rest):
            return unrecognizedDecided(verdict, word, rest)
        // Plugins ask it, and the answer is theirs.
        case .custom: return proceed()
        case .preSendTransEmail: return store()
        }
    }
}
