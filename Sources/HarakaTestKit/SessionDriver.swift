// Runs a session in memory: the client's bytes in, the server's bytes out, plugins by script. No socket, no clock.

public import HarakaCore
public import SMTPSyntax

/// Drives a `SessionMachine` as the network room does. One thread.
public final class SessionDriver {
    public let connection: Connection
    public var plugins = ScriptedPlugins() {
        didSet {
            machine.heard = HookSet.haraka.union(plugins.heard)
            twin?.plugins = plugins
        }
    }
    /// The hooks that were asked, in order.
    public private(set) var asked: [String] = []
    /// What the system's lookup of the client's name gives; nil: it takes its time.
    public var clientName: String? = "client.example.net"
    /// The message cannot be stored.
    public var storageFailure: String?
    /// There is a queue for what clients may relay.
    public var hasQueue = false {
        didSet {
            machine.hasQueue = hasQueue
            twin?.hasQueue = hasQueue
        }
    }
    /// What the queue says; nil: the message is safe on disk.
    public var queueFailure: Reply? { didSet { twin?.queueFailure = queueFailure } }
    /// How many messages the queue was given.
    public private(set) var stored = 0
    /// The message has more MIME parts than are allowed.
    public var hasTooManyParts = false
    public var hidesParts = false
    /// What the core would write in the Received field.
    public static let receivedLine = "from client.example.net by mx.example.com"
    /// The message of the last DATA.
    public private(set) var message: RecordedMessage?
    /// The socket is closed.
    public private(set) var isClosed = false
    /// Replies that were sent.
    public private(set) var replies: [Reply] = []
    /// Bytes sent to the client and not yet taken by the test.
    var output: [UInt8] = []
    var machine: SessionMachine
    var input: [UInt8] = []
    var lines: LineDecoder
    var reception: Reception?
    let bareNewline: BareNewlinePolicy
    /// The same session with enhanced status codes.
    let twin: SessionDriver?
    /// What went out, reply by reply, since the twin was compared.
    var sent: [SentReply] = []
    var lastReplySeen = Reply(0, "")
    var awaited = Awaited.banner

    /// What the client waits for: two kinds of replies have no status.
    enum Awaited { case banner, hello, other }

    var run: ScriptedRun?
    var isResolving = false

    /// - Parameters:
    ///   - remote: the client's address; "" is a unix socket
    ///   - port: our port
    public init(
        _ settings: SessionSettings = .test, remote ip: String = "192.0.2.7", port: Int = 25,
        bareNewline: BareNewlinePolicy = .reject
    ) {
        var remote = Connection.Endpoint()
        remote.ip = ip
        remote.port = 34567
        var local = Connection.Endpoint()
        local.host = "mx.example.com"
        local.ip = "192.0.2.1"
        local.port = port
        connection = Connection(
            uuid: "0A1B2C3D-0000-4000-8000-000000000001", startTime: 0, remote: remote, local: local,
            localAddresses: [])
        machine = SessionMachine(connection: connection, settings: settings)
        machine.heard = .haraka
        lines = LineDecoder(limit: 512, bareNewline: bareNewline)
        self.bareNewline = bareNewline
        var coded = settings
        coded.sendsEnhancedCodes = true
        twin =
            settings.sendsEnhancedCodes
            ? nil : SessionDriver(coded, remote: ip, port: port, bareNewline: bareNewline)
    }

    /// A session that has heard the banner and said EHLO.
    public static func greeted(
        _ settings: SessionSettings = .test, remote ip: String = "192.0.2.7", port: Int = 25
    ) -> SessionDriver {
        let driver = SessionDriver(settings, remote: ip, port: port)
        driver.connect()
        driver.say("EHLO client.example.net")
        driver.forget()
        return driver
    }

    /// A greeted session with a sender and one accepted recipient.
    public static func addressed(_ settings: SessionSettings = .test) -> SessionDriver {
        let driver = greeted(settings)
        driver.plugins.add(.now(Verdict(.ok)), to: "rcpt")
        driver.say("MAIL FROM:<a@example.com>")
        driver.say("RCPT TO:<b@example.net>")
        driver.forget()
        return driver
    }

    /// Sends one line.
    public func say(_ line: String) { send(Array(line.utf8) + [13, 10]) }

    /// What was said and asked so far is of no interest.
    public func forget() {
        output = []
        asked = []
        replies = []
        sent = []
        twin?.forget()
    }

    /// The hook that a handler is thinking about.
    public var thinking: String? { run?.question.hookName }

    /// What that handler was asked.
    public var question: Question? { run?.question }

    // MARK: actions

    func perform(_ first: SessionAction) {
        var action = first
        while let next = carryOut(action) { action = next }
    }

    /// Nil: the machine has to wait.
    private func carryOut(_ action: SessionAction) -> SessionAction? {
        switch action {
        case .ask(let question): return ask(question)
        case .send(let reply, let then):
            put(reply)
            return go(on: then)
        case .proceed(let then): return go(on: then)
        case .store:
            stored += 1
            return machine.stored(queueFailure)
        case .resolveName:
            guard let clientName else {
                isResolving = true
                return nil
            }
            return machine.nameResolved(clientName)
        case .close:
            isClosed = true
            return nil
        case .wait: return nil
        }
    }

    func put(_ reply: Reply) {
        replies.append(reply)
        var bytes: [UInt8] = []
        reply.encode(into: { bytes += $0 })
        output += bytes
        // The banner is 220; whoever is turned away instead of it is told why.
        let isBanner = awaited == .banner && reply.code == 220
        sent.append(SentReply(bytes: bytes, isBare: isBanner || awaited == .hello))
        awaited = .other
    }

    private func ask(_ question: Question) -> SessionAction? {
        asked.append(question.hookName)
        if question == .connect { awaited = .banner }
        prepare(question)
        var current = ScriptedRun(question, &plugins)
        let verdict = current.start()
        note(current)
        if let verdict { return machine.hooksCompleted(verdict) }
        run = current
        return nil
    }

    func note(_ run: ScriptedRun) {
        if run.denialsAsked > 0, asked.last != Hook.deny.name { asked.append(Hook.deny.name) }
        if run.listenersAsked > 0, asked.last != Hook.ok.name { asked.append(Hook.ok.name) }
    }

    /// What the network room does before it asks.
    private func prepare(_ question: Question) {
        switch question {
        case .receivedLine: connection.transaction?.receivedLine = SessionDriver.receivedLine
        case .data:
            let begun = RecordedMessage()
            message = begun
            connection.transaction?.begin(begun)
        default: break
        }
    }

    private func go(on then: SessionAction.Then) -> SessionAction? {
        switch then {
        case .read: return nil
        case .resume: return machine.replySent()
        case .receiveMessage:
            reception = Reception(bareNewline)
            return nil
        case .receiveMore: return nil
        case .disconnect:
            reception = nil
            return machine.disconnect()
        }
    }
}
