// An engine over a real folder, with plugins that are a closure.

import Glibc
import HarakaCore
import HarakaDNS
import HarakaPluginHost
import HarakaQueue
import HarakaTLS
import NIOCore
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaNet
@testable import HarakaSpool

/// Stands for all plugins. On the loop.
final class Answers: OutboundAsker, Sendable {
    typealias Answer = @Sendable (OutboundQuestion, HMail) -> Verdict?

    private let kept = Mutex<[String]>([])
    private let answer: Answer
    private let unanswered = Mutex<(@Sendable (@escaping () -> Void) -> Void)?>(nil)
    /// Where get_mx leads, unless somebody says otherwise.
    private let route: String

    /// - Parameter answer: nil: none ever comes
    init(route: String, _ answer: @escaping Answer) { (self.route, self.answer) = (route, answer) }

    func isHeard(_ hook: Hook) -> Bool { true }

    /// Gets what answers a question with CONT that was left without an answer.
    func whenUnanswered(_ held: @escaping @Sendable (@escaping () -> Void) -> Void) {
        unanswered.withLock { $0 = held }
    }

    /// Hooks in order, with the mail's uuid.
    var heard: [String] { kept.withLock { $0 } }

    func count(_ hook: Hook) -> Int { heard.filter { $0.hasPrefix("\(hook.name) ") }.count }

    func ask(_ question: OutboundQuestion, about mail: HMail, _ done: @escaping (Verdict) -> Void) {
        kept.withLock { $0.append("\(question.hook.name) \(mail.uuid)") }
        guard let verdict = answer(question, mail) else {
            unanswered.withLock { $0 }?({ done(.cont) })
            return
        }
        if case .getMX = question, verdict == .cont { return done(Verdict(.ok, PluginReply(route))) }
        done(verdict)
    }

    func askAlone(
        _ question: Question, _ connection: Connection, _ transaction: Transaction, _ done: @escaping (Verdict) -> Void
    ) {
        kept.withLock { $0.append("\(question.hook?.name ?? "") \(transaction.uuid)") }
        done(.cont)
    }
}

/// One delivery worker's share of the server.
final class EngineBench: @unchecked Sendable {
    let bench: OutboundBench
    let scratch: Scratch
    let folder: QueueFolder
    let answers: Answers
    let log = Diary()
    let disk = DiskFaults()
    private let writers = QueueWriters(threads: 1)
    private(set) var outbox: Outbox
    private(set) var engine: OutboundEngine

    /// Not started yet.
    convenience init(
        _ server: OutboundServer?, in scratch: Scratch = Scratch(),
        on answer: @escaping Answers.Answer = { _, _ in .cont }
    ) async throws {
        try await self.init(server, in: scratch, { _ in }, on: answer)
    }

    init(
        _ server: OutboundServer?, in scratch: Scratch = Scratch(), _ change: (inout OutboundSettings) -> Void,
        on answer: @escaping Answers.Answer = { _, _ in .cont }
    ) async throws {
        let bench = try OutboundBench { change(&$0) }
        (self.bench, self.scratch) = (bench, scratch)
        folder = try QueueFolder(scratch.path, .init(), disk.calls)
        answers = Answers(route: "127.0.0.1:\(server?.port ?? 1)", answer)
        var settings = EngineSettings(tls: try ClientTLS(ClientTLSSettings()))
        settings.hostName = "me.example.org"
        settings.outbound = bench.deliverer.settings
        let given = settings
        let (folder, writers, log, answers) = (folder, writers, log, answers)
        nonisolated(unsafe) var made: (Outbox, OutboundEngine)?
        let _: Bool? = await bench.ask { answer in
            let loop = bench.loop.eventLoop
            let outbox = Outbox(
                folder, writers: writers, loop: loop, log: log, hostName: "me.example.org", receivedText: nil)
            let engine = OutboundEngine(
                outbox, bench.deliverer, host: answers, resolver: HarakaDNS.Resolver(Names.settings, loop: loop),
                loop: bench.loop, settings: given)
            engine.clerk.pause = .milliseconds(10)
            made = (outbox, engine)
            answer(true)
        }
        (outbox, engine) = try #require(made)
    }

    func started() async throws -> EngineBench {
        await run { $0.start() }
        #expect(try await eventually { $0.look.hasEnded && $0.look.isQuiet })
        return self
    }

    func run(_ work: @escaping @Sendable (OutboundEngine) -> Void) async {
        let _: Bool? = await bench.ask { answer in
            work(self.engine)
            answer(true)
        }
    }

    func read<Value: Sendable>(_ get: @escaping @Sendable (OutboundEngine) -> Value) async throws -> Value {
        try #require(await bench.ask { $0(get(self.engine)) } as Value?)
    }

    /// See ``OutboundBench/eventually(_:)``.
    func eventually(_ isSo: @escaping @Sendable (OutboundEngine) -> Bool) async throws -> Bool {
        try await bench.eventually { _ in isSo(self.engine) }
    }

    static let text = "Subject: hello\r\n\r\nhello\r\n"

    static func mail(_ uuid: String, from: Address, to users: [String]) -> QueuedMail {
        QueuedMail(
            uuid: uuid, queueTime: ServerContext.milliseconds(), from: from,
            to: users.map { QueuedRecipient(Address(user: $0, host: "example.com")) })
    }

    /// Queues a mail. nil: it is on disk.
    @discardableResult
    func store(
        _ uuid: String, from: Address = Address(user: "me", host: "example.org"), to users: String...,
        text: String = EngineBench.text
    ) async throws -> String? {
        let mail = EngineBench.mail(uuid, from: from, to: users)
        return try #require(
            await bench.ask { answer in
                self.outbox.store(mail, TestMessage(text)) { answer($0.map { "\($0)" }) }
            } as String??)
    }

    /// As an administrator does it.
    func act(_ action: HarakaPluginHost.QueueAction) async throws -> Int {
        try #require(await bench.ask { answer in self.engine.act(action, QueueFilter()) { answer($0) } } as Int?)
    }

    /// What the file says of its recipients.
    func states(_ uuid: String) throws -> RecipientStates { try folder.open(uuid).states }

    /// Nobody waits, nothing is under way, and every file is gone.
    func isEmpty() async throws -> Bool {
        try await eventually { [scratch] in
            $0.stats.messages == 0 && $0.underWay.isEmpty && $0.look.isQuiet && scratch.names.isEmpty
        }
    }

    /// `limit`: for what is under way.
    func stop(within limit: TimeAmount = .zero) async {
        let _: Bool? = await bench.ask { answer in self.engine.stop(within: limit) { answer(true) } }
        await bench.stop()
        writers.finish()
    }
}
