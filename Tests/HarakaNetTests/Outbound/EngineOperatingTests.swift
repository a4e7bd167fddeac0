// An administrator's hand in the queue, also while a mail is under way.

import HarakaCore
import HarakaPluginHost
import HarakaQueue
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet
@testable import HarakaSpool

@Suite("The engine: operating", .serialized)
struct EngineOperatingTests {
    /// An engine with a mail that is under way, whose server is about to say `reply` to the message.
    ///
    /// The hook send_email holds it, until the test lets it go on.
    private final class Held: @unchecked Sendable {
        private var go: (() -> Void)?
        let server: OutboundServer
        private(set) var engine: EngineBench

        init(_ reply: String) async throws {
            server = try await OutboundServer { number in
                Behaviour { if number == 1 { $0.acts["MAIL"] = .reply(reply) } }
            }
            engine = try await EngineBench(server, { $0.connections.idle = 0 }) { question, _ in
                question == .sendEmail ? nil : .cont
            }.started()
            engine.answers.whenUnanswered { self.go = $0 }
            try await engine.store("U1", from: .null, to: "a")
            #expect(try await engine.eventually { _ in self.go != nil })
        }

        func goOn() async {
            await engine.run { _ in
                let go = self.go
                self.go = nil
                go?()
            }
        }

        func stop() async {
            await engine.stop()
            await server.stop()
        }

        var state: QueueRow.State? {
            get async throws { try await engine.read { $0.list(QueueFilter()).first?.state } as QueueRow.State? }
        }
    }

