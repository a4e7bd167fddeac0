// Deliveries to servers that do what they should, and to those that do not.

import Glibc
import HarakaCore
import HarakaQueue
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("Deliveries", .serialized)
struct DeliveryTests {
    @Test("a message arrives with its dots doubled, and the result says where")
    func arrives() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        let result = try await bench.deliver(DeliveryJob([Hop(server)], to: ["a", "b"]))
        #expect(result.delivered.map(\.user) == ["a", "b"] && result.failed.isEmpty && result.deferred.isEmpty)
        #expect(result.host == "mx.example.com" && result.ip == "127.0.0.1" && result.port == server.port)
        #expect(result.response == "250 2.0.0 queued" && result.error == "" && result.hasReachedAnybody)
        #expect(!result.isSecured && !result.isLMTP && !result.isAuthenticated)
        let seen = server.now
        #expect(seen.messages.map { String(decoding: $0, as: UTF8.self) } == ["Subject: hello\r\n\r\n..dot\r\nend\r\n"])
        #expect(
            seen.lines.prefix(5) == [
                "1 EHLO me.example.org", "1 MAIL FROM:<me@example.org> SIZE=29", "1 RCPT TO:<a@example.com>",
                "1 RCPT TO:<b@example.com>", "1 DATA",
            ])
        await bench.stop()
        await server.stop()
    }

    @Test(
        "a message of any size arrives as it is", arguments: [0, 1, 49_151, 49_152, 49_153, 100_000, 20 * 1024 * 1024])
    func sizes(size: Int) async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        let (bytes, expected) = Self.lines(size)
        let result = try await bench.deliver(DeliveryJob([Hop(server)], TestMessage(bytes)))
        #expect(result.delivered.count == 1)
        let got = try #require(server.now.messages.first)
        #expect(got.count == expected.count && memcmp(got, expected, got.count) == 0)
        await bench.stop()
        await server.stop()
    }

    /// Lines of all lengths, many of which begin with dots; and how they go over the wire.
    private static func lines(_ size: Int) -> (bytes: [UInt8], expected: [UInt8]) {
        var (bytes, expected): ([UInt8], [UInt8]) = ([], [])
        bytes.reserveCapacity(size)
        expected.reserveCapacity(size + size / 8)
        var length = 0
        while bytes.count < size {
            let byte: UInt8 = length % 3 == 0 ? 0x2E : 0x41
            let whole = [UInt8](repeating: byte, count: length % (size > 1_000_000 ? 2000 : 120)) + [0x0D, 0x0A]
            let line = whole.prefix(size - bytes.count)
            if line.first == 0x2E { expected.append(0x2E) }
            bytes += line
            expected += line
            length += 1
        }
        if !bytes.isEmpty, !bytes.suffix(2).elementsEqual([0x0D, 0x0A]) { expected += [0x0D, 0x0A] }
        return (bytes, expected)
    }

    /// What is said or done, at which stage, and what comes of it: the next host gets it, or it is deferred, or failed.
    struct Fault: Sendable, CustomStringConvertible {
        enum End { case nextHost, deferred, failed }
        let verb: String
        let act: Behaviour.Act
        let end: End
        let error: String
        var description: String { "\(verb) \(act)" }

        init(_ verb: String, _ act: Behaviour.Act, _ end: End, _ error: String) {
            (self.verb, self.act, self.end, self.error) = (verb, act, end, error)
        }
    }

    static let faults = [
        Fault("CONNECT", .reply("421 4.3.2 busy"), .nextHost, "421 4.3.2 busy"),
        Fault("CONNECT", .reply("554 5.7.1 not you"), .nextHost, "554 5.7.1 not you"),
        Fault("CONNECT", .close, .nextHost, "closed by the server before the greeting"),
        Fault("CONNECT", .reply("rubbish"), .nextHost, "Unrecognized response from upstream server: rubbish"),
        Fault("CONNECT", .silence, .nextHost, "no greeting"),
        Fault("EHLO", .reply("451 4.3.0 later"), .nextHost, "451 4.3.0 later"),
        Fault("EHLO", .close, .nextHost, "before the reply to EHLO"),
        Fault("EHLO", .silence, .nextHost, "no reply to EHLO"),
        Fault("MAIL", .reply("451 4.3.0 later"), .nextHost, "451 4.3.0 later"),
        Fault("MAIL", .reply("550 5.7.1 no"), .failed, "550 5.7.1 no"),
        Fault("MAIL", .reply("rubbish"), .failed, "Unrecognized response from upstream server: rubbish"),
        Fault("MAIL", .close, .nextHost, "before the reply to MAIL"),
        Fault("MAIL", .closeAfter("421 4.3.2 bye"), .nextHost, "421 4.3.2 bye"),
        Fault("MAIL", .silence, .nextHost, "no reply to MAIL"),
        Fault("RCPT", .reply("451 4.7.1 greylisted"), .deferred, "451 4.7.1 greylisted"),
        Fault("RCPT", .reply("550 5.1.1 nobody"), .failed, "550 5.1.1 nobody"),
        Fault("RCPT", .close, .nextHost, "before the reply to RCPT"),
        Fault("RCPT", .silence, .nextHost, "no reply to RCPT"),
        Fault("DATA", .reply("451 4.3.0 later"), .nextHost, "451 4.3.0 later"),
        Fault("DATA", .reply("554 5.6.0 no"), .failed, "554 5.6.0 no"),
        Fault("DATA", .close, .nextHost, "before the reply to DATA"),
        Fault("DATA", .silence, .nextHost, "no reply to DATA"),
        Fault("MESSAGE", .close, .nextHost, ""),
        Fault("MESSAGE", .closeAfter("552 5.3.4 too big"), .failed, "552 5.3.4 too big"),
        Fault("DOT", .reply("451 4.3.0 later"), .deferred, "451 4.3.0 later"),
        Fault("DOT", .reply("554 5.7.1 spam"), .failed, "554 5.7.1 spam"),
        Fault("DOT", .close, .deferred, "before the reply to the message"),
        Fault("DOT", .silence, .deferred, "no reply to the message"),
        Fault("DOT", .reply("rubbish"), .failed, "Unrecognized response from upstream server: rubbish"),
    ]

    @Test("every fault at every stage", arguments: faults, [true, false])
    func fault(fault: Fault, isPipelined: Bool) async throws {
        let bad = try await OutboundServer.usual {
            $0.acts[fault.verb] = fault.act
            if !isPipelined { $0.offers = [] }
        }
        let good = try await OutboundServer.usual()
        let bench = try OutboundBench {
            if fault.act.isSilence { ($0.timeouts.reply, $0.timeouts.message) = (700, 700) }
        }
        // Larger than what goes out at once, so that the fault can meet it in the midst.
        let large = TestMessage([UInt8](repeating: 0x41, count: fault.verb == "MESSAGE" ? 4_000_000 : 100))
        let result = try await bench.deliver(DeliveryJob([Hop(bad), Hop(good)], large))
        let counts = [result.delivered.count, result.deferred.count, result.failed.count]
        #expect(good.now.connections == (fault.end == .nextHost ? 1 : 0))
        switch fault.end {
        case .nextHost: #expect(counts == [1, 0, 0] && result.port == good.port && result.error == "")
        case .deferred: #expect(counts == [0, 1, 0])
        case .failed: #expect(counts == [0, 0, 1])
        }
        if fault.end != .nextHost {
            let failure = try #require(result.failed.first ?? result.deferred.first)
            #expect(failure.reason.contains(fault.error), "\(failure.reason)")
            #expect(result.error.contains(fault.error))
            #expect(failure.status.class == (fault.end == .failed ? 5 : 4))
        } else if !(isPipelined && fault.act.isSilence) {
            // Pipelined, the next reply is taken for the one that does not come.
            #expect(bench.log.with(":\(bad.port): ").contains { $0.contains(fault.error) }, "\(bench.log.all)")
        }
        await bench.stop()
        await bad.stop()
        await good.stop()
    }

    @Test(
        "the log has each command as it went out, a line each, also when they are pipelined", arguments: [true, false])
    func logged(isPipelined: Bool) async throws {
        let server = try await OutboundServer.usual { if !isPipelined { $0.offers = [] } }
        let bench = try OutboundBench()
        #expect(try await bench.deliver(DeliveryJob([Hop(server)])).delivered.count == 1)
        let said = bench.log.with("C: ").compactMap { $0.split(separator: "C: ").last.map(String.init) }
        let size = isPipelined ? " SIZE=29" : ""
        #expect(
            said.prefix(4) == [
                "EHLO me.example.org", "MAIL FROM:<me@example.org>\(size)", "RCPT TO:<a@example.com>", "DATA",
            ])
        await bench.stop()
        await server.stop()
    }

    @Test("a server that gives its reply byte by byte has no longer for it than others")
    func dripping() async throws {
        let server = try await OutboundServer.usual { $0.acts["EHLO"] = .drip(20) }
        let bench = try OutboundBench { $0.timeouts.reply = 700 }
        let result = try await bench.deliver(DeliveryJob([Hop(server)]))
        #expect(result.deferred.count == 1 && result.error.contains("no reply to EHLO"), "\(result.error)")
        await bench.stop()
        await server.stop()
    }

    @Test("nobody listens, or the address is none of ours: the next host")
    func unreachable() async throws {
        let gone = try await OutboundServer.usual()
        let port = gone.port
        await gone.stop()
        let good = try await OutboundServer.usual()
        let bench = try OutboundBench()
        var bound = Hop(good)
        bound.bind = "192.0.2.1"
        var mixed = Hop(good)
        mixed.bind = "::1"
        var socket = Hop()
        socket.path = "/nonexistent/socket"
        let hops = [Hop(port: port), bound, mixed, socket, Hop(good)]
        let result = try await bench.deliver(DeliveryJob(hops))
        #expect(result.delivered.count == 1 && good.now.connections == 1)
        #expect(bench.log.with("connection refused").count == 1 && bench.log.with("no such file").count == 1)
        #expect(bench.log.with("cannot assign requested address").count == 1, "\(bench.log.all)")
        #expect(bench.log.with("::1 is no address to connect to 127.0.0.1 from").count == 1)
        await bench.stop()
        await good.stop()
    }

    @Test("a source address is used")
    func bound() async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        var hop = Hop(server)
        hop.bind = "127.0.0.9"
        hop.helo = "other.example.org"
        #expect(try await bench.deliver(DeliveryJob([hop])).delivered.count == 1)
        #expect(server.now.lines.first == "1 EHLO other.example.org")
        #expect(server.now.peers == ["127.0.0.9"])
        await bench.stop()
        await server.stop()
    }

    @Test("IPv6, and LMTP over a unix socket with one verdict for each recipient")
    func others() async throws {
        let path = "/tmp/haraka-lmtp-\(UInt32.random(in: 0...UInt32.max))"
        let lmtp = try await OutboundServer(path: path) { _ in
            Behaviour {
                $0.isLMTP = true
                $0.recipients = ["b": "550 5.1.1 nobody"]
                $0.finals = ["c": "452 4.2.2 full", "d": "554 5.7.1 spam"]
            }
        }
        let bench = try OutboundBench()
        var hop = Hop()
        (hop.path, hop.isLMTP) = (path, true)
        let result = try await bench.deliver(DeliveryJob([hop], to: ["a", "b", "c", "d"]))
        #expect(result.delivered.map(\.user) == ["a"])
        #expect(result.deferred.map(\.address.user) == ["c"] && result.deferred.first?.reason == "452 4.2.2 full")
        #expect(result.failed.map(\.address.user) == ["b", "d"])
        #expect(result.isLMTP && result.host == path && result.port == 0)
        let v6 = try await OutboundServer(host: "::1") { _ in Behaviour() }
        #expect(try await bench.deliver(DeliveryJob([Hop(v6, ip: "::1")])).ip == "::1")
        await bench.stop()
        await lmtp.stop()
        await v6.stop()
    }

    @Test("those whom a host refuses keep its verdict, the others go to the next host")
    func partial() async throws {
        let first = try await OutboundServer.usual {
            $0.recipients = ["b": "550 5.1.1 nobody", "c": "450 4.2.0 locked"]
            $0.acts["DATA"] = .reply("451 4.3.0 later")
        }
        let second = try await OutboundServer.usual()
        let bench = try OutboundBench()
        let result = try await bench.deliver(DeliveryJob([Hop(first), Hop(second)], to: ["a", "b", "c", "d"]))
        #expect(result.delivered.map(\.user) == ["a", "d"] && result.port == second.port)
        #expect(result.failed.map(\.address.user) == ["b"] && result.deferred.map(\.address.user) == ["c"])
        #expect(second.now.lines.filter { $0.contains("RCPT") }.count == 2)
        await bench.stop()
        await first.stop()
        await second.stop()
    }

    @Test("more recipients than a server takes at once: the rest follow over the same connection")
    func leftOver() async throws {
        let server = try await OutboundServer { _ in
            Behaviour { $0.recipients = ["c": "452 4.5.3 too many"] }
        }
        let bench = try OutboundBench()
        // The server refuses c for ever: it is alone in the second transaction, and has no third.
        let result = try await bench.deliver(DeliveryJob([Hop(server)], to: ["a", "b", "c"]))
        #expect(result.delivered.map(\.user) == ["a", "b"] && result.deferred.map(\.address.user) == ["c"])
        #expect(server.now.connections == 1 && server.now.messages.count == 1)
        #expect(server.now.lines.filter { $0.contains("MAIL") }.count == 2)
        await bench.stop()
        await server.stop()
    }

    @Test("a disk that fails ends the message without its dot, and nobody hears of a bounce", arguments: [0, 100_000])
    func broken(at offset: Int) async throws {
        let server = try await OutboundServer.usual()
        let bench = try OutboundBench()
        let message = TestMessage([UInt8](repeating: 0x41, count: 200_000), breaksAt: offset)
        let result = try await bench.deliver(DeliveryJob([Hop(server), Hop(server)], message))
        #expect(result.deferred.map(\.reason) == ["the disk is broken"] && result.failed.isEmpty)
        #expect(server.now.messages.isEmpty && server.now.connections == 1)
        await bench.stop()
        await server.stop()
    }

    @Test("a server that takes nothing any more holds no memory and no delivery for ever")
    func stalled() async throws {
        let server = try await OutboundServer.usual { $0.stopsReading = true }
        let bench = try OutboundBench { $0.timeouts.reply = 400 }
        let message = TestMessage([UInt8](repeating: 0x41, count: 64 * 1024 * 1024))
        let result = try await bench.deliver(DeliveryJob([Hop(server)], message))
        #expect(result.deferred.count == 1 && result.error.contains("transmission of the message"), "\(result.error)")
        // What is gone is in the kernel's buffers.
        #expect(message.readSoFar < 16 * 1024 * 1024, "\(message.readSoFar)")
        await bench.stop()
        await server.stop()
    }

    @Test("a server without 8BITMIME gets the message in seven bits, or not at all")
    func downgrade() async throws {
        let server = try await OutboundServer.usual { $0.offers = [] }
        let bench = try OutboundBench()
        var job = DeliveryJob([Hop(server)], TestMessage("Subject: x\r\n\r\n\u{e4}\r\n"))
        job.envelope.is8Bit = true
        job.sevenBitForm = { TestMessage("Subject: x\r\n\r\n=C3=A4\r\n") }
        #expect(try await bench.deliver(job).delivered.count == 1)
        #expect(server.now.messages.map { String(decoding: $0, as: UTF8.self) } == ["Subject: x\r\n\r\n=C3=A4\r\n"])
        struct Signed: Error, CustomStringConvertible { let description = "it is signed" }
        job.sevenBitForm = { throw Signed() }
        let refused = try await bench.deliver(job)
        #expect(refused.failed.map(\.reason) == ["it is signed"])
        #expect(refused.failed.first?.status == EnhancedStatus(class: 5, subject: 6, detail: 3))
        await bench.stop()
        await server.stop()
    }
}
