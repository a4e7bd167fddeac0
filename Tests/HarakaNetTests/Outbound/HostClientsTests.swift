// Dialogues that plugins hold with other servers, and lists of servers.

import HarakaCore
import HarakaDNS
import HarakaPluginHost
import HarakaTLS
import NIOCore
import NIOEmbedded
import SMTPSyntax
import Synchronization
import Testing

@testable import HarakaNet

@Suite("Dialogues for plugins", .serialized)
struct HostClientsTests {
    @Test(
        "commands are answered in order, the message goes out dotted, and the connection is kept for the next",
        arguments: [true, false])
    func dialogue(isPipelined: Bool) async throws {
        let server = try await OutboundServer.usual { if !isPipelined { $0.offers = ["SIZE 1000"] } }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        for round in 1...2 {
            let opened = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", port) }
            #expect(opened.failure == nil && opened.reply.code == 250 && opened.host == "127.0.0.1:\(port)")
            let replies = try await holder.ask("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA")
            #expect(replies.map(\.reply.code) == [250, 250, 354] && replies.allSatisfy { $0.isLast })
            let ended = try await holder.message(TestMessage(DeliveryJob.text))
            #expect(ended.map(\.reply.code) == [250] && ended.first?.reply.lines == ["2.0.0 queued"])
            await holder.run { $0.release() }
            #expect(try await bench.eventually { $0.idleConnections == 1 })
            #expect(server.now.messages.count == round)
        }
        #expect(server.now.connections == 1)
        #expect(server.now.messages.last.map { String(decoding: $0, as: UTF8.self) }?.contains("\r\n..dot") == true)
        #expect(server.now.lines.filter { $0.hasSuffix("RSET") }.count == 2)
        await bench.stop()
        await server.stop()
    }

