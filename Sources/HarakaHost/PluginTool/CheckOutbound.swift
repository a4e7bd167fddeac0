// The queue and other servers for `plugin check`: every kind of answer that there is, in turn.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// Takes mails, refuses them for now, does not answer. On the loop's thread.
final class CheckOutbound: PluginOutbound {
    private let loop: CheckLoop
    private let resolver: CheckResolver
    private var count = 0

    /// - Parameter resolver: when it is silent, the queue is too
    init(_ loop: CheckLoop, _ resolver: CheckResolver) {
        self.loop = loop
        self.resolver = resolver
    }

    func send(_ mail: PluginMail, _ done: @escaping (Verdict) -> Void) { decide(done) }
    func sendTransaction(_ transaction: Transaction, _ connection: Connection?, _ done: @escaping (Verdict) -> Void) {
        decide(done)
    }

    private func decide(_ done: @escaping (Verdict) -> Void) {
        let isRefused = next() % 3 == 2
        let words = isRefused ? "Queue error" : "Message Queued (0A1B2C3D-0000-4000-8000-00000000000\(count % 10).1)"
        later { done(Verdict(isRefused ? .denySoft : .ok, PluginReply(words))) }
    }

    func stats(_ done: @escaping (Result<QueueFigures, PluginQueueFailure>) -> Void) {
        var figures = QueueFigures()
        figures.waiting = 1
        figures.messages = 1
        figures.recipients = 2
        figures.bytes = 1000
        answer(figures, done)
    }

    func list(_ query: QueueQuery, _ done: @escaping (Result<[QueueEntry], PluginQueueFailure>) -> Void) {
        var entry = QueueEntry()
        entry.file = "0A1B2C3D-0000-4000-8000-000000000000.1"
        entry.uuid = "\(entry.file).1"
        entry.queueTime = 1000
        entry.domain = "example.net"
        entry.to = [Address(user: "someone", host: "example.net")]
        entry.size = 1000
        entry.error = "connection refused"
        answer(next() % 2 == 0 ? [] : [entry], done)
    }

    func act(
        _ action: HarakaPluginHost.QueueAction, _ query: QueueQuery,
        _ done: @escaping (Result<Int, PluginQueueFailure>) -> Void
    ) { answer(1, done) }

    private func answer<Answer: Sendable>(
        _ answer: Answer, _ done: @escaping (Result<Answer, PluginQueueFailure>) -> Void
    ) {
        let fails = next() % 3 == 2
        later { done(fails ? .failure(.timedOut) : .success(answer)) }
    }

    private func next() -> Int {
        count += 1
        return count
    }

    private func later(_ work: @escaping () -> Void) {
        guard !resolver.isSilent else { return }
        nonisolated(unsafe) let work = work
        _ = loop.schedule(after: 1) { work() }
    }
}

/// Servers that take mail, do not want it, close, or say nothing. On the loop's thread.
final class CheckServers: PluginSMTPClients {
    private let loop: CheckLoop
    private let resolver: CheckResolver
    private var count = 0

    init(_ loop: CheckLoop, _ resolver: CheckResolver) {
        self.loop = loop
        self.resolver = resolver
    }

    func open(
        _ options: SMTPClientOptions, for connection: Connection?, _ then: @escaping (SMTPClientReply) -> Void
    ) -> (any PluginSMTPClient)? {
        count += 1
        let kind = CheckServer.Kind.allCases[count % CheckServer.Kind.allCases.count]
        return CheckServer(kind, options.isLMTP, loop, isSilent: resolver.isSilent, then)
    }
}

/// One of them.
private final class CheckServer: PluginSMTPClient {
    enum Kind: CaseIterable { case friendly, busy, strict, absent, fragile }

    let capabilities = ["PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8"]
    private let kind: Kind
    private let isLMTP: Bool
    private let isSilent: Bool
    private let loop: CheckLoop
    private var recipients = 0
    private var isOver = false
    private static let name = "mx.example.net:25"

    init(_ kind: Kind, _ isLMTP: Bool, _ loop: CheckLoop, isSilent: Bool, _ then: @escaping (SMTPClientReply) -> Void) {
        self.kind = kind
        self.isLMTP = isLMTP
        self.loop = loop
        self.isSilent = isSilent
        switch kind {
        case .absent: tell(SMTPClientReply(.failed, "Connection refused", from: Self.name), then)
        case .busy: say(421, "too busy", then)
        default: say(250, "mx.example.net", then)
        }
    }

    func command(_ line: [UInt8], _ then: @escaping (SMTPClientReply) -> Void) {
        let isData = line.prefix(4).elementsEqual("DATA".utf8)
        if kind == .fragile, isData { return tell(SMTPClientReply(.closed, "closed", from: Self.name), then) }
        isData ? say(354, "go ahead", then) : say(250, "ok", then)
    }
    func mail(_ from: Address, _ transaction: Transaction?, _ then: @escaping (SMTPClientReply) -> Void) {
        say(250, "2.1.0 ok", then)
    }
    func rcpt(_ to: Address, _ then: @escaping (SMTPClientReply) -> Void) {
        guard kind != .strict else { return say(550, "5.1.1 nobody of that name", then) }
        recipients += 1
        say(250, "2.1.5 ok", then)
    }
    func message(_ message: any MessageView, _ then: @escaping (SMTPClientReply) -> Void) {
        let replies = isLMTP ? max(1, recipients) : 1
        for number in 1...replies { say(250, "2.0.0 queued", isLast: number == replies, then) }
    }
    func release() { isOver = true }
    func abort() { isOver = true }

    private func say(_ code: Int, _ text: String, isLast: Bool = true, _ then: @escaping (SMTPClientReply) -> Void) {
        tell(SMTPClientReply(Reply(code, text), from: Self.name, isLast: isLast), then)
    }

    private func tell(_ reply: SMTPClientReply, _ then: @escaping (SMTPClientReply) -> Void) {
        guard !isSilent else { return }
        nonisolated(unsafe) let (server, then) = (self, then)
        _ = loop.schedule(after: 1) { if !server.isOver { then(reply) } }
    }
}
