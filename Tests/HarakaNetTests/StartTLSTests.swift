// TLS on a session's channel, without a socket: what is thrown away, what is forgotten, how it ends.

import HarakaCore
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("StartTLS", .serialized)
struct StartTLSTests {
    static func session(
        tls: ListenerRole.TLSRule = .offered, _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws -> Session {
        var role = ListenerRole()
        role.tls = tls
        let session = try Session(from: "192.0.2.7", as: role) {
            $0.tls = Certificate.server
            change(&$0)
        }
        return session
    }

    /// After the greeting a plugin begins TLS; what it is told is kept.
    private final class Plugin {
        var answers: [Bool] = []

        func start(_ session: Session) { session.handler.startTLS { self.answers.append($0) } }
    }

    @Test("STARTTLS: 220, a handshake in pieces of any size, and the client is a new one", arguments: [0, 1, 7])
    func begins(cut: Int) throws {
        let session = try StartTLSTests.session()
        try session.send("EHLO c\r\n")
        _ = try session.heard()
        let plugin = Plugin()
        plugin.start(session)
        #expect(try session.heard() == ["220 Go ahead."])
        #expect(plugin.answers == [])
        try session.beginTLS(cut: cut)
        #expect(plugin.answers == [true])
        #expect(session.connection.tls?.version == "TLSv1.3")
        #expect(session.connection.helloVerb == .none)
        #expect(session.context.handshakes.total == 0 && session.handler.paced == nil)
        try session.send("MAIL FROM:<a@example.com>\r\n")
        #expect(try session.heard() == ["503 Use EHLO/HELO before MAIL"])
        try session.send("EHLO c\r\n")
        #expect(try session.heard().first?.hasPrefix("250-mx.example.com Hello") == true)
        #expect(!session.handler.canStartTLS)
        #expect(session.connection.isEarlyTalker == false)
    }

    @Test(
        "what has come in the clear behind STARTTLS is never executed",
        arguments: ["MAIL FROM:<x@example.com>\r\n", "RSE", "EHLO evil\r\nMAIL FR", "a\nb"])
    func injection(text: String) throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        // As if it had come with the command: it waits while the plugin thinks.
        session.handler.pauseReading()
        try session.send(text)
        #expect(session.handler.input != nil)
        let plugin = Plugin()
        plugin.start(session)
        session.handler.resumeReading()
        #expect(try session.heard() == ["220 Go ahead."])
        #expect(session.handler.input == nil)
        try session.beginTLS()
        #expect(plugin.answers == [true])
        try session.send("NOOP\r\n")
        #expect(try session.heard() == ["250 OK"])
        #expect(session.connection.transaction == nil)
    }

