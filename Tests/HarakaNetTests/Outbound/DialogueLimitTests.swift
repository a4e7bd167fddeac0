// How long dialogues of plugins may wait for something: a reply, a command, a connection.

import HarakaDNS
import HarakaPluginHost
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("Dialogues for plugins: limits", .serialized)
struct DialogueLimitTests {
    @Test("a dialogue over which nothing is said ends politely after its idle limit", arguments: [true, false])
    func forgotten(wasKept: Bool) async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        if wasKept {
            _ = try await holder.open { ($0.host, $0.port) = ("127.0.0.1", port) }
            await holder.run { $0.release() }
            #expect(try await bench.eventually { $0.idleConnections == 1 })
        }
        let opened = try await holder.open { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", port, 700) }
        #expect(opened.reply.code == 250)
        #expect(try await bench.eventually { $0.openConnections == 0 })
        let count: Int? = await bench.ask { $0(holder.clients.count) }
        #expect(count == 0 && server.now.connections == 1 && server.now.lines.last == "1 QUIT")
        #expect(try await holder.ask("NOOP").map(\.failure) == [.closed])
        await bench.stop()
        await server.stop()
    }

    @Test("a plugin that does not send the message for which it has got 354: closed, and not a word more")
    func forgottenMessage() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        let reply = try await holder.open(
            { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", port, 700) },
            saying: "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA")
        #expect(reply.reply.code == 354)
        #expect(try await bench.eventually { $0.openConnections == 0 })
        #expect(try await bench.eventually { _ in server.now.open == 0 })
        #expect(server.now.messageBytes == 0 && server.now.messages.isEmpty)
        await bench.stop()
        await server.stop()
    }

    @Test("more commands give a silent server no more time for the first", arguments: [true, false])
    func impatient(isPipelined: Bool) async throws {
        let server = try await OutboundServer.usual {
            $0.acts["NOOP"] = .silence
            if !isPipelined { $0.offers = [] }
        }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        // One every 20 ms, until the first is answered.
        let failure: SMTPClientReply.Failure? = await bench.ask { answer in
            var options = SMTPClientOptions()
            (options.host, options.port, options.idleTimeout) = ("127.0.0.1", port, 500)
            holder.dialogue = holder.clients.open(options, for: nil) { _ in
                bench.loop.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { task in
                    holder.dialogue?.command(Array("NOOP".utf8)) { reply in
                        task.cancel()
                        if let failure = reply.failure { answer(failure) }
                    }
                }
            }
        }
        #expect(failure == .timedOut)
        #expect(try await bench.eventually { $0.openConnections == 0 })
        await bench.stop()
        await server.stop()
    }

    @Test("a reply that never ends is none: the dialogue is over in time")
    func dripping() async throws {
        let server = try await OutboundServer.usual { $0.acts["NOOP"] = .drip(20) }
        let bench = try OutboundBench()
        let holder = try await DialogueHolder(bench)
        let port = server.port
        let reply = try await holder.open(
            { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", port, 500) }, saying: "NOOP")
        #expect(reply.failure == .timedOut)
        await bench.stop()
        await server.stop()
    }

    @Test("where all connections are taken nobody waits longer than his limit")
    func crowded() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench { $0.connections.perHost = 1 }
        let (first, second) = (try await DialogueHolder(bench), try await DialogueHolder(bench))
        let port = server.port
        _ = try await first.open { ($0.host, $0.port) = ("127.0.0.1", port) }
        let late = try await second.open { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", port, 150) }
        #expect(late.failure == .timedOut && late.reply.lines == ["no connection was free within 150 ms"])
        // Nobody is told a second time when it becomes free, and the next one gets it.
        await first.run { $0.release() }
        #expect(try await bench.eventually { $0.idleConnections == 1 })
        let opened = try await second.open { ($0.host, $0.port, $0.idleTimeout) = ("127.0.0.1", port, 60_000) }
        #expect(opened.reply.code == 250 && server.now.connections == 1)
        await bench.stop()
        await server.stop()
    }
}
