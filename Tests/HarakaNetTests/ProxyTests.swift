// Clients that come through a load balancer.

import HarakaCore
import NIOCore
import Testing

@testable import HarakaNet

@Suite("PROXY", .serialized)
struct ProxyTests {
    static let line = "PROXY TCP4 203.0.113.9 198.51.100.1 56324 587\r\n"

    private func session(
        from: String = "192.0.2.7", tls: ListenerRole.TLSRule = .offered,
        _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws -> Session {
        var role = ListenerRole()
        role.tls = tls
        return try Session(from: from, as: role) {
            $0.proxyHosts = NetworkList(["192.0.2.0/24", "2001:db8::1"])
            $0.tls = Certificate.server
            change(&$0)
        }
    }

    /// 203.0.113.9:56324 to 198.51.100.1:587.
    private static func binary(_ command: UInt8 = 0x21, extras: [UInt8] = []) -> [UInt8] {
        [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, command, 0x11, 0, UInt8(12 + extras.count)]
            + [203, 0, 113, 9, 198, 51, 100, 1, 0xDC, 0x04, 0x02, 0x4B] + extras
    }

    @Test("the header's addresses are the connection's, whichever way it is cut", arguments: [1, 2])
    func header(version: Int) throws {
        let header = version == 1 ? Array(ProxyTests.line.utf8) : ProxyTests.binary()
        for cut in 0...header.count {
            let session = try session()
            #expect(try session.heard() == [])
            try session.send(Array(header[..<cut]))
            #expect(try session.heard().count == (cut == header.count ? 1 : 0))
            try session.send(Array(header[cut...]))
            let connection = session.connection
            #expect(connection.remote.ip == "203.0.113.9" && connection.remote.port == 56324)
            #expect(connection.local.ip == "198.51.100.1" && connection.local.port == 587)
            #expect(connection.proxy?.ip == "192.0.2.7" && connection.proxy?.version == version)
            #expect(session.log.with("connect ip=203.0.113.9").count == 1)
            if cut < header.count { #expect(try session.heard().first?.hasPrefix("220 ") == true) }
        }
    }

    @Test("commands may come with the header")
    func together() throws {
        let session = try session()
        try session.send(ProxyTests.line + "EHLO c\r\n")
        let heard = try session.heard()
        #expect(heard.first?.hasPrefix("220 ") == true)
        #expect(heard.dropFirst().first?.hasPrefix("250-") == true)
    }

    @Test("what version 2 says besides is kept for plugins")
    func extras() throws {
        let session = try session()
        try session.send(ProxyTests.binary(extras: [0x02, 0, 2, 97, 98, 0x20, 0, 5, 1, 0, 0, 0, 0, 0xE0, 0, 1, 7]))
        let proxy = try #require(session.connection.proxy)
        #expect(proxy.isTLS && proxy.authority == "ab")
        #expect(proxy.values.map(\.type) == [0x02, 0x20, 0xE0])
        #expect(proxy.values.last?.value == [7])
    }

    @Test("a proxy that speaks for itself has its own address")
    func own() throws {
        for header in [ProxyTests.binary(0x20), Array("PROXY UNKNOWN\r\n".utf8)] {
            let session = try session()
            try session.send(header)
            #expect(session.connection.remote.ip == "192.0.2.7" && session.connection.remote.port == 4711)
            #expect(session.connection.proxy?.ip == "192.0.2.7")
            #expect(try session.heard().first?.hasPrefix("220 ") == true)
        }
    }

    @Test(
        "what is no header ends the connection, and no plugin hears of it",
        arguments: ["EHLO c\r\n", "PROXY TCP4 203.0.113.9\r\n", "\r\n\r\n\0\r\nQUIT\n\u{22}"])
    func malformed(text: String) throws {
        let session = try session()
        try session.send(text)
        #expect(try session.heard() == ["421 Invalid PROXY format"])
        #expect(session.log.with("connect ip=") == [] && session.log.with("disconnect") == [])
        #expect(session.log.with("Invalid PROXY format: ").count == 1)
        #expect(session.context.sessions.isEmpty)
        session.advance(seconds: 3)
        #expect(!session.channel.isActive)
    }

    @Test("with enhanced status codes the reply has one")
    func enhanced() throws {
        let session = try session { $0.session.sendsEnhancedCodes = true }
        try session.send("EHLO c\r\n")
        #expect(try session.heard() == ["421 4.7.0 Invalid PROXY format"])
    }

    @Test("a header that does not come within 30 s ends the connection; one that has come is not waited for")
    func timeLimit() throws {
        let slow = try session()
        try slow.send("PROXY ")
        slow.advance(seconds: 29)
        #expect(try slow.heard() == [])
        slow.advance(seconds: 2)
        #expect(try slow.heard() == ["421 PROXY timeout"])
        #expect(slow.context.sessions.isEmpty)
    }

    @Test("after the header its time limit is over")
    func noTimeLimit() throws {
        let session = try session()
        try session.send(ProxyTests.line)
        _ = try session.heard()
        session.advance(seconds: 60)
        try session.send("NOOP\r\n")
        #expect(try session.heard() == ["250 OK"])
    }

    @Test("who is not listed has no header: the word is a command, and a wrong one")
    func stranger() throws {
        let session = try session(from: "198.51.100.7")
        #expect(try session.heard().first?.hasPrefix("220 ") == true)
        try session.send(ProxyTests.line)
        #expect(try session.heard() == ["421 PROXY not allowed from 198.51.100.7"])
    }

    @Test("TLS from the first byte stands behind the header", arguments: [0, 1])
    func implicitTLS(cut: Int) throws {
        let session = try session(tls: .implicit)
        try session.send(ProxyTests.line)
        #expect(try session.heard() == [])
        #expect(session.handler.stage == .handshake)
        try session.beginTLS(cut: cut)
        #expect(try session.heard().first?.hasPrefix("220 ") == true)
        #expect(session.connection.remote.ip == "203.0.113.9")
        #expect(session.connection.tls?.version == "TLSv1.3")
    }

    @Test("the first bytes of TLS may come with the header")
    func implicitTLSTogether() throws {
        let session = try session(tls: .implicit)
        // No handshake: it must be TLS who says so.
        try session.send(ProxyTests.line + "EHLO c\r\n")
        _ = try session.heard()
        #expect(session.log.with("TLS handshake failed: ").count == 1)
        #expect(!session.channel.isActive)
    }

    @Test("a wrong header in front of TLS is not answered in the clear")
    func implicitMalformed() throws {
        let session = try session(tls: .implicit)
        try session.send("EHLO c\r\n")
        #expect(try session.heard() == [])
        #expect(!session.channel.isActive)
    }

    @Test("the address of the header is the one that is counted")
    func crowd() throws {
        let session = try session { $0.limits.connectionsPerAddress = 1 }
        let context = session.context
        let address = try #require(IPAddress("203.0.113.9").map { ClientAddress($0) })
        context.enter(address, role: "")
        try session.send(ProxyTests.line)
        #expect(try session.heard() == ["421 Too many connections from your address"])
        #expect(
            session.log.with("client turned away: too many connections from this address ip=203.0.113.9").count == 1)
        session.advance(seconds: 3)
        session.channel.embeddedEventLoop.run()
        #expect(context.clients.total == 1)
        #expect(context.clients.full(for: address, total: 0, perAddress: 1) == .address)
        #expect(context.clients.full(for: address, total: 0, perAddress: 2) == nil)
    }

    @Test("a client that leaves before its header has come was never there")
    func leaves() throws {
        for isHalf in [true, false] {
            let session = try session()
            try session.send("PROX")
            if isHalf { session.closeInput() } else { session.channel.close(promise: nil) }
            session.channel.embeddedEventLoop.run()
            #expect(session.context.sessions.isEmpty && session.context.clients.total == 0)
            #expect(session.log.with("connect") == [])
        }
    }
}