    @Test("MAIL and RCPT have the parameters that the server understands")
    func parameters() async throws {
        let server = try await OutboundServer.usual { $0.offers = ["SIZE 1000", "SMTPUTF8"] }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        _ = try await holder.open { ($0.host, $0.port, $0.helo) = ("127.0.0.1", port, "plugin.example") }
        let codes: [Int]? = await bench.ask { answer in
            nonisolated(unsafe) var codes: [Int] = []
            holder.dialogue?.mail(Address(user: "\u{e4}", host: "example.com"), nil) { codes.append($0.reply.code) }
            holder.dialogue?.rcpt(Address(user: "b", host: "example.com")) {
                codes.append($0.reply.code)
                answer(codes)
            }
        }
        #expect(codes == [250, 250])
        #expect(
            server.now.lines == [
                "1 EHLO plugin.example", "1 MAIL FROM:<\u{e4}@example.com> SMTPUTF8", "1 RCPT TO:<b@example.com>",
            ])
        let capabilities: [String]? = await bench.ask { $0(holder.dialogue?.capabilities ?? []) }
        #expect(capabilities == ["SIZE 1000", "SMTPUTF8"])
        await bench.stop()
        await server.stop()
    }

    @Test("LMTP: a reply for each recipient that was accepted, over a unix socket")
    func lmtp() async throws {
        let path = "/tmp/haraka-lmtp-\(UInt32.random(in: 0...UInt32.max))"
        let server = try await OutboundServer(path: path) { _ in
            Behaviour {
                ($0.isLMTP, $0.recipients, $0.finals) = (true, ["b": "550 no"], ["c": "452 full"])
            }
        }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let opened = try await holder.open { ($0.path, $0.isLMTP) = (path, true) }
        #expect(opened.host == path)
        let codes: [Int]? = await bench.ask { answer in
            nonisolated(unsafe) var codes: [Int] = []
            holder.dialogue?.mail(.null, nil) { codes.append($0.reply.code) }
            for user in ["a", "b", "c"] {
                holder.dialogue?.rcpt(Address(user: user, host: "example.com")) { codes.append($0.reply.code) }
            }
            holder.dialogue?.command(Array("DATA".utf8)) {
                codes.append($0.reply.code)
                answer(codes)
            }
        }
        #expect(codes == [250, 250, 550, 250, 354])
        let ended = try await holder.message(TestMessage("x\r\n"))
        #expect(ended.map(\.reply.code) == [250, 452] && ended.map(\.isLast) == [false, true])
        await bench.stop()
        await server.stop()
    }

    @Test("no connection, a refusal, silence and an end are told apart")
    func failures() async throws {
        let gone = try await OutboundServer.usual()
        let port = gone.port
        await gone.stop()
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let none = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", port) }
        #expect(none.failure == .failed && none.reply.lines == ["connection refused"])
        let unknown = try await holder.open { $0.host = "none.invalid" }
        #expect(unknown.failure == .failed && unknown.reply.text.hasPrefix("none.invalid has no address"))
        let refusing = try await OutboundServer.usual { $0.acts["CONNECT"] = .reply("554 5.7.1 not you") }
        let refused = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", refusing.port) }
        #expect(refused.failure == nil && refused.reply.code == 554)
        let silent = try await OutboundServer.usual { $0.acts["EHLO"] = .silence }
        let late = try await holder.open { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", silent.port, 100) }
        #expect(late.failure == .timedOut)
        let closing = try await OutboundServer.usual {
            $0.acts["RCPT"] = .close
            $0.acts["NOOP"] = .silence
        }
        _ = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", closing.port) }
        let ended = try await holder.ask("MAIL FROM:<>", "RCPT TO:<a@b>", "DATA")
        #expect(ended.map(\.failure) == [nil, .closed, .closed])
        let after = try await holder.ask("NOOP")
        #expect(after.map(\.failure) == [.closed])
        let silence = try await holder.open(
            { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", closing.port, 150) }, saying: "NOOP")
        #expect(silence.failure == .timedOut)
        #expect(try await bench.eventually { $0.openConnections == 0 })
        let count: Int? = await bench.ask { $0(holder.clients.count) }
        #expect(count == 0)
        await bench.stop()
        for server in [refusing, silent, closing] { await server.stop() }
    }

    @Test("a kept connection that has died is replaced before the plugin notices", arguments: [true, false])
    func stale(says421: Bool) async throws {
        let server = try await OutboundServer { number in
            Behaviour {
                // The first connection dies at its second MAIL.
                $0.acts["NOOP"] = number == 1 ? (says421 ? .closeAfter("421 4.4.2 idle") : .close) : .reply("250 alive")
            }
        }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        _ = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", port) }
        await holder.run { $0.release() }
        #expect(try await bench.eventually { $0.idleConnections == 1 })
        _ = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", port) }
        let replies = try await holder.ask("NOOP", "RSET")
        #expect(replies.map(\.reply.lines) == [["alive"], ["2.0.0 OK"]])
        #expect(server.now.connections == 2)
        await bench.stop()
        await server.stop()
    }

    @Test("release in the midst of something closes, and abort tells nobody any more")
    func ends() async throws {
        let server = try await OutboundServer.usual { $0.acts["NOOP"] = .silence }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        let told = Mutex(0)
        let box = Told(told)
        for isAbort in [true, false] {
            _ = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", port) }
            await holder.run { dialogue in
                dialogue.command(Array("NOOP".utf8)) { _ in box.add() }
                if isAbort { dialogue.abort() } else { dialogue.release() }
            }
            #expect(try await bench.eventually { $0.openConnections == 0 })
        }
        // Before it is open.
        let _: Bool? = await bench.ask { answer in
            var options = SMTPClientOptions()
            (options.host, options.port) = ("127.0.0.1", port)
            let early = holder.clients.open(options, for: nil) { _ in box.add() }
            early?.abort()
            answer(true)
        }
        #expect(try await bench.eventually { $0.openConnections == $0.idleConnections })
        #expect(box.count == 0)
        await bench.stop()
        await server.stop()
    }

    @Test("a pool asks its servers in turn, and leaves the dead ones out until they are there again")
    func pool() async throws {
        let (one, two) = (try await OutboundServer.usual(), try await OutboundServer.usual())
        let gone = try await OutboundServer.usual()
        let dead = gone.port
        await gone.stop()
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let text = "127.0.0.1:\(one.port), 127.0.0.1:\(dead), 127.0.0.1:\(two.port)"
        for _ in 1...6 {
            let opened = try await holder.open { ($0.pool, $0.isFresh, $0.deadRetry) = (text, true, 60_000) }
            #expect(opened.reply.code == 250)
            await holder.run { $0.release() }
        }
        #expect(one.now.connections + two.now.connections == 6 && one.now.connections >= 2 && two.now.connections >= 2)
        // It is asked once at most.
        #expect(bench.log.with(":\(dead)").filter { $0.contains("refused") }.count <= 1)
        let all = try await holder.open { $0.pool = "127.0.0.1:\(dead)" }
        #expect(all.failure == .failed)
        let none = try await holder.open { $0.pool = " , " }
        #expect(none.failure == .failed && none.reply.lines == ["there is no host to connect to"])
        await bench.stop()
        await one.stop()
        await two.stop()
    }

    @Test("the list of a pool is read, and asked round robin")
    func list() async throws {
        #expect(
            HostPool.servers(
                "192.0.2.1:2525, [2001:db8::1]:26,mx.example.com 2001:db8::2 [2001:db8::3] 192.0.2.2:0 :25") == [
                    .init(host: "192.0.2.1", port: 2525), .init(host: "2001:db8::1", port: 26),
                    .init(host: "mx.example.com", port: 25), .init(host: "2001:db8::2", port: 25),
                    .init(host: "2001:db8::3", port: 25),
                ])
        let loop = EmbeddedEventLoop()
        nonisolated(unsafe) var isThere = false
        nonisolated(unsafe) var probes = 0
        let pool = try #require(
            HostPool("a:1, b:2, c:3", retry: .seconds(10), loop: loop, shuffle: { $0 }) { _, done in
                probes += 1
                done(isThere)
            })
        let first = { pool.inTurn().map(\.host).joined() }
        #expect([first(), first(), first(), first()] == ["abc", "bca", "cab", "abc"])
        pool.failed(.init(host: "b", port: 2))
        pool.failed(.init(host: "b", port: 2))
        #expect([first(), first(), first()] == ["cab", "acb", "cab"])
        loop.advanceTime(by: .seconds(10))
        #expect(probes == 1 && pool.isDead(.init(host: "b", port: 2)))
        isThere = true
        loop.advanceTime(by: .seconds(10))
        #expect(probes == 2 && first() == "abc" && first() == "bca")
        loop.advanceTime(by: .seconds(100))
        #expect(probes == 2)
        for name in ["a", "b", "c"] { pool.failed(.init(host: name, port: name == "a" ? 1 : name == "b" ? 2 : 3)) }
        #expect(first() == "cab" && first() == "abc")
    }
}

private final class Told: @unchecked Sendable {
    private let told: Mutex<Int>
    init(_ told: consuming Mutex<Int>) { self.told = told }
    var count: Int { told.withLock { $0 } }
    func add() { told.withLock { $0 += 1 } }
}
