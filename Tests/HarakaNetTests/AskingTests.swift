// A plugin that talks with the client inside one hook.

import HarakaCore
import NIOCore
import SMTPSyntax
import Testing

@testable import HarakaNet

@Suite("Asking the client", .serialized)
struct AskingTests {
    private let challenge = Reply(334, "VXNlcm5hbWU6")

    /// What the asker was given.
    private final class Heard {
        var lines: [String?] = []

        func line(_ bytes: [UInt8]?) { lines.append(bytes.map { String(decoding: $0, as: UTF8.self) }) }
    }

    private func session(_ change: (inout ServerSettings) -> Void = { _ in }) throws -> Session {
        let session = try Session(change)
        _ = try session.heard()
        return session
    }

    @Test("the next line goes to who has asked, whatever it says, and the one behind it is a command again")
    func line() throws {
        let session = try session()
        let heard = Heard()
        session.handler.askClient(challenge, limit: 100, heard.line)
        #expect(try session.heard() == ["334 VXNlcm5hbWU6"])
        try session.send("QU", "IT", "\r\nNOOP\r\n")
        #expect(heard.lines == ["QUIT"])
        #expect(try session.heard() == ["250 OK"])
    }

    @Test("a line that has come already waits until the plugin has returned")
    func early() throws {
        let session = try session()
        let heard = Heard()
        session.handler.pauseReading()
        try session.send("abc\r\n")
        session.handler.resumeReading()
        session.handler.askClient(challenge, limit: 100, heard.line)
        #expect(heard.lines == [])
        _ = try session.heard()
        #expect(heard.lines == ["abc"])
    }

    @Test("an answer may be asked for from within an answer")
    func twice() throws {
        let session = try session()
        let heard = Heard()
        session.handler.askClient(challenge, limit: 100) { first in
            heard.line(first)
            session.handler.askClient(Reply(334, "UGFzc3dvcmQ6"), limit: 100, heard.line)
        }
        try session.send("user\r\npass\r\n")
        #expect(try session.heard() == ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"])
        #expect(heard.lines == ["user", "pass"])
    }

    @Test("a line longer than the limit is lost as a whole, in however many pieces it comes")
    func tooLong() throws {
        let session = try session()
        for pieces in [["12345\r\n"], ["123", "45", "\r\n"], [String(repeating: "x", count: 70_000), "x\r\n"]] {
            let heard = Heard()
            session.handler.askClient(challenge, limit: 4, heard.line)
            _ = try session.heard()
            for piece in pieces { try session.send(piece) }
            try session.send("NOOP\r\n")
            #expect(heard.lines == [nil])
            #expect(try session.heard() == ["250 OK"])
        }
        let heard = Heard()
        session.handler.askClient(challenge, limit: 4, heard.line)
        try session.send("1234\r\n")
        #expect(heard.lines == ["1234"])
    }

    @Test("of a line that is too long nothing is kept while it comes")
    func memory() throws {
        let session = try session()
        session.handler.askClient(challenge, limit: 10) { _ in }
        try session.send(String(repeating: "x", count: 100))
        #expect(session.handler.input == nil)
    }

    @Test("a bare LF ends no line where it is refused, and one where it is accepted")
    func bareNewline() throws {
        for (policy, expected) in [(.reject, nil), (.accept, "abc")] as [(BareNewlinePolicy, String?)] {
            let session = try session { $0.bareNewline = policy }
            let heard = Heard()
            session.handler.askClient(challenge, limit: 10, heard.line)
            try session.send("abc\n")
            #expect(heard.lines == [expected])
        }
    }

    @Test("the log does not show what was asked for, nor what follows AUTH's mechanism")
    func hidden() throws {
        let session = try session()
        session.handler.askClient(challenge, limit: 100) { _ in }
        try session.send("c2VjcmV0\r\n", "AUTH PLAIN AGEAYg==\r\n", "auth LOGIN\r\n")
        #expect(session.log.with("c2VjcmV0") == [])
        #expect(session.log.with("AGEAYg==") == [])
        #expect(session.log.with("C: [hidden]").count == 1)
        #expect(session.log.with("C: AUTH PLAIN [hidden]").count == 1)
        #expect(session.log.with("C: AUTH LOGIN state").count == 1)
    }

    @Test("nobody is called when the client leaves, when it is idle for too long, or when the hook is over")
    func ends() throws {
        for end in 0..<4 {
            let session = try session()
            let heard = Heard()
            session.handler.askClient(challenge, limit: 100, heard.line)
            _ = try session.heard()
            switch end {
            case 0: session.breakOff()
            case 1:
                try session.send("half a li")
                session.closeInput()
            case 2:
                session.handler.checkIdle(now: .now() + .seconds(20), limit: .seconds(15))
                #expect(try session.heard() == ["421 timeout"])
            default:
                session.handler.stopAskingClient()
                try session.send("NOOP\r\n")
                #expect(try session.heard() == ["250 OK"])
            }
            #expect(heard.lines == [])
            #expect(session.connection.state == (end < 3 ? .disconnected : .command))
        }
    }

    @Test("a session that begins anew has another uuid")
    func restart() throws {
        let session = try session()
        let uuid = session.connection.uuid
        session.handler.restart(keepsName: true)
        #expect(session.connection.uuid.count == 36)
        #expect(session.connection.uuid != uuid)
    }
}