    @Test("flush begins at once what was put off, and hold does not let it")
    func flush() async throws {
        let server = try await OutboundServer { number in
            Behaviour { if number == 1 { $0.acts["MAIL"] = .reply("451 4.3.0 later") } }
        }
        let engine = try await EngineBench(server, { $0.connections.idle = 0 }).started()
        try await engine.store("U1", from: .null, to: "a")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(try await engine.act(.hold) == 1)
        #expect(try engine.states("U1").isHeld)
        #expect(try await engine.act(.retry) == 0)
        #expect(try await engine.read { $0.underWay.isEmpty && $0.stats.held == 1 })
        #expect(try await engine.act(.release) == 1)
        #expect(try !engine.states("U1").isHeld)
        #expect(try await engine.act(.retry) == 1)
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 1 && engine.answers.count(.sendEmail) == 2)
        await engine.stop()
        await server.stop()
    }

    @Test("what is held stays so after a restart")
    func heldForLong() async throws {
        let engine = try await EngineBench(nil) { _, _ in nil }.started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.act(.hold) == 1)
        let copy = engine.scratch.copy()
        await engine.stop()
        let next = try await EngineBench(nil, in: copy).started()
        #expect(try await next.read { $0.stats.held == 1 && $0.underWay.isEmpty })
        await next.stop()
    }

    @Test("retry while it is under way: it is not sent twice")
    func retry() async throws {
        let held = try await Held("250 OK")
        #expect(try await held.engine.act(.retry) == 0)
        #expect(try await held.engine.read { $0.underWay.count } == 1)
        await held.goOn()
        #expect(try await held.engine.isEmpty())
        #expect(held.server.now.messages.count == 1 && held.engine.answers.count(.sendEmail) == 1)
        await held.stop()
    }

    @Test(
        "hold while it is under way: it may end well; else it is not tried again until released",
        arguments: [true, false])
    func hold(endsWell: Bool) async throws {
        let held = try await Held(endsWell ? "250 OK" : "451 4.3.0 later")
        #expect(try await held.engine.act(.hold) == 1)
        #expect(try held.engine.states("U1").isHeld)
        #expect(try await held.state == .active)
        await held.goOn()
        if !endsWell {
            #expect(try await held.engine.eventually { $0.underWay.isEmpty && $0.stats.held == 1 })
            #expect(try await held.engine.act(.retry) == 0)
            #expect(held.engine.answers.count(.sendEmail) == 1)
            #expect(try await held.engine.act(.release) == 1)
            #expect(try await held.engine.act(.retry) == 1)
            #expect(try await held.engine.eventually { !$0.underWay.isEmpty })
            await held.goOn()
        }
        #expect(try await held.engine.isEmpty())
        #expect(held.server.now.messages.count == 1)
        await held.stop()
    }

    @Test("hold and release while it is under way leave it as it was")
    func release() async throws {
        let held = try await Held("451 4.3.0 later")
        #expect(try await held.engine.act(.hold) == 1)
        #expect(try await held.engine.act(.release) == 1)
        await held.goOn()
        #expect(try await held.engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(try !held.engine.states("U1").isHeld)
        await held.stop()
    }

    @Test("delete while it is under way: that attempt is the last, and nobody is told", arguments: [true, false])
    func delete(endsWell: Bool) async throws {
        let held = try await Held(endsWell ? "250 OK" : "451 4.3.0 later")
        #expect(try await held.engine.act(.delete) == 1)
        #expect(held.engine.scratch.names == ["U1"])
        await held.goOn()
        #expect(try await held.engine.isEmpty())
        #expect(held.server.now.messages.count == (endsWell ? 1 : 0))
        #expect(held.engine.answers.count(.sendEmail) == 1 && held.engine.answers.count(.bounce) == 0)
        await held.stop()
    }

    @Test("delete and bounce of what waits: the file goes; the one tells nobody, the other the sender")
    func gone() async throws {
        let server = try await OutboundServer.usual { $0.recipients = ["a": "450 4.2.0 locked"] }
        let engine = try await EngineBench(server).started()
        for action in [HarakaPluginHost.QueueAction.delete, .bounce] {
            try await engine.store("U1", to: "a")
            #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
            #expect(try await engine.act(action) == 1)
            #expect(try await engine.isEmpty())
        }
        #expect(engine.log.with("bounced", "err=Given up by the administrator").count == 1)
        #expect(server.now.messages.count == 1 && engine.answers.count(.bounce) == 1)
        await engine.stop()
        await server.stop()
    }

    @Test("the engine waits for what is under way when it stops, but not longer than it may")
    func stopping() async throws {
        let held = try await Held("250 OK")
        let over = Kept(false)
        await held.engine.run { $0.stop(within: .seconds(20)) { over.change { $0 = true } } }
        #expect(try await held.engine.read { $0.isStopping } && !over.value)
        // Nothing new begins.
        try await held.engine.store("U2", to: "a")
        await held.goOn()
        #expect(try await held.engine.eventually { _ in over.value })
        #expect(held.server.now.messages.count == 1 && held.engine.scratch.names == ["U2"])
        await held.stop()
    }

    @Test("what a plugin is told of the queue")
    func asked() async throws {
        let engine = try await EngineBench(nil) { _, _ in nil }.started()
        try await engine.store("U1", to: "a", "b")
        #expect(try await engine.eventually { $0.underWay.count == 1 })
        let figures: QueueFigures? = await engine.bench.ask { answer in
            engine.engine.stats { if case .success(let figures) = $0 { answer(figures) } }
        }
        #expect(figures?.inProgress == 1 && figures?.messages == 1 && figures?.recipients == 2 && figures?.bytes == 25)
        let entries: [QueueEntry]? = await engine.bench.ask { answer in
            engine.engine.list(QueueQuery()) { if case .success(let entries) = $0 { answer(entries) } }
        }
        let entry = try #require(entries?.first)
        #expect(entry.file == "U1" && entry.uuid == "U1.1" && entry.state == .active && entry.nextAttempt == 0)
        #expect(entry.to.map(\.user) == ["a", "b"] && entry.from.user == "me" && entry.domain == "example.com")
        var query = QueueQuery()
        query.domain = "example.org"
        let other = query
        let none: Int? = await engine.bench.ask { answer in
            engine.engine.act(.delete, other) { if case .success(let count) = $0 { answer(count) } }
        }
        #expect(none == 0)
        await engine.stop()
    }
}
