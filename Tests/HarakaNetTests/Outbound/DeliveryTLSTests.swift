// When deliveries are encrypted, and what happens when that fails.

import Glibc
import HarakaCore
import HarakaQueue
import HarakaTLS
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("TLS of deliveries", .serialized)
struct DeliveryTLSTests {
    private static let identity = try? CertificateMaker(names: ["mx.example.com"], days: 30).selfSigned()

    /// Of a server whose certificate nobody has vouched for, but who knows it.
    private static func trusting(_ change: (inout ClientTLSSettings) -> Void = { _ in }) -> ClientTLSSettings {
        var settings = ClientTLSSettings()
        settings.rules.authorities = [PEMText(name: "ca", bytes: identity?.certificate ?? [])]
        change(&settings)
        return settings
    }

    static let context: TLSContext? = try? {
        var settings = TLSSettings()
        guard let identity else { return try TLSContext(settings, tickets: Certificate.tickets) }
        settings.identities = [
            TLSIdentity(
                key: PEMText(name: "key", bytes: identity.key), chain: PEMText(name: "crt", bytes: identity.certificate)
            )
        ]
        return try TLSContext(settings, tickets: Certificate.tickets)
    }()

    static func server(_ change: @escaping @Sendable (inout Behaviour) -> Void = { _ in }) async throws
        -> OutboundServer
    {
        try await OutboundServer.usual {
            $0.offers.append("STARTTLS")
            $0.tls = context
            change(&$0)
        }
    }

    @Test("TLS is used where it is offered, whoever the server is")
    func opportunistic() async throws {
        let server = try await Self.server()
        let bench = try OutboundBench()
        for _ in 1...2 {
            let result = try await bench.deliver(DeliveryJob([Hop(server, host: "other.example.com")]))
            #expect(result.delivered.count == 1 && result.isSecured)
        }
        let seen = server.now
        #expect(seen.handshakes == 1 && seen.connections == 1 && seen.messages.count == 2)
        #expect(seen.lines.prefix(3) == ["1 EHLO me.example.org", "1 STARTTLS", "1 EHLO me.example.org"])
        await bench.stop()
        await server.stop()
    }

    @Test("four mebibytes go through TLS")
    func large() async throws {
        let server = try await Self.server()
        let bench = try OutboundBench()
        let line = [UInt8](repeating: 0x41, count: 62) + [0x0D, 0x0A]
        let bytes = Array(repeatElement(line, count: 4 * 1024 * 1024 / 64).joined())
        let result = try await bench.deliver(DeliveryJob([Hop(server)], TestMessage(bytes)))
        #expect(
            result.isSecured
                && server.now.messages.first.map { $0.count == bytes.count && memcmp($0, bytes, bytes.count) == 0 }
                    == true
        )
        await bench.stop()
        await server.stop()
    }

    @Test("with no_tls_hosts, enable_tls=false or a hop that says never there is none")
    func never() async throws {
        let server = try await Self.server()
        var never = Hop(server)
        never.tls = .never
        let lists = [HostList(["MX.example.com"]), HostList(["127.0.0.0/8"]), HostList(["example.com"])]
        for list in lists {
            let bench = try OutboundBench(tls: Self.trusting { $0.hostsWithoutTLS = list })
            #expect(try await bench.deliver(DeliveryJob([Hop(server)])).isSecured == false)
            await bench.stop()
        }
        let disabled = try OutboundBench { $0.usesTLS = false }
        #expect(try await disabled.deliver(DeliveryJob([Hop(server)])).isSecured == false)
        await disabled.stop()
        let bench = try OutboundBench()
        #expect(try await bench.deliver(DeliveryJob([never])).isSecured == false)
        await bench.stop()
        #expect(server.now.handshakes == 0 && server.now.messages.count == 5)
        await server.stop()
    }

    @Test(
        "forced: no TLS, or no good certificate, and the next host gets it; nobody gets the mail in the clear"
    )
    func forced() async throws {
        let bare = try await OutboundServer.usual()
        let refusing = try await Self.server { $0.acts["STARTTLS"] = .reply("454 4.7.0 not now") }
        let good = try await Self.server()
        let hops = [Hop(bare), Hop(refusing), Hop(good, host: "other.example.com"), Hop(good)]
        let bench = try OutboundBench(tls: Self.trusting { $0.forcedHosts = HostList(["example.com"]) })
        let result = try await bench.deliver(DeliveryJob(hops))
        #expect(result.delivered.count == 1 && result.isSecured && result.port == good.port)
        #expect(bare.now.messages.isEmpty && refusing.now.messages.isEmpty && good.now.connections == 2)
        #expect(bench.log.with("No TLS available but required by configuration.").count == 1)
        #expect(bench.log.with("the server's certificate: ").count >= 1)
        // The same by a plugin's word, and by the hop's.
        let other = try OutboundBench(tls: Self.trusting())
        var job = DeliveryJob([Hop(bare)])
        job.forcesTLS = true
        let forced = try await other.deliver(job)
        #expect(
            forced.deferred.map(\.reason) == ["Tried all MXs: No TLS available but required by configuration."])
        var hop = Hop(bare)
        hop.tls = .required
        #expect(try await other.deliver(DeliveryJob([hop])).deferred.count == 1)
        #expect(bare.now.messages.isEmpty)
        await bench.stop()
        await other.stop()
        for server in [bare, refusing, good] { await server.stop() }
    }

    @Test("a connection without a good certificate does not serve those who need one")
    func keptApart() async throws {
        let server = try await Self.server()
        let bench = try OutboundBench(tls: Self.trusting())
        #expect(try await bench.deliver(DeliveryJob([Hop(server)])).isSecured)
        var job = DeliveryJob([Hop(server)])
        job.forcesTLS = true
        #expect(try await bench.deliver(job).isSecured)
        #expect(server.now.connections == 2 && server.now.handshakes == 2)
        await bench.stop()
        await server.stop()
    }

    @Test("with `rejectUnauthorized` a bad certificate is no reason to go on in the clear")
    func rejecting() async throws {
        let server = try await Self.server()
        let bench = try OutboundBench(tls: Self.trusting { $0.verifies = true })
        let result = try await bench.deliver(DeliveryJob([Hop(server, host: "other.example.com")]))
        #expect(result.deferred.count == 1 && server.now.messages.isEmpty)
        #expect(try await bench.deliver(DeliveryJob([Hop(server)])).isSecured)
        await bench.stop()
        await server.stop()
    }

    @Test("a handshake that never ends has a limit, and then there is none")
    func endless() async throws {
        let server = try await Self.server { $0.acts["STARTTLS"] = .reply("220 go on") }
        let bench = try OutboundBench(tls: Self.trusting { $0.handshakeLimit = 0.2 })
        // The server takes the ClientHello for commands and answers, or waits for the end of a line.
        #expect(try await bench.deliver(DeliveryJob([Hop(server)])).delivered.count == 1)
        await bench.stop()
        await server.stop()
    }
}
