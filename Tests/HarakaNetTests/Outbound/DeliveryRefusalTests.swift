// All hosts of a destination are used up: for good, or for now.

import HarakaCore
import HarakaQueue
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("Deliveries that nobody takes", .serialized)
struct DeliveryRefusalTests {
    /// What each host does, and what comes of it when all are used up.
    struct Refusals: Sendable, CustomStringConvertible {
        /// Verb and reply; nil: nobody is there.
        let hosts: [(verb: String, reply: String)?]
        let isFinal: Bool
        let status: EnhancedStatus
        let reason: String
        var description: String {
            hosts.map { $0.map { "\($0.verb) \($0.reply)" } ?? "nobody" }.joined(separator: ", ")
        }

        init(_ hosts: [(String, String)?], isFinal: Bool, _ status: (UInt8, UInt16, UInt16), _ reason: String) {
            self.hosts = hosts
            (self.isFinal, self.reason) = (isFinal, reason)
            self.status = EnhancedStatus(class: status.0, subject: status.1, detail: status.2)
        }
    }

    private static let no = ("CONNECT", "554 5.7.1 not you")
    private static let neither = ("EHLO", "550 5.7.2 nor you")
    private static let busy = ("CONNECT", "421 4.3.2 busy")

    static let refusals = [
        Refusals([no], isFinal: true, (5, 7, 1), "Upstream error: 554 5.7.1 not you"),
        Refusals([no, no], isFinal: true, (5, 7, 1), "Upstream error: 554 5.7.1 not you"),
        Refusals([no, neither], isFinal: true, (5, 7, 2), "Upstream error: 550 5.7.2 nor you"),
        Refusals([("CONNECT", "554 go away")], isFinal: true, (5, 0, 0), "Upstream error: 554 go away"),
        Refusals([no, ("MAIL", "550 5.1.8 no")], isFinal: true, (5, 1, 8), "Upstream error: 550 5.1.8 no"),
        Refusals([busy, no], isFinal: false, (4, 7, 1), "Tried all MXs: Upstream error: 554 5.7.1 not you"),
        Refusals([no, busy], isFinal: false, (4, 3, 2), "Tried all MXs: Upstream error: 421 4.3.2 busy"),
        Refusals([nil, no], isFinal: false, (4, 7, 1), "Tried all MXs: Upstream error: 554 5.7.1 not you"),
        Refusals([no, nil], isFinal: false, (4, 4, 1), "Tried all MXs: connection refused"),
        Refusals(
            [("MAIL", "451 4.3.0 later"), no], isFinal: false, (4, 7, 1),
            "Tried all MXs: Upstream error: 554 5.7.1 not you"),
        Refusals(
            [no, ("CONNECT", "rubbish")], isFinal: false, (4, 5, 0),
            "Tried all MXs: Unrecognized response from upstream server: rubbish"),
    ]

    @Test("all hosts are used up: final only if each has refused us for good", arguments: refusals)
    func refused(refusals: Refusals) async throws {
        let gone = try await OutboundServer.usual()
        let port = gone.port
        await gone.stop()
        var (servers, hops): ([OutboundServer], [Hop]) = ([], [])
        for host in refusals.hosts {
            guard let host else {
                hops.append(Hop(port: port))
                continue
            }
            let server = try await OutboundServer.usual {
                $0.acts[host.verb] = .reply(host.reply)
                if host.verb == "EHLO" { $0.acts["HELO"] = .reply(host.reply) }
            }
            servers.append(server)
            hops.append(Hop(server))
        }
        let bench = try OutboundBench()
        let result = try await bench.deliver(DeliveryJob(hops, to: ["a", "b"]))
        let told = refusals.isFinal ? result.failed : result.deferred
        #expect(told.map(\.address.user) == ["a", "b"] && result.failed.count + result.deferred.count == 2)
        #expect(told.allSatisfy { $0.reason == refusals.reason && $0.status == refusals.status }, "\(told)")
        #expect(result.error == refusals.reason)
        #expect(servers.allSatisfy { $0.now.connections == 1 && $0.now.messages.isEmpty })
        await bench.stop()
        for server in servers { await server.stop() }
    }

    @Test("when all hosts are used up the last reason is told")
    func usedUp() async throws {
        let first = try await OutboundServer.usual { $0.acts["CONNECT"] = .reply("421 4.3.2 busy") }
        let second = try await OutboundServer.usual { $0.acts["CONNECT"] = .reply("554 5.7.1 not you") }
        let bench = try OutboundBench()
        let result = try await bench.deliver(DeliveryJob([Hop(first), Hop(second)]))
        let failure = try #require(result.deferred.first)
        #expect(result.failed.isEmpty && result.delivered.isEmpty && !result.hasReachedAnybody)
        #expect(failure.reason == "Tried all MXs: Upstream error: 554 5.7.1 not you")
        #expect(result.error == failure.reason && failure.status == EnhancedStatus(class: 4, subject: 7, detail: 1))
        #expect(failure.reply?.code == 554 && failure.remote == "mx.example.com")
        #expect(bench.log.with("Upstream error: 421 4.3.2 busy").count == 1)
        let none = try await bench.deliver(DeliveryJob([]))
        #expect(none.deferred.map(\.reason) == ["Tried all MXs"])
        await bench.stop()
        await first.stop()
        await second.stop()
    }
}
