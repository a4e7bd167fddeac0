// The process dies: what its folder looks like at that moment is what the next one finds. A copy stands for it.

import Glibc
import HarakaCore
import HarakaPluginHost
import HarakaQueue
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet
@testable import HarakaSpool

@Suite("The engine: crashes", .serialized)
struct EngineCrashTests {
    private static let locked: @Sendable (Int) -> Behaviour = { number in
        Behaviour { if number == 1 { $0.recipients = ["b": "450 4.2.0 locked"] } }
    }

    @Test("it dies between the server's yes and the record: those are sent to again whose success is not recorded")
    func before() async throws {
        let server = try await OutboundServer(Self.locked)
        let left = Kept<Scratch?>(nil)
        let scratch = Scratch()
        let disk = Kept<DiskFaults?>(nil)
        let first = try await EngineBench(server, in: scratch, { $0.connections.idle = 0 }) { question, _ in
            // Nothing more is written down in this life.
            if question == .sendEmail { disk.value?.fail(.write, ENOSPC) }
            if case .delivered = question { left.change { if $0 == nil { $0 = scratch.copy() } } }
            return .cont
        }.started()
        disk.change { $0 = first.disk }
        try await first.store("U1", to: "a", "b")
        #expect(try await first.eventually { _ in left.value != nil })
        await first.stop()
        let second = try await EngineBench(server, in: try #require(left.value)).started()
        #expect(second.log.with("4 U1 was under way when the delivery worker died (1 times)").count == 1)
        #expect(try await second.isEmpty())
        #expect(
            server.now.lines.filter { $0.hasPrefix("2 RCPT") } == [
                "2 RCPT TO:<a@example.com>", "2 RCPT TO:<b@example.com>",
            ])
        await second.stop()
        await server.stop()
    }

    @Test("it dies while a plugin is being told of the success: who has the mail does not get it again")
    func told() async throws {
        let server = try await OutboundServer(Self.locked)
        let scratch = Scratch()
        let first = try await EngineBench(server, in: scratch, { $0.connections.idle = 0 }) { question, _ in
            if case .delivered = question { nil } else { .cont }
        }.started()
        try await first.store("U1", to: "a", "b")
        let folder = first.folder
        let isWritten = try await first.eventually { _ in (try? folder.open("U1"))?.states.waiting == [1] }
        #expect(isWritten)
        let copy = scratch.copy()
        await first.stop()
        let second = try await EngineBench(server, in: copy).started()
        #expect(try await second.isEmpty())
        #expect(server.now.lines.filter { $0.hasPrefix("2 RCPT") } == ["2 RCPT TO:<b@example.com>"])
        await second.stop()
        await server.stop()
    }

    @Test("it dies in the second attempt: those who had it in the first do not get it in the third")
    func after() async throws {
        let server = try await OutboundServer(Self.locked)
        let left = Kept<Scratch?>(nil)
        let scratch = Scratch()
        let attempts = Kept(0)
        let first = try await EngineBench(server, in: scratch, { $0.connections.idle = 0 }) { question, _ in
            guard question == .sendEmail else { return .cont }
            attempts.change { $0 += 1 }
            guard attempts.value == 2 else { return .cont }
            left.change { $0 = scratch.copy() }
            return nil
        }.started()
        try await first.store("U1", to: "a", "b")
        #expect(try await first.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 && $0.unwritten.isEmpty })
        #expect(try await first.act(.retry) == 1)
        #expect(try await first.eventually { _ in left.value != nil })
        await first.stop()
        let second = try await EngineBench(server, in: try #require(left.value)).started()
        _ = try await second.act(.retry)
        #expect(try await second.isEmpty())
        #expect(server.now.lines.filter { $0.hasPrefix("2 RCPT") } == ["2 RCPT TO:<b@example.com>"])
        await second.stop()
        await server.stop()
    }

    @Test("a process that ends in peace leaves no suspects")
    func peace() async throws {
        let engine = try await EngineBench(nil) { _, _ in nil }.started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.eventually { !$0.underWay.isEmpty })
        let copy = engine.scratch.copy()
        #expect(SuspectBook(copy.path, limit: 3).open() == ["U1": 1])
        await engine.stop()
        #expect(SuspectBook(engine.scratch.path, limit: 3).open() == [:])
    }

    @Test("a mail that was under way when the worker died three times is quarantined, and others are not")
    func quarantined() async throws {
        let server = try await OutboundServer.usual()
        var (scratch, dead): (Scratch, [EngineBench]) = (Scratch(), [])
        for life in 1...3 {
            let left = Kept<Scratch?>(nil)
            let place = scratch
            let engine = try await EngineBench(server, in: place) { question, mail in
                guard mail.uuid == "U1.1", question == .sendEmail else { return .cont }
                left.change { if $0 == nil { $0 = place.copy() } }
                return nil
            }.started()
            if life == 1 { try await engine.store("U1", to: "a") }
            #expect(try await engine.eventually { _ in left.value != nil })
            scratch = try #require(left.value)
            dead.append(engine)
        }
        let last = try await EngineBench(server, in: scratch).started()
        #expect(try await last.eventually { $0.stats.messages == 0 && $0.underWay.isEmpty && $0.look.isQuiet })
        #expect(scratch.names == ["quarantine.U1"] && server.now.messages.isEmpty)
        #expect(last.log.with("1 U1 set aside as quarantine.U1: the delivery worker died 3 times").count == 1)
        try await last.store("U2", to: "a")
        #expect(try await last.eventually { _ in server.now.messages.count == 1 })
        #expect(try await last.eventually { $0.look.isQuiet && $0.underWay.isEmpty })
        #expect(scratch.names == ["quarantine.U1"])
        await last.stop()
        for engine in dead { await engine.stop() }
        await server.stop()
    }

    @Test("an attempt that is done clears a mail of suspicion")
    func cleared() async throws {
        let server = try await OutboundServer.usual { $0.acts["MAIL"] = .reply("451 4.3.0 later") }
        let scratch = Scratch()
        let engine = try await EngineBench(server, in: scratch)
        try await engine.store("U1", to: "a")
        scratch.write(".suspects", Array("2 U1\n".utf8))
        _ = try await engine.started()
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(try await engine.read { !$0.suspects.isSuspect("U1") })
        #expect(scratch.bytes(".suspects").isEmpty)
        await engine.stop()
        await server.stop()
    }
}
