// Handshakes that succeed, and bytes after them.

import NIOCore
import Testing

@testable import HarakaTLS

@Suite("Handshake")
struct HandshakeTests {
    @Test("both versions work, however the bytes are cut", arguments: [TLSVersion.v1_2, .v1_3], [0, 1, 7])
    func versions(version: TLSVersion, cut: Int) throws {
        let pair = try Pair(
            try Made.context(), try Made.client { $0.rules.maxVersion = version }, name: "Mail.Example.com.")
        pair.carry(cut: cut)
        let facts = try #require(pair.server.recorder.facts)
        #expect(facts.version == version.rawValue)
        #expect(facts.serverName == "mail.example.com")
        #expect(facts.cipher == (version == .v1_3 ? "TLS_AES_256_GCM_SHA384" : "ECDHE-ECDSA-AES256-GCM-SHA384"))
        #expect(
            facts.standardCipher
                == (version == .v1_3 ? "TLS_AES_256_GCM_SHA384" : "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"))
        #expect(facts.bits == 256 && !facts.isResumed && !facts.isVerified && facts.peer == nil)
        #expect(pair.client.recorder.facts?.peer?.commonName == "mail.example.com")
        pair.server.write("220 ready\r\n")
        pair.client.write("EHLO x\r\n")
        pair.carry(cut: cut)
        #expect(pair.server.recorder.text == "EHLO x\r\n")
        #expect(pair.client.recorder.text == "220 ready\r\n")
        #expect(pair.server.recorder.errors.isEmpty && pair.client.recorder.errors.isEmpty)
    }

    @Test("a mebibyte goes both ways", arguments: [0, 1000])
    func large(cut: Int) throws {
        let pair = try Pair(try Made.context(), try Made.client())
        let (up, down) = ((0..<1_048_576).map { UInt8($0 % 251) }, (0..<1_048_576).map { UInt8($0 % 241) })
        pair.client.write(up)
        pair.server.write(down)
        pair.carry(cut: cut)
        #expect(pair.server.recorder.bytes == up)
        #expect(pair.client.recorder.bytes == down)
    }

    @Test("what was written before the handshake waits for it, and its promise too")
    func early() throws {
        let pair = try Pair(try Made.context(), try Made.client())
        let written = pair.server.channel.writeAndFlush(ByteBuffer(string: "early"))
        let done = Tally()
        written.whenSuccess { done.count += 1 }
        #expect(pair.server.sent().isEmpty && done.count == 0)
        pair.carry()
        #expect(pair.client.recorder.text == "early" && done.count == 1)
    }

    @Test("small writes of one flush are one record, and every promise is kept")
    func coalesced() throws {
        let pair = try Pair(try Made.context(), try Made.client())
        pair.carry()
        let kept = Tally()
        for text in ["250-a\r\n", "250-b\r\n", "250 c\r\n"] {
            pair.server.channel.write(ByteBuffer(string: text)).whenSuccess { kept.count += 1 }
        }
        pair.server.channel.flush()
        let sent = pair.server.sent()
        #expect(kept.count == 3)
        // Header, content, its type and the tag: one record.
        #expect(sent.count == 5 + 21 + 1 + 16)
        pair.client.receive(sent)
        #expect(pair.client.recorder.reads == [21])
        #expect(pair.client.recorder.text == "250-a\r\n250-b\r\n250 c\r\n")
    }

    @Test("a handler that is put into an active channel begins at once, before one that is there")
    func startTLS() throws {
        let pair = try Pair(try Made.context(), try Made.client())
        let plain = try End(nil)
        try plain.begin()
        #expect(plain.recorder.hasBegun)
        let tls = TLSHandler(server: try Made.context(), limit: .seconds(30))
        plain.write("220 2.0.0 Go ahead.\r\n")
        try plain.channel.pipeline.syncOperations.addHandler(tls, position: .before(plain.recorder))
        #expect(plain.sent() == Array("220 2.0.0 Go ahead.\r\n".utf8))
        var up = pair.client.sent()
        while !up.isEmpty {
            plain.receive(up)
            pair.client.receive(plain.sent())
            up = pair.client.sent()
        }
        #expect(plain.recorder.facts != nil && pair.client.recorder.facts != nil)
        #expect(tls.facts == plain.recorder.facts)
    }

    @Test("channelReadComplete is passed on, and reading goes on only for who asked and got nothing")
    func readDemand() throws {
        let end = try End(TLSHandler(server: try Made.context(), limit: .seconds(30)))
        let counter = ReadCounter()
        try end.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        try end.begin()
        end.channel.pipeline.fireChannelReadComplete()
        #expect(end.recorder.completed == 1 && counter.reads == 0)
        end.channel.read()
        #expect(counter.reads == 1)
        end.receive([22, 3, 1])
        // It asked for bytes, and a part of a record is none.
        #expect(counter.reads == 2)
        let pair = try Pair(try Made.context(), try Made.client())
        try pair.server.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        pair.carry()
        counter.reads = 0
        pair.server.channel.read()
        pair.client.write("NOOP\r\n")
        pair.carry()
        #expect(counter.reads == 1)
    }

    @Test("ALPN takes our first protocol that the client has too; with none in common there is no connection")
    func protocols() throws {
        let server = try Made.context { $0.protocols = ["smtp", "lmtp"] }
        let pair = try Pair(server, try Made.client())
        pair.carry()
        #expect(pair.server.recorder.facts?.alpn == "")
        let both = try Pair(server, try Made.client { $0.protocols = ["h2", "lmtp", "smtp"] })
        both.carry()
        #expect(both.server.recorder.facts?.alpn == "smtp")
        #expect(both.client.recorder.facts?.alpn == "smtp")
        let none = try Pair(server, try Made.client { $0.protocols = ["h2"] })
        none.carry()
        #expect(none.server.recorder.failure == "no application protocol")
        #expect(none.client.recorder.failure == "the server gave up: no application protocol")
    }
}

/// Counts reads that reach the channel.
final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var reads = 0
    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }
}
