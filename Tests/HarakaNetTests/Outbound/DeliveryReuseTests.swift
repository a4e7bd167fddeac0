// Connections that are kept, shared, counted and closed.

import HarakaCore
import HarakaQueue
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("Kept connections", .serialized)
struct DeliveryReuseTests {
    @Test("one connection takes one message after the other, up to its cap")
    func cap() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench { $0.connections.messages = 3 }
        for _ in 1...7 { #expect(try await bench.deliver(DeliveryJob([Hop(server)])).delivered.count == 1) }
        #expect(server.now.connections == 3 && server.now.messages.count == 7)
        #expect(try await bench.eventually { $0.openConnections == 1 && $0.idleConnections == 1 })
        #expect(server.now.lines.filter { $0.hasSuffix("QUIT") } == ["1 QUIT", "2 QUIT"])
        await bench.stop()
        await server.stop()
    }

    @Test("who asks for something else gets another connection")
    func keys() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        var other = Hop(server)
        other.helo = "other.example.org"
        var auth = Hop(server)
        auth.auth = HopAuth(user: "u", password: "p")
        var bound = Hop(server)
        bound.bind = "127.0.0.8"
        for hop in [Hop(server), other, auth, bound, Hop(server)] {
            #expect(try await bench.deliver(DeliveryJob([hop])).delivered.count == 1)
        }
        #expect(server.now.connections == 4)
        await bench.stop()
        await server.stop()
    }

    @Test("an idle connection ends with QUIT when its time is over, and none is kept where none may be")
    func idle() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench { $0.connections.idle = 50 }
        _ = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(try await bench.eventually { $0.openConnections == 0 })
        #expect(server.now.lines.last == "1 QUIT")
        let none = try OutboundBench { $0.connections.idle = 0 }
        _ = try await none.deliver(DeliveryJob([Hop(server)]))
        _ = try await none.deliver(DeliveryJob([Hop(server)]))
        #expect(server.now.connections == 3)
        await bench.stop()
        await none.stop()
        await server.stop()
    }

    @Test(
        "a connection that the server has closed meanwhile is replaced, and nobody counts that",
        arguments: [true, false])
    func stale(says421: Bool) async throws {
        // The second message finds the first connection closing.
        let server = try await OutboundServer { number in
            Behaviour {
                if number == 1 { $0.acts["RSET"] = says421 ? .closeAfter("421 4.4.2 idle") : .close }
                if number == 1 { $0.recipients["nobody"] = "550 5.1.1 nobody" }
            }
        }
        let bench = try OutboundBench()
        // All recipients refused: the next message begins with RSET.
        #expect(try await bench.deliver(DeliveryJob([Hop(server)], to: ["nobody"])).failed.count == 1)
        let result = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(result.delivered.count == 1 && result.error == "")
        #expect(server.now.connections == 2)
        await bench.stop()
        await server.stop()
    }

    @Test("a server that closes an idle connection is noticed at once")
    func closedWhileIdle() async throws {
        let server = try await OutboundServer.usual { $0.acts["DOT"] = .closeAfter("250 2.0.0 queued") }
        let bench = try OutboundBench()
        #expect(try await bench.deliver(DeliveryJob([Hop(server)])).delivered.count == 1)
        #expect(try await bench.eventually { $0.openConnections == 0 && $0.idleConnections == 0 })
        #expect(try await bench.deliver(DeliveryJob([Hop(server)])).delivered.count == 1)
        await bench.stop()
        await server.stop()
    }

    @Test("a host gets no more connections than it may have; who must wait gets its turn")
    func perHost() async throws {
        let server = try await OutboundServer.usual { $0.acts["DOT"] = .delay(5) }
        let bench = try OutboundBench { $0.connections.perHost = 3 }
        let jobs = (0..<30).map { _ in DeliveryJob([Hop(server)]) }
        let results = try await bench.deliver(all: jobs)
        #expect(results.allSatisfy { $0.delivered.count == 1 } && results.count == 30)
        #expect(server.now.mostOpen == 3 && server.now.connections == 3 && server.now.messages.count == 30)
        await bench.stop()
        await server.stop()
    }

    @Test("an idle connection of another kind makes room for whoever waits")
    func room() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench { $0.connections.perHost = 1 }
        var other = Hop(server)
        other.helo = "other.example.org"
        for hop in [Hop(server), other, Hop(server)] {
            #expect(try await bench.deliver(DeliveryJob([hop])).delivered.count == 1)
        }
        #expect(server.now.mostOpen == 1 && server.now.connections == 3)
        await bench.stop()
        await server.stop()
    }

    @Test("two hundred deliveries at the same time")
    func parallel() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench { $0.connections.perHost = 200 }
        let results = try await bench.deliver(all: (0..<200).map { _ in DeliveryJob([Hop(server)]) })
        #expect(results.allSatisfy { $0.delivered.count == 1 })
        #expect(server.now.messages.count == 200 && server.now.connections == 200)
        #expect(try await bench.read { $0.deliveries } == 0)
        await bench.stop()
        await server.stop()
    }

    @Test("settings that change end what is kept")
    func changed() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        _ = try await bench.deliver(DeliveryJob([Hop(server)]))
        let _: Bool? = await bench.ask { answer in
            bench.deliverer.change(bench.deliverer.settings, tls: bench.deliverer.pool.tls)
            answer(true)
        }
        _ = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(server.now.connections == 2 && server.now.lines.contains("1 QUIT"))
        await bench.stop()
        await server.stop()
    }

    @Test("closing says QUIT to the idle, cuts off the others after a while, and takes nothing new")
    func closing() async throws {
        let server = try await OutboundServer.usual { $0.recipients["slow"] = "250 OK" }
        let silent = try await OutboundServer.usual { $0.acts["MAIL"] = .silence }
        let bench = try OutboundBench()
        _ = try await bench.deliver(DeliveryJob([Hop(server)]))
        let results: [DeliveryResult]? = await bench.ask { answer in
            nonisolated(unsafe) var results: [DeliveryResult] = []
            bench.deliverer.deliver(DeliveryJob([Hop(silent)])) { results.append($0) }
            bench.loop.eventLoop.scheduleTask(in: .milliseconds(100)) {
                bench.deliverer.close(within: .milliseconds(50)) {
                    bench.deliverer.deliver(DeliveryJob([Hop(server)])) {
                        results.append($0)
                        answer(results)
                    }
                }
            }
        }
        let ended = try #require(results)
        #expect(ended.count == 2 && ended.allSatisfy { $0.deferred.count == 1 })
        #expect(ended.last?.error == "this server is stopping")
        #expect(server.now.lines.last == "1 QUIT")
        #expect(try await bench.read { $0.openConnections } == 0)
        await bench.stop()
        await server.stop()
        await silent.stop()
    }
}
