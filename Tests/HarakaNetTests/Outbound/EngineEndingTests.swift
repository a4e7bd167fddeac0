// How mails end otherwise than they should: what plugins may say to it, and what the sender is told.

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

@Suite("The engine: endings", .serialized)
struct EngineEndingTests {
    /// Refuses all to whom mail of a client goes; reports, to example.org, are taken.
    private static func refusing(_ reply: String) async throws -> OutboundServer {
        try await OutboundServer.usual { $0.recipients = ["a": reply] }
    }

    @Test("a bounce: the report is on disk before the mail's file goes, and arrives")
    func bounced() async throws {
        let server = try await Self.refusing("550 5.1.1 nobody")
        let engine = try await EngineBench(server).started()
        let names = Kept<[[String]]>([])
        await engine.run { [scratch = engine.scratch] in
            let told = $0.outbox.queued
            $0.outbox.queued = { mail in
                names.change { $0.append(scratch.names) }
                told(mail)
            }
        }
        try await engine.store("U1", to: "a", "b")
        #expect(try await engine.isEmpty())
        // The mail itself, then the report beside it.
        #expect(names.value.map(\.count) == [1, 2] && names.value.last?.contains("U1") == true)
        #expect(engine.log.with("U1.1 bounced", "rcpts=1", "err=550 5.1.1 nobody").count == 1)
        let report = try #require(server.now.messages.last.map { String(decoding: $0, as: UTF8.self) })
        #expect(server.now.messages.count == 2 && report.contains("Content-Type: message/delivery-status"))
        #expect(report.contains("Final-Recipient: rfc822; a@example.com") && report.contains("Status: 5.1.1"))
        #expect(
            !report.contains("b@example.com")
                && server.now.lines.contains { $0.hasSuffix("MAIL FROM:<>") || $0.contains("MAIL FROM:<> ") })
        await engine.stop()
        await server.stop()
    }

    @Test("no room for the report: the mail stays, and nobody's mail vanishes unheard")
    func noRoom() async throws {
        let server = try await Self.refusing("550 5.1.1 nobody")
        let disk = Kept<DiskFaults?>(nil)
        let engine = try await EngineBench(server) { question, _ in
            if case .bounce = question { disk.value?.fail(.syncFile, ENOSPC) }
            return .cont
        }.started()
        disk.change { $0 = engine.disk }
        try await engine.store("U1", to: "a")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(engine.scratch.names == ["U1"] && engine.log.with("message not queued").count == 1)
        #expect(try engine.states("U1").waiting == [0])
        // In a minute, and not by the schedule.
        let next = try await engine.read { $0.list(QueueFilter())[0].next - OutboundEngine.now() }
        #expect((1000...60_000).contains(next))
        await engine.stop()
        await server.stop()
    }

    @Test("a double bounce ends with a line in the log, and no report")
    func doubleBounce() async throws {
        let server = try await Self.refusing("550 5.1.1 nobody")
        let engine = try await EngineBench(server).started()
        try await engine.store("U1", from: .null, to: "a")
        #expect(try await engine.isEmpty())
        #expect(engine.log.with("5 U1.1 nobody is told: the sender is <> (double bounce)").count == 1)
        #expect(engine.log.with(" queued from=").count == 1 && server.now.messages.isEmpty)
        await engine.stop()
        await server.stop()
    }

    @Test("a plugin takes a bounce for its own: no report")
    func ownBounce() async throws {
        let server = try await Self.refusing("550 5.1.1 nobody")
        let facts = Kept<BouncedFacts?>(nil)
        let engine = try await EngineBench(server) { question, _ in
            guard case .bounce(let given) = question else { return .cont }
            facts.change { $0 = given }
            return Verdict(.ok)
        }.started()
        try await engine.store("U1", to: "a", "b")
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 1 && engine.log.with(" queued from=").count == 1)
        #expect(facts.value?.bounced.map(\.address.user) == ["a"] && facts.value?.error == "550 5.1.1 nobody")
        await engine.stop()
        await server.stop()
    }

    @Test(
        "the hook deferred gives its own delay, which is kept in the file; else the schedule's counts",
        arguments: [7, nil])
    func ownDelay(seconds: Int64?) async throws {
        let server = try await Self.refusing("450 4.2.0 locked")
        let facts = Kept<DeferredFacts?>(nil)
        let engine = try await EngineBench(server) { question, _ in
            guard case .deferred(let given) = question else { return .cont }
            facts.change { $0 = given }
            return seconds.map { Verdict(.denySoft, PluginReply(lines: [], value: .integer($0))) } ?? .cont
        }.started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
        #expect(facts.value?.delay == 64 && facts.value?.error == "450 4.2.0 locked")
        _ = try await engine.act(.release)
        let states = try engine.states("U1")
        let attempt = try #require(states.lastAttempt(of: 0))
        let delay = states.next(of: 0) - attempt.time
        #expect(((seconds ?? 64) * 1000 - 1000...(seconds ?? 64) * 1000).contains(delay), "\(delay)")
        #expect(attempt.text == "450 4.2.0 locked" && attempt.code == 450 && states.attempts(of: 0) == 1)
        #expect(try await engine.read { $0.list(QueueFilter())[0].next } == states.next(of: 0))
        await engine.stop()
        await server.stop()
    }

    @Test("the hook deferred drops it: it is over, and nobody is told")
    func dropped() async throws {
        let server = try await Self.refusing("450 4.2.0 locked")
        let engine = try await EngineBench(server) { question, _ in
            if case .deferred = question { Verdict(.ok) } else { .cont }
        }.started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.isEmpty())
        #expect(engine.log.with("dropped: the hook deferred has answered").count == 1)
        #expect(engine.answers.count(.bounce) == 0)
        await engine.stop()
        await server.stop()
    }

    @Test("when no attempt is left what was temporary is final, and says how it was")
    func usedUp() async throws {
        let server = try await Self.refusing("450 4.2.0 locked")
        let engine = try await EngineBench(server, { $0.schedule = .once }).started()
        try await engine.store("U1", to: "a")
        #expect(try await engine.isEmpty())
        #expect(engine.log.with("U1.1 bounced", "err=Too many failures (450 4.2.0 locked)").count == 1)
        let report = try #require(server.now.messages.last.map { String(decoding: $0, as: UTF8.self) })
        #expect(report.contains("Status: 5.2.0") && engine.answers.count(.deferred) == 0)
        await engine.stop()
        await server.stop()
    }

    /// What plugins say where a mail goes, and what comes of it.
    struct Way: Sendable, CustomStringConvertible {
        let code: HookCode
        let words: String
        let isFinal: Bool
        let error: String
        var description: String { "\(code) \(words)" }
    }

    @Test(
        "get_mx: nowhere, not now, and nonsense",
        arguments: [
            Way(code: .deny, words: "", isFinal: true, error: "No MX for example.com"),
            Way(code: .denySoft, words: "", isFinal: false, error: "Temporary MX lookup error for example.com"),
            Way(
                code: .ok, words: "127.0.0.1:nothing", isFinal: false,
                error: "Temporary MX lookup error for example.com"),
        ])
    func noWay(way: Way) async throws {
        let engine = try await EngineBench(nil) { question, _ in
            if case .getMX = question { Verdict(way.code, PluginReply(way.words)) } else { .cont }
        }.started()
        try await engine.store("U1", from: .null, to: "a")
        if way.isFinal {
            #expect(try await engine.isEmpty())
            #expect(engine.log.with("U1.1 bounced", "err=\(way.error)").count == 1)
        } else {
            #expect(try await engine.eventually { $0.underWay.isEmpty && $0.stats.deferred == 1 })
            #expect(engine.log.with("U1.1 deferred", "err=\(way.error)").count == 1)
        }
        await engine.stop()
    }

    @Test("send_email puts a mail off, and that is no attempt")
    func delayed() async throws {
        let engine = try await EngineBench(nil) { question, _ in
            question == .sendEmail ? Verdict(.delay, PluginReply("30")) : .cont
        }.started()
        try await engine.store("U1", to: "a")
        #expect(
            try await engine.eventually { $0.underWay.isEmpty && $0.stats.inProgress == 0 && $0.stats.messages == 1 })
        let row = try await engine.read { $0.list(QueueFilter())[0] }
        #expect(row.failures == 0 && (20_000...30_000).contains(row.next - ServerContext.milliseconds()))
        #expect(engine.answers.heard == ["send_email U1.1"])
        await engine.stop()
    }

    @Test("a message that goes in circles is returned, and not sent on")
    func circles() async throws {
        let server = try await OutboundServer.usual()
        let engine = try await EngineBench(server, { $0.maxReceived = 3 }).started()
        let line = "Received: from a by b; today\r\n"
        try await engine.store("U1", from: .null, to: "a", text: String(repeating: line, count: 4) + EngineBench.text)
        #expect(try await engine.isEmpty())
        #expect(engine.log.with("U1.1 bounced", "Too many hops").count == 1 && server.now.messages.isEmpty)
        try await engine.store("U2", from: .null, to: "a", text: String(repeating: line, count: 3) + EngineBench.text)
        #expect(try await engine.isEmpty())
        #expect(server.now.messages.count == 1)
        await engine.stop()
        await server.stop()
    }
}

/// A value that hooks change. Any thread.
final class Kept<Value: Sendable>: Sendable {
    private let kept: Mutex<Value>
    init(_ value: Value) { kept = Mutex(value) }
    var value: Value { kept.withLock { $0 } }

    func change(_ change: (inout Value) -> Void) {
        var copy = value
        change(&copy)
        let changed = copy
        kept.withLock { $0 = changed }
    }
}
