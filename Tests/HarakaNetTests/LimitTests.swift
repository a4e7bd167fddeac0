// Limits against clients that want to hold the server up.

import HarakaCore
import NIOCore
import NIOEmbedded
import Testing

@testable import HarakaNet

@Suite("Limits", .serialized)
struct LimitTests {
    private func check(_ session: Session, after seconds: Int64, command: Int64 = 10, message: Int64 = 100) {
        session.handler.checkPace(
            now: .now() + .seconds(seconds), command: .seconds(command), message: .seconds(message))
    }

    @Test("a command line that does not become complete ends the session, however often a byte comes")
    func drips() throws {
        let session = try Session()
        _ = try session.heard()
        try session.send("N", "O")
        check(session, after: 9)
        #expect(try session.heard() == [])
        session.handler.lineBegan = .now() - .seconds(8)
        try session.send("O")
        check(session, after: 1)
        #expect(try session.heard() == [])
        check(session, after: 3)
        #expect(try session.heard() == ["421 timeout"])
        #expect(session.connection.state == .disconnected)
    }

    @Test("a client between two commands, or with whole ones, is not slow; without a limit nobody is")
    func patient() throws {
        let session = try Session()
        _ = try session.heard()
        check(session, after: 1000)
        try session.send("NOOP\r\n")
        check(session, after: 1000)
        #expect(try session.heard() == ["250 OK"])
        try session.send("NO")
        check(session, after: 1000, command: 0)
        #expect(try session.heard() == [])
        session.handler.pauseReading()
        check(session, after: 1000)
        #expect(try session.heard() == [])
        session.handler.resumeReading()
        check(session, after: 1000)
        #expect(try session.heard() == ["421 timeout"])
    }

    @Test("the rest of a group of commands counts from the moment that it is waited for")
    func rest() throws {
        let session = try Session()
        _ = try session.heard()
        let before = session.handler.lineBegan
        try session.send("NOOP\r\nNO")
        #expect(session.handler.lineBegan > before)
        check(session, after: 11)
        #expect(try session.heard() == ["250 OK", "421 timeout"])
    }

    @Test("a message that takes too long ends the session; the time that a plugin takes is not the client's")
    func message() throws {
        let session = try Session.receiving()
        try session.send("Subject: x\r\n")
        check(session, after: 99)
        #expect(try session.heard() == [])
        let began = session.handler.messageBegan
        session.handler.pauseReading()
        check(session, after: 101)
        #expect(try session.heard() == [])
        session.handler.pauseBegan = .now() - .seconds(50)
        session.handler.resumeReading()
        #expect(session.handler.messageBegan >= began + .seconds(50))
        check(session, after: 101)
        #expect(try session.heard() == [])
        check(session, after: 160, message: 0)
        #expect(try session.heard() == [])
        check(session, after: 160)
        #expect(try session.heard() == ["421 timeout"])
        #expect(session.connection.transaction == nil)
    }

