// The engine's way of a mail: from the folder to another server, and what is written down meanwhile.

import Glibc
import HarakaCore
import HarakaPluginHost
import HarakaQueue
import NIOCore
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaNet
@testable import HarakaSpool

@Suite("The engine: deliveries", .serialized)
struct EngineDeliveryTests {
    @Test("a mail that is stored is delivered, logged and its file is gone")
    func delivered() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server).started()
        #expect(try await engine.store("U1", to: "a", "b") == nil)
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.map { String(decoding: $0, as: UTF8.self) } == [EngineBench.text])
        #expect(engine.answers.heard == ["send_email U1.1", "get_mx U1.1", "delivered U1.1"])
        #expect(engine.log.with("5 U1 queued from=<me@example.org> rcpts=2 bytes=25 by=smtp").count == 1)
        let line = try #require(engine.log.with("U1.1 delivered").first)
        for value in [
            "file=U1", "domain=example.com", "response=250 2.0.0 queued", "rcpts=2/0/0", "mode=SMTP", "fails=0",
        ] { #expect(line.contains(value)) }
        await engine.stop()
        await server.stop()
    }

    @Test("mails that were there before the start are delivered, and damaged ones are set aside with a line")
    func found() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server)
        #expect(try await engine.store("U1", to: "a") == nil)
        #expect(try await engine.store("U2", to: "b") == nil)
        engine.scratch.write("U2", engine.scratch.bytes("U2").dropLast(30))
        _ = try await engine.started()
        #expect(try await engine.eventually { $0.stats.messages == 0 && $0.underWay.isEmpty && $0.look.isQuiet })
        #expect(server.now.messages.count == 1 && engine.scratch.names == ["error.U2"])
        #expect(engine.log.with("1 - damaged queue file set aside as error.").count == 1)
        await engine.stop()
        await server.stop()
    }

    @Test("a partial success is on disk before the next attempt, and those who have it get it never again")
    func partial() async throws {
        let server = try await OutboundServer { number in
            Behaviour { if number == 1 { $0.recipients = ["b": "450 4.2.0 locked", "c": "550 5.1.1 nobody"] } }
        }
        let scratch = Scratch()
        let seen = Mutex<[[Int]]>([])
        let waiting = Waiting(seen)
        let engine = try await EngineBench(server, in: scratch, { $0.connections.idle = 0 }) { question, _ in
            // Before anything is sent, the file is asked who waits.
            if question == .sendEmail { waiting.look(scratch.path) }
            return .cont
        }.started()
        try await engine.store("U1", from: .null, to: "a", "b", "c")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(try await engine.eventually { $0.unwritten.isEmpty })
        #expect(try engine.states("U1").waiting == [1])
        #expect(engine.log.with("delivered", "rcpts=1/1/1").count == 1)
        #expect(engine.log.with("U1.1 deferred", "rcpts=1", "fails=1", "err=450 4.2.0 locked").count == 1)
        #expect(try await engine.act(.retry) == 1)
        #expect(try await engine.isEmpty())
        #expect(waiting.list == [[0, 1, 2], [1]])
        let asked = server.now.lines.filter { $0.contains("RCPT") }
        #expect(
            asked == [
                "1 RCPT TO:<a@example.com>", "1 RCPT TO:<b@example.com>", "1 RCPT TO:<c@example.com>",
                "2 RCPT TO:<b@example.com>",
            ])
        await engine.stop()
        await server.stop()
    }

    @Test("the folder is full when the record must be written: nobody is tried before it is, and nothing is sent twice")
    func full() async throws {
        let server = try await OutboundServer { number in
            Behaviour { if number == 1 { $0.recipients = ["b": "450 4.2.0 locked"] } }
        }
        let disk = Mutex<DiskFaults?>(nil)
        let holder = Faults(disk)
        let isFirst = Kept(true)
        let engine = try await EngineBench(server, { $0.connections.idle = 0 }) { question, _ in
            // Once: the test itself repairs the disk.
            if question == .sendEmail, isFirst.value {
                isFirst.change { $0 = false }
                holder.fail(.write, ENOSPC)
            }
            return .cont
        }.started()
        holder.set(engine.disk)
        try await engine.store("U1", to: "a", "b")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(try engine.states("U1").waiting == [0, 1])
        #expect(
            try await engine.eventually { _ in engine.log.with("cannot be written down, it is tried again").count > 1 })
        // Even if somebody wants it now.
        _ = try await engine.act(.retry)
        #expect(try await engine.read { $0.underWay.isEmpty && $0.list(QueueFilter()).map(\.state) == [.deferred] })
        #expect(server.now.connections == 1 && server.now.messages.count == 1)
        engine.disk.fail(.write, nil)
        #expect(try await engine.eventually { $0.unwritten.isEmpty })
        #expect(try engine.states("U1").waiting == [1])
        _ = try await engine.act(.retry)
        #expect(try await engine.eventually { _ in server.now.messages.count == 2 })
        #expect(server.now.lines.filter { $0.hasSuffix("RCPT TO:<a@example.com>") }.count == 1)
        engine.disk.fail(.write, nil)
        await engine.stop()
        await server.stop()
    }

    @Test("the hint of a mail that is already known is nothing new, nor is one of a mail on its way out")
    func hints() async throws {
        let server = try await OutboundServer { number in
            Behaviour { if number == 1 { $0.recipients = ["a": "450 4.2.0 locked"] } }
        }
        let engine = try await EngineBench(server, { $0.connections.idle = 0 }).started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        await engine.run { for _ in 1...3 { $0.found("U1") } }
        await engine.run { $0.lookThrough() }
        #expect(try await engine.eventually { $0.look.isQuiet })
        #expect(try await engine.read { $0.stats.messages == 1 && $0.list(QueueFilter()).count == 1 })
        // Nor is one that does not exist.
        await engine.run { $0.found("nobody") }
        // It is delivered while the disk sleeps: its file is there, and says that it waits.
        let latch = engine.disk.stop(.unlink)
        _ = try await engine.act(.retry)
        #expect(try await engine.eventually { $0.stats.messages == 0 && $0.underWay.isEmpty })
        #expect(engine.scratch.names == ["U1"])
        await engine.run {
            $0.found("U1")
            $0.lookThrough()
        }
        #expect(try await engine.eventually { !$0.look.isUnderWay })
        #expect(try await engine.read { $0.stats.messages == 0 && $0.underWay.isEmpty })
        latch.open()
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 1)
        await engine.stop()
        await server.stop()
    }

    @Test("a file that somebody has removed ends its mail without a word to anybody")
    func removed() async throws {
        let server = try await OutboundServer.usual { $0.acts["MAIL"] = .reply("451 4.3.0 later") }
        let engine = try await EngineBench(server).started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        unlink("\(engine.scratch.path)/U1")
        #expect(try await engine.act(.retry) == 1)
        #expect(try await engine.isEmpty())
        #expect(engine.log.with("4 U1.1 its file has been removed").count == 1 && engine.answers.count(.sendEmail) == 1)
        await engine.stop()
        await server.stop()
    }

    @Test("two engines of one folder: the second delivers nothing before the first has let it go")
    func handedOver() async throws {
        let server = try await OutboundServer.usual { $0.acts["MAIL"] = .reply("451 4.3.0 later") }
        let good = try await OutboundServer.usual()
        let first = try await EngineBench(server).started()
        try await first.store("U1", to: "a")
        #expect(try await first.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        let second = try await EngineBench(good, in: first.scratch)
        await second.run { $0.start() }
        await second.run { $0.found("U1") }
        #expect(try await second.read { $0.lock == nil && $0.stats.messages == 0 })
        // Nobody is told that the queue is empty.
        await second.run { $0.patience = .milliseconds(50) }
        let refusal: PluginQueueFailure? = await second.bench.ask { answer in
            second.engine.list(QueueQuery()) { if case .failure(let failure) = $0 { answer(failure) } }
        }
        #expect(
            refusal == .unavailable("the queue is being handed over from the worker before; try again"))
        // Who has patience gets his answer.
        let rows = Kept<[QueueEntry]>([])
        await second.run { engine in
            engine.patience = .seconds(60)
            engine.list(QueueQuery()) { if case .success(let entries) = $0 { rows.change { $0 = entries } } }
        }
        await first.stop(within: .seconds(5))
        #expect(try await second.eventually { $0.lock != nil && $0.stats.messages == 1 && $0.look.isQuiet })
        #expect(rows.value.map(\.file) == ["U1"])
        _ = try await second.act(.retry)
        #expect(try await second.isEmpty())
        #expect(good.now.messages.count == 1)
        await second.stop()
        await server.stop()
        await good.stop()
    }
}

/// Who waits by a file's word.
private final class Waiting: @unchecked Sendable {
    private let seen: Mutex<[[Int]]>
    init(_ seen: consuming Mutex<[[Int]]>) { self.seen = seen }
    var list: [[Int]] { seen.withLock { $0 } }

    func look(_ path: String) {
        let waiting = (try? QueueFolder(path).open("U1"))?.states.waiting ?? []
        seen.withLock { $0.append(waiting) }
    }
}

/// A disk that is made later than the closure that spoils it.
private final class Faults: @unchecked Sendable {
    private let disk: Mutex<DiskFaults?>
    init(_ disk: consuming Mutex<DiskFaults?>) { self.disk = disk }
    func set(_ faults: DiskFaults) { disk.withLock { $0 = faults } }
    func fail(_ call: QueueCall, _ code: Int32) { disk.withLock { $0 }?.fail(call, code) }
}
