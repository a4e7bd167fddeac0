// How the engine learns of mails that other workers have stored.

import Glibc
import HarakaCore
import HarakaQueue
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet
@testable import HarakaSpool

@Suite("The engine: hints", .serialized)
struct EngineHintTests {
    /// As another worker does it.
    private func store(_ uuid: String, _ folder: QueueFolder) throws {
        var mail = EngineBench.mail(uuid, from: .null, to: ["a"])
        mail.size = EngineBench.text.utf8.count
        try folder.store(mail, head: [], TestMessage(EngineBench.text), from: 0)
    }

    @Test("mails of other workers are found by a hint, or when the folder is looked through because a hint was lost")
    func told() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server).started()
        let other = try QueueFolder(engine.scratch.path)
        for uuid in ["V1", "V2", "V3"] { try store(uuid, other) }
        await engine.run { $0.found("V1") }
        #expect(try await engine.eventually { _ in server.now.messages.count == 1 })
        await engine.run {
            $0.lookThrough()
            $0.lookThrough()
        }
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 3)
        await engine.stop()
        await server.stop()
    }

    @Test("a hint that comes while the folder is being looked through is followed afterwards")
    func meanwhile() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server).started()
        let other = try QueueFolder(engine.scratch.path)
        try store("V1", other)
        // It has all names when it comes to the first file's bytes.
        let latch = engine.disk.stop(.read)
        await engine.run { $0.lookThrough() }
        #expect(try await engine.eventually { _ in latch.isReached })
        try store("V2", other)
        await engine.run { $0.found("V2") }
        latch.open()
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 2)
        await engine.stop()
        await server.stop()
    }

    @Test("what was read of a mail that has been delivered meanwhile is no news, as long as it can have been read")
    func stale() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server).started()
        let other = try QueueFolder(engine.scratch.path)
        try store("V1", other)
        try store("V2", other)
        await engine.run { $0.found("V1") }
        #expect(try await engine.eventually { $0.stats.messages == 0 && $0.look.isQuiet && $0.underWay.isEmpty })
        // A look is under way: what it may have read stays known until its end, and no longer.
        await engine.run {
            $0.found("V2")
            $0.look.begin()
        }
        let scratch = engine.scratch
        let isDelivered = try await engine.eventually { engine in
            engine.stats.messages == 0 && engine.underWay.isEmpty && scratch.names.isEmpty
        }
        #expect(isDelivered && server.now.messages.count == 2)
        let isKnown = try await engine.eventually { $0.look.hasLeft("V2") && !$0.look.hasLeft("V1") }
        #expect(isKnown)
        let isForgotten = try await engine.read { engine in
            _ = engine.look.end()
            return !engine.look.hasLeft("V2")
        }
        #expect(isForgotten)
        await engine.stop()
        await server.stop()
    }

    @Test("a file that cannot be read when the hint comes is looked for again: nobody gives a hint twice")
    func unreadable() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server).started()
        try store("V1", try QueueFolder(engine.scratch.path))
        engine.disk.fail(.open, EMFILE)
        await engine.run { $0.found("V1") }
        #expect(try await engine.eventually { _ in engine.log.with("cannot be read, it is tried again").count > 1 })
        engine.disk.fail(.open, nil)
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 1)
        await engine.stop()
        await server.stop()
    }
}