    @Test("a header with more bytes than the limit is refused after the dot, and nothing of it is kept")
    func header() throws {
        for (size, isRefused) in [(1000, false), (1001, true), (100_000, true)] {
            let session = try Session.receiving { $0.limits.headerBytes = 1000 }
            let start = "Subject: "
            try session.send(start, String(repeating: "x", count: size - start.utf8.count - 2))
            if size > 1001 { #expect(session.handler.reception?.sink.isDiscarding == true) }
            try session.send("\r\n\r\nbody\r\n.\r\n")
            let heard = try session.heard()
            #expect(heard.count == 1)
            #expect((heard.first == "550 Message header too long") == isRefused, "\(size): \(heard)")
            try session.send("NOOP\r\n")
            #expect(try session.heard() == ["250 OK"])
        }
    }

    @Test("without a blank line the whole message is header")
    func endlessHeader() throws {
        let session = try Session.receiving { $0.limits.headerBytes = 5000 }
        for _ in 0..<100 { try session.send("X: " + String(repeating: "y", count: 95) + "\r\n") }
        #expect(session.handler.reception?.sink.isDiscarding == true)
        try session.send(".\r\n")
        #expect(try session.heard() == ["550 Message header too long"])
    }

    @Test("MAIL is told to come back later while something is short, and taken again afterwards")
    func pressure() throws {
        let session = try Session { $0.pressure.minFreeDisk = 1000 }
        try session.send("EHLO c\r\n")
        _ = try session.heard()
        session.context.pressure.read = { _, _ in Supplies(freeDisk: 999) }
        #expect(session.context.pressure.shortage(now: .now() + .seconds(2), clients: 1) == .disk)
        try session.send("MAIL FROM:<a@example.com>\r\n")
        #expect(try session.heard() == ["452 Short of disk space, try again later"])
        session.context.pressure.read = { _, _ in Supplies(freeDisk: 5000) }
        #expect(session.context.pressure.shortage(now: .now() + .seconds(4), clients: 1) == nil)
        try session.send("MAIL FROM:<a@example.com>\r\n")
        #expect(try session.heard() == ["250 sender <a@example.com> OK"])
        #expect(session.log.with("short of disk space: clients are told").count == 1)
        #expect(session.log.with("pressure is over").count == 1)
    }

    @Test("clients are counted from their coming to the end of their sockets")
    func counted() throws {
        var role = ListenerRole()
        role.name = "mx"
        let session = try Session(from: "198.51.100.1", as: role)
        let context = session.context
        #expect(context.clients.total == 1 && context.clientsOfRole["mx"] == 1)
        #expect(session.connection.role == "mx")
        try session.send("QUIT\r\n")
        _ = try session.heard()
        session.channel.embeddedEventLoop.run()
        #expect(context.clients.total == 0 && context.clientsOfRole["mx"] == 0)
        #expect(context.clients.full(for: ClientAddress(IPAddress("198.51.100.1")!), total: 0, perAddress: 1) == nil)
    }

    @Test("who is let in, by total, role, address, handshakes and what is short")
    func admission() throws {
        let session = try Session(from: "198.51.100.1")
        let context = session.context
        func refusal(_ ip: String, _ role: ListenerRole = ListenerRole(), isTLS: Bool = false) throws -> TurnedAway? {
            context.refusal(of: try SocketAddress(ipAddress: ip, port: 1), role: role, isTLS: isTLS)
        }
        #expect(try refusal("198.51.100.1") == nil)
        context.settings.limits.connectionsPerAddress = 1
        #expect(try refusal("198.51.100.1") == .tooManyFromAddress)
        #expect(try refusal("::ffff:198.51.100.1") == .tooManyFromAddress)
        #expect(try refusal("198.51.100.2") == nil)
        context.settings.proxyHosts = NetworkList(["198.51.100.1"])
        #expect(try refusal("198.51.100.1") == nil)
        context.settings.limits.connections = 1
        #expect(try refusal("198.51.100.2") == .tooMany)
        context.settings.limits.connections = 0
        var role = ListenerRole()
        role.maxConnections = 1
        #expect(try refusal("198.51.100.2", role) == .tooMany)
        role.name = "submission"
        #expect(try refusal("198.51.100.2", role) == nil)
        context.settings.limits.handshakes = 1
        context.handshakes.enter(nil)
        #expect(try refusal("198.51.100.2", isTLS: true) == .tooManyHandshakes)
        #expect(try refusal("198.51.100.2") == nil)
        context.pressure.read = { _, _ in Supplies(freeMemory: 0) }
        _ = context.pressure.shortage(now: .now() + .seconds(2), clients: 1)
        #expect(try refusal("198.51.100.2") == .short(.memory))
    }

    @Test("roles go by their names, now; without a name by the server's own rules; one that is gone stays as it was")
    func roles() {
        var settings = ServerSettings()
        settings.session.maxBytes = 1
        settings.inactivityTimeout = 7
        var mx = ListenerRole()
        mx.name = "mx"
        mx.session.maxBytes = 2
        #expect(settings.role(ListenerRole()).session.maxBytes == 1)
        #expect(settings.role(ListenerRole()).inactivityTimeout == 7)
        #expect(settings.role(mx).session.maxBytes == 2)
        var new = mx
        new.session.maxBytes = 3
        settings.roles["mx"] = new
        #expect(settings.role(mx).session.maxBytes == 3)
    }
}