    @Test("what comes in the clear after the 220 ends the connection without a word")
    func plainAfter220() throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        let plugin = Plugin()
        plugin.start(session)
        _ = try session.heard()
        try session.send("EHLO c\r\nMAIL FROM:<a@example.com>\r\n")
        _ = try session.heard()
        #expect(plugin.answers == [false])
        #expect(!session.channel.isActive)
        #expect(session.connection.state == .disconnected)
        #expect(session.connection.helloVerb == .none)
        #expect(session.log.with("TLS handshake failed: ").count == 1)
        #expect(session.log.with("TLS handshake failed: ").first?.hasSuffix(" ip=192.0.2.7") == true)
        #expect(session.context.handshakes.total == 0 && session.context.sessions.isEmpty)
    }

    @Test("a client that leaves in its handshake has gone: the plugin hears it once", arguments: [false, true])
    func leaves(isHalf: Bool) throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        let plugin = Plugin()
        plugin.start(session)
        if isHalf { session.closeInput() } else { session.breakOff() }
        #expect(plugin.answers == [false])
        #expect(session.connection.state == .disconnected)
        #expect(session.context.sessions.isEmpty && session.context.handshakes.total == 0)
    }

    @Test("a handshake that takes too long ends with the connection")
    func timeLimit() throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        let plugin = Plugin()
        plugin.start(session)
        session.advance(seconds: 29)
        #expect(plugin.answers == [])
        session.advance(seconds: 2)
        #expect(plugin.answers == [false])
        #expect(!session.channel.isActive)
        #expect(session.log.with("TLS handshake failed: ").count == 1)
    }

    @Test("when the hook is over nothing is said into the handshake, and the connection ends")
    func givesUp() throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        let plugin = Plugin()
        plugin.start(session)
        _ = try session.heard()
        session.handler.stopAskingClient()
        session.handler.send(Reply(500, "Unrecognized command"))
        #expect(try session.heard() == [])
        #expect(plugin.answers == [])
        #expect(!session.channel.isActive)
    }

    @Test("a client that would begin one handshake too many is sent away and does not go on in the clear")
    func tooMany() throws {
        let session = try StartTLSTests.session { $0.limits.handshakesPerAddress = 1 }
        _ = try session.heard()
        session.context.handshakes.enter(session.handler.seat)
        let plugin = Plugin()
        plugin.start(session)
        #expect(try session.heard() == ["421 Too many TLS handshakes, try again later"])
        #expect(plugin.answers == [false])
        #expect(session.connection.state == .disconnected)
        #expect(session.context.handshakes.total == 1)
    }

    @Test(
        "TLS can begin where the role allows it and there is a certificate",
        arguments: [(.off, false), (.offered, true), (.required, true)] as [(ListenerRole.TLSRule, Bool)])
    func rules(rule: ListenerRole.TLSRule, isPossible: Bool) throws {
        for hasCertificate in [true, false] {
            let session = try StartTLSTests.session(tls: rule) { if !hasCertificate { $0.tls = nil } }
            #expect(session.handler.canStartTLS == (isPossible && hasCertificate))
        }
    }

    @Test("both ends have the same channel binding")
    func binding() throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        #expect(session.handler.channelBinding("tls-exporter") == nil)
        session.handler.startTLS { _ in }
        _ = try session.heard()
        try session.beginTLS()
        let own = session.handler.channelBinding("tls-exporter")
        #expect(own?.count == 32)
        #expect(own == session.clientBinding("tls-exporter"))
    }

    // MARK: from the first byte

    @Test(
        "implicit TLS: nothing is said before the handshake, and plugins hear of the client after it",
        arguments: [0, 1])
    func implicit(cut: Int) throws {
        let session = try StartTLSTests.session(tls: .implicit)
        #expect(session.handler.stage == .handshake)
        #expect(try session.heard() == [])
        try session.beginTLS(cut: cut)
        #expect(session.connection.tls?.version == "TLSv1.3")
        #expect(try session.heard().first?.hasPrefix("220 mx.example.com ESMTP") == true)
        #expect(!session.handler.canStartTLS)
        try session.send("QUIT\r\n")
        #expect(try session.heard().first?.hasPrefix("221 ") == true)
        #expect(session.context.sessions.isEmpty)
    }

    @Test("the port of smtps_port means TLS from the first byte, unless the role has it off")
    func smtpsPort() {
        var settings = ServerSettings()
        var role = ListenerRole()
        let rules: [(ListenerRole.TLSRule, Int, Bool)] = [
            (.offered, 465, true), (.required, 465, true), (.off, 465, false), (.offered, 25, false),
            (.implicit, 25, true),
        ]
        for (rule, port, isImplicit) in rules {
            role.tls = rule
            #expect(settings.isImplicit(role, port: port) == isImplicit)
        }
        settings.smtpsPort = 0
        role.tls = .offered
        #expect(!settings.isImplicit(role, port: 0) && !settings.isImplicit(role, port: 465))
    }

    @Test("implicit TLS without a certificate ends the connection without a word")
    func noCertificate() throws {
        let session = try StartTLSTests.session(tls: .implicit) { $0.tls = nil }
        #expect(try session.heard() == [])
        #expect(!session.channel.isActive && session.context.sessions.isEmpty)
        #expect(session.log.with("no certificate").count == 1)
    }

    @Test("plain text in the place of implicit TLS does too, and plugins hear nothing of the client")
    func plainOnTLSPort() throws {
        let session = try StartTLSTests.session(tls: .implicit)
        try session.send("EHLO c\r\n")
        _ = try session.heard()
        #expect(!session.channel.isActive && session.context.sessions.isEmpty)
        #expect(session.log.with("TLS handshake failed: ").count == 1)
        #expect(session.log.with("disconnect") == [])
    }

    @Test("a ClientHello on a plain port is told so", arguments: [0, 1, 3, 4])
    func clientHello(version: UInt8) throws {
        let session = try StartTLSTests.session()
        _ = try session.heard()
        try session.send([22, 3])
        #expect(try session.heard() == [])
        try session.send([version, 0, 5, 1])
        #expect(try session.heard() == ["501 SSL attempted over a non-SSL socket"])
        #expect(session.connection.state == .disconnected)
    }
}
