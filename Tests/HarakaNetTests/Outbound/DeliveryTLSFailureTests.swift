// TLS that is offered and does not work: when the mail goes in the clear, and when it waits.

import HarakaCore
import HarakaQueue
import HarakaTLS
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("TLS of deliveries that fails", .serialized)
struct DeliveryTLSFailureTests {
    @Test("a handshake that fails is forgiven once, and remembered")
    func fallback() async throws {
        // A server that offers TLS and then speaks in the clear.
        let server = try await DeliveryTLSTests.server { $0.tls = nil }
        let bench = try OutboundBench()
        let first = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(first.delivered.count == 1 && !first.isSecured)
        #expect(server.now.connections == 2)
        #expect(bench.log.with("TLS failed, trying without: ").count == 1)
        // Another one does not even try. (The kept connection has other rules than one that would.)
        let second = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(second.delivered.count == 1 && server.now.lines.filter { $0.contains("STARTTLS") }.count == 1)
        await bench.stop()
        await server.stop()
    }

    @Test("a server that closes right behind the handshake gets the mail in the clear, too")
    func closedAfterwards() async throws {
        let server = try await OutboundServer { number in
            Behaviour {
                $0.offers.append("STARTTLS")
                $0.tls = DeliveryTLSTests.context
                if number == 1 { $0.closesBehindHandshake = true }
            }
        }
        let bench = try OutboundBench()
        let result = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(result.delivered.count == 1 && !result.isSecured && server.now.connections == 2)
        await bench.stop()
        await server.stop()
    }

    @Test(
        "a server that leaves or falls silent when asked for TLS gets the mail in the clear at once, and is remembered",
        arguments: [Behaviour.Act.close, .closeAfter("220 go on"), .silence])
    func leaves(act: Behaviour.Act) async throws {
        let server = try await DeliveryTLSTests.server { $0.acts["STARTTLS"] = act }
        let bench = try OutboundBench { if act.isSilence { $0.timeouts.reply = 700 } }
        for _ in 1...2 {
            let result = try await bench.deliver(DeliveryJob([Hop(server)]))
            #expect(result.delivered.count == 1 && !result.isSecured && result.error == "")
        }
        let seen = server.now
        #expect(seen.messages.count == 2 && seen.connections == 2, "\(seen.lines)")
        #expect(seen.lines.filter { $0.contains("STARTTLS") }.count == 1)
        #expect(bench.log.with("TLS failed, trying without: ").count == 1)
        await bench.stop()
        await server.stop()
    }

    @Test("where we log in a failed handshake is no reason to go on in the clear: the password would be heard")
    func login() async throws {
        let server = try await DeliveryTLSTests.server {
            $0.tls = nil
            $0.offers.append("AUTH PLAIN LOGIN")
        }
        let bench = try OutboundBench()
        // The same server, seen from the network: on this machine nobody can listen.
        var hop = Hop(server, ip: "::ffff:127.0.0.1")
        hop.auth = HopAuth(user: "me", password: "secret")
        for round in 1...2 {
            let result = try await bench.deliver(DeliveryJob([hop]))
            #expect(result.deferred.count == 1 && result.failed.isEmpty)
            #expect(server.now.connections == round)
        }
        #expect(!server.now.lines.contains { $0.contains("AUTH") || $0.contains("MAIL") })
        hop.auth = nil
        #expect(try await bench.deliver(DeliveryJob([hop])).delivered.count == 1)
        // What others have found out in the meantime changes nothing for us.
        hop.auth = HopAuth(user: "me", password: "secret")
        #expect(try await bench.deliver(DeliveryJob([hop])).deferred.count == 1)
        #expect(!server.now.lines.contains { $0.contains("AUTH") })
        await bench.stop()
        await server.stop()
    }

    @Test("a failure is remembered only as long as the settings say")
    func expiry() async throws {
        let server = try await DeliveryTLSTests.server { $0.tls = nil }
        let bench = try OutboundBench { ($0.tlsFailureMemory, $0.connections.idle) = (0, 0) }
        for _ in 1...2 { #expect(try await bench.deliver(DeliveryJob([Hop(server)])).delivered.count == 1) }
        #expect(server.now.lines.filter { $0.contains("STARTTLS") }.count == 2)
        await bench.stop()
        await server.stop()
        var failures = TLSFailures()
        let now = NIODeadline.now()
        failures.remember("a", for: .seconds(10), now: now)
        #expect(failures.has("a", now: now + .seconds(9)) && !failures.has("b", now: now))
        #expect(!failures.has("a", now: now + .seconds(10)) && failures.count == 0)
        for index in 0..<1500 { failures.remember("\(index)", for: .seconds(1), now: now + .seconds(2 * Int64(index))) }
        #expect(failures.count < 1000)
    }

    @Test("what stands in the clear behind the 220 of STARTTLS is not taken for what TLS brings")
    func injected() async throws {
        let server = try await DeliveryTLSTests.server {
            $0.acts["STARTTLS"] = .reply("220 go on\r\n250 mx.example.com")
        }
        let bench = try OutboundBench()
        for round in 1...2 {
            let result = try await bench.deliver(DeliveryJob([Hop(server)]))
            #expect(result.deferred.count == 1 && server.now.messages.isEmpty)
            #expect(result.error.contains("Words in the clear behind the reply to STARTTLS"))
            // Nobody was asked again in the clear, nor is anything remembered.
            #expect(server.now.connections == round)
            #expect(server.now.lines.filter { $0.contains("STARTTLS") }.count == round)
        }
        await bench.stop()
        await server.stop()
    }
}
