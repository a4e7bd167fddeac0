// Handshakes that fail: what the log says, and that nothing worse happens.

import CSSL
import NIOCore
import Testing

@testable import HarakaTLS

@Suite("Failures")
struct FailureTests {
    @Test(
        "an old version is named",
        arguments: [(TLSVersion.v1_0, "TLSv1.0"), (.v1_1, "TLSv1.1")])
    func oldVersion(version: TLSVersion, name: String) throws {
        let old = try Made.client {
            $0.rules.minVersion = version
            $0.rules.maxVersion = version
        }
        let pair = try Pair(try Made.context(), old)
        pair.carry(cut: 1)
        #expect(pair.server.recorder.failure == "client offered only \(name)")
        #expect(pair.client.recorder.failure == "the server does not accept our versions of TLS")
        #expect(!pair.server.channel.isActive && !pair.client.channel.isActive)
    }

    @Test("old versions work for who asks for them")
    func wantedOldVersion() throws {
        let old = try Made.client {
            $0.rules.minVersion = .v1_0
            $0.rules.maxVersion = .v1_0
        }
        let pair = try Pair(try Made.context { $0.rules.minVersion = .v1_0 }, old)
        pair.carry()
        #expect(pair.server.recorder.facts?.version == "TLSv1")
    }

    @Test("no cipher, group or signature in common")
    func nothingShared() throws {
        let rsaOnly = try Made.client {
            $0.rules.maxVersion = .v1_2
            $0.rules.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
        }
        let ciphers = try Pair(try Made.context(), rsaOnly)
        ciphers.carry()
        #expect(ciphers.server.recorder.failure == "no shared cipher: the client offered none of ours")
        #expect(ciphers.client.recorder.failure == "the server gave up: handshake failure")
        let groups = try Pair(
            try Made.context { $0.rules.groups = "X25519" }, try Made.client { $0.rules.groups = "P-521" })
        groups.carry()
        #expect(
            groups.server.recorder.failure
                == "no shared group for the key exchange: the client offered none of ours")
    }

    @Test("the client does not trust us")
    func distrust() throws {
        let strict = try Made.client { $0.rules.clientCertificate = .required }
        let pair = try Pair(try Made.context(), strict, name: "mail.example.com")
        pair.carry()
        #expect(pair.client.recorder.failure == "the server's certificate: self-signed")
        #expect(pair.server.recorder.failure == "the client does not accept our certificate: unknown CA")
        #expect(!pair.server.channel.isActive)
        let old = try Made.client {
            $0.rules.clientCertificate = .required
            $0.rules.maxVersion = .v1_2
        }
        let second = try Pair(try Made.context(), old, name: "mail.example.com")
        second.carry()
        #expect(second.server.recorder.failure == "the client does not accept our certificate: unknown CA")
    }

    @Test(
        "who speaks in the clear is told apart",
        arguments: [
            "EHLO mail.example.com\r\n", "GET / HTTP/1.1\r\n\r\n", "CONNECT a:25 HTTP/1.1\r\n", "\r\n\r\n\r\n\r\n",
        ])
    func clear(text: String) throws {
        for cut in [0, 1] {
            let end = try End(TLSHandler(server: try Made.context(), limit: .seconds(30)))
            try end.begin()
            for piece in Pair.pieces(Array(text.utf8), cut) { end.receive(piece) }
            #expect(end.recorder.failure == "not TLS at all: the client speaks in the clear")
            #expect(end.recorder.bytes.isEmpty && !end.channel.isActive)
        }
    }

    @Test("every damaged byte of a ClientHello, and cuts, end in words and in no trap")
    func damagedHello() throws {
        let client = try End(TLSHandler(client: try Made.client(), serverName: "mail.example.com", limit: .seconds(30)))
        try client.begin()
        let hello = client.sent()
        let context = try Made.context { $0.protocols = ["smtp"] }
        for index in hello.indices {
            var bytes = hello
            bytes[index] = [hello[index] ^ 0xFF, hello[index] &+ 1, 0][index % 3]
            let damaged = try End(TLSHandler(server: context, limit: .seconds(30)))
            try damaged.begin()
            damaged.receive(bytes)
            if damaged.recorder.events.isEmpty { damaged.receiveEnd() }
            let reason = try #require(damaged.recorder.failure)
            #expect(!reason.isEmpty && !reason.contains("\n"))
            guard index % 5 == 0 else { continue }
            let end = try End(TLSHandler(server: context, limit: .seconds(30)))
            try end.begin()
            end.receive(Array(hello[..<index]))
            #expect(end.recorder.events.isEmpty)
            end.receiveEnd()
            #expect(end.recorder.failure == "the client closed the connection during the handshake")
            #expect(end.recorder.inputEnds == 1)
        }
    }

    @Test("rubbish of many kinds is refused")
    func rubbish() throws {
        let context = try Made.context()
        var state: UInt64 = 88_172_645_463_325_252
        for round in 0..<200 {
            var bytes: [UInt8] = (0..<(round % 97 + 6)).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state)
            }
            // Half of them look like a record at first.
            if round % 2 == 0 { bytes.replaceSubrange(0..<5, with: [22, 3, 1, 0, UInt8(bytes.count - 5)]) }
            let end = try End(TLSHandler(server: context, limit: .seconds(30)))
            try end.begin()
            end.receive(bytes)
            if end.recorder.events.isEmpty { end.receiveEnd() }
            #expect(end.recorder.failure != nil && end.recorder.bytes.isEmpty)
        }
    }

    @Test(
        "a damaged record after the handshake ends the connection with an error", arguments: [TLSVersion.v1_2, .v1_3])
    func damagedRecord(version: TLSVersion) throws {
        let pair = try Pair(try Made.context(), try Made.client { $0.rules.maxVersion = version })
        pair.carry()
        pair.client.write("MAIL FROM:<>\r\n")
        var bytes = pair.client.sent()
        bytes[bytes.count - 1] ^= 1
        pair.server.receive(bytes)
        #expect(pair.server.recorder.errors == ["decryption failed or bad record mac"])
        #expect(pair.server.recorder.bytes.isEmpty && !pair.server.channel.isActive)
        pair.carry()
        #expect(pair.client.recorder.errors == ["the server gave up: bad record MAC"])
    }

    @Test("a handshake has a time limit")
    func limit() throws {
        let end = try End(TLSHandler(server: try Made.context(), limit: .seconds(30)))
        try end.begin()
        end.channel.embeddedEventLoop.advanceTime(by: .seconds(29))
        #expect(end.recorder.events.isEmpty)
        end.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(end.recorder.failure == "no handshake within 30 s")
        #expect(!end.channel.isActive)
        let pair = try Pair(try Made.context(), try Made.client())
        pair.carry()
        pair.server.channel.embeddedEventLoop.advanceTime(by: .seconds(31))
        #expect(pair.server.recorder.facts != nil && pair.server.channel.isActive)
    }

    @Test("a client that renegotiates gets nothing")
    func renegotiation() throws {
        let pair = try Pair(try Made.context(), try Made.client { $0.rules.maxVersion = .v1_2 })
        pair.carry()
        let ssl = try #require(pair.client.tls?.connection?.ssl)
        SSL_clear_options(ssl, CSSL_OP_NO_RENEGOTIATION())
        #expect(SSL_renegotiate(ssl) == 1)
        pair.client.write("x")
        pair.carry()
        #expect(pair.server.recorder.events.count == 1)
        #expect(pair.client.recorder.errors == ["no renegotiation"])
    }

    @Test("without a certificate there is no server, and a context says so")
    func noCertificate() throws {
        let context = try Made.context([])
        #expect(!context.hasCertificate)
        let pair = try Pair(context, try Made.client())
        pair.carry()
        #expect(pair.server.recorder.failure != nil)
        #expect(try Made.context().hasCertificate)
    }
}
