// Receiving a message on a channel: back-pressure by plugins, clients that leave, what the core adds to the header.

import HarakaCore
import MailMessage
import NIOCore
import Testing

@testable import HarakaNet

/// One at a time: there is one plugin host per process.
@Suite("Reception", .serialized)
struct ReceptionTests {
    static let later = "451 Queuing declined or disabled, try later"

    static func starts(_ replies: [String], _ start: String) -> Bool {
        replies.count == 1 && replies[0].hasPrefix(start)
    }

    @Test("a message is received, judged and answered")
    func plain() throws {
        let session = try Session.receiving()
        let content = session.connection.transaction?.content
        try session.send("Subject: x\r\n\r\n..bo", "dy\r\n.\r", "\nNOOP\r\n")
        let heard = try session.heard()
        #expect(heard.count == 2)
        #expect(ReceptionTests.starts(Array(heard.prefix(1)), ReceptionTests.later))
        #expect(heard.last == "250 OK")
        #expect(try text(content).hasSuffix("Subject: x\r\n\r\n.body\r\n"))
        #expect(session.connection.transaction == nil)
    }

    @Test("while a plugin holds the client back nothing more is read, and the end of the message waits")
    func pauses() throws {
        let session = try Session.receiving()
        try session.send("Subject: x\r\n\r\n")
        session.handler.pauseReading()
        session.handler.pauseReading()
        try session.send("body\r\n.\r\n", "NOOP\r\n")
        #expect(session.handler.input?.readableBytes == 15)
        session.handler.resumeReading()
        #expect(try session.heard() == [])
        session.handler.resumeReading()
        let heard = try session.heard()
        #expect(heard.count == 2)
        #expect(ReceptionTests.starts(Array(heard.prefix(1)), ReceptionTests.later))
    }

    @Test(
        "a plugin that holds the client back while it gets content, or the end of it, is waited for",
        arguments: [false, true])
    func pausesInside(atEnd: Bool) throws {
        let session = try Session()
        try session.send("EHLO c\r\n", "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.net>\r\n")
        let reader = Reader(session, pausesAtEnd: atEnd)
        session.connection.transaction?.body.observers.append(reader)
        try session.send("DATA\r\n")
        _ = try session.heard()
        try session.send("Content-Type: image/x\r\n\r\nabc\r\n.\r\n")
        #expect(try session.heard() == [])
        #expect(session.handler.reception != nil)
        if !atEnd { #expect(reader.ends == []) }
        session.handler.resumeReading()
        #expect(ReceptionTests.starts(try session.heard(), ReceptionTests.later))
        #expect(reader.text == "abc\r\n")
        #expect(reader.ends == [.complete])
    }

    @Test("a client that breaks off is told to who reads its attachments, once")
    func aborts() throws {
        for isPaused in [false, true] {
            let session = try Session()
            try session.send("EHLO c\r\n", "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.net>\r\n")
            let reader = Reader(session, pausesAtEnd: true)
            session.connection.transaction?.body.observers.append(reader)
            try session.send("DATA\r\n", "Content-Type: image/x\r\n\r\nabc\r\n")
            if isPaused { session.handler.pauseReading() }
            session.breakOff()
            #expect(reader.ends == [.aborted])
            #expect(session.connection.transaction == nil)
            #expect(session.connection.state == .disconnected)
            #expect(session.context.sessions.isEmpty)
        }
    }

    @Test("a client that closes its side in the middle of a message has gone, even while a plugin holds it back")
    func closesInTheMiddle() throws {
        for isPaused in [false, true] {
            let session = try Session.receiving()
            try session.send("Subject: x\r\n")
            if isPaused { session.handler.pauseReading() }
            session.closeInput()
            #expect(session.connection.state == .disconnected)
            #expect(session.connection.transaction == nil)
        }
    }

    @Test("one that closes its side after the final dot is answered when the plugin lets it")
    func closesAfterTheDot() throws {
        let session = try Session.receiving()
        session.handler.pauseReading()
        try session.send("Subject: x\r\n\r\nbody\r\n.\r\n")
        session.closeInput()
        #expect(session.connection.state == .data)
        session.handler.resumeReading()
        #expect(ReceptionTests.starts(try session.heard(), ReceptionTests.later))
        #expect(session.connection.state == .disconnected)
    }

    @Test(
        "long lines stay as they are, or are cut if that is wanted, and are noted either way", arguments: [false, true])
    func folds(isFolding: Bool) throws {
        let session = try Session.receiving {
            $0.foldsLongLines = isFolding
            $0.dataLineLength = 64
        }
        let transaction = try #require(session.connection.transaction)
        let line = String(repeating: "x", count: 100)
        try session.send("Subject: x\r\n\r\n\(line)\r\n.\r\n")
        let cut = String(repeating: "x", count: 64) + "\r\n " + String(repeating: "x", count: 36)
        #expect(try text(transaction.content).hasSuffix("\r\n\r\n\(isFolding ? cut : line)\r\n"))
        #expect(transaction.notes.get("data_line_length_exceeded") == .boolean(true))
    }

    @Test("what a stranger says about authentication gets another name, and our own word is at the top")
    func authResults() throws {
        let session = try Session.receiving()
        let content = session.connection.transaction?.content
        // As if a plugin were there.
        session.handler.machine.heard = HookSet([.dataPost])
        session.connection.authResults("spf=pass")
        try session.send("Authentication-Results: mx.example.com; spf=pass\r\nSubject: x\r\n\r\n.\r\n")
        let message = try text(content)
        #expect(message.hasPrefix("Authentication-Results: mx.example.com;\r\n\tspf=pass\r\nReceived: "))
        #expect(message.contains("\r\nSubject: x\r\nOriginal-Authentication-Results: mx.example.com; spf=pass\r\n"))
    }

    @Test("a client whom a plugin holds back is not idle")
    func idle() throws {
        let session = try Session.receiving()
        session.handler.pauseReading()
        session.handler.checkIdle(now: .now() + .seconds(20), limit: .seconds(15))
        #expect(try session.heard() == [])
        session.handler.resumeReading()
        session.handler.checkIdle(now: .now() + .seconds(20), limit: .seconds(15))
        #expect(try session.heard() == ["421 timeout"])
    }
}

/// Reads one attachment and holds the client back.
private final class Reader: AttachmentObserver, AttachmentReader {
    private unowned let session: Session
    private let pausesAtEnd: Bool
    private(set) var text = ""
    private(set) var ends: [PartEnd] = []

    init(_ session: Session, pausesAtEnd: Bool) {
        self.session = session
        self.pausesAtEnd = pausesAtEnd
    }

    func begins(_ part: PartFacts) -> (any AttachmentReader)? { self }

    func received(_ bytes: UnsafeRawBufferPointer) {
        if text.isEmpty, !pausesAtEnd { session.handler.pauseReading() }
        text += String(decoding: bytes, as: UTF8.self)
    }

    func ended(_ end: PartEnd) {
        ends.append(end)
        if pausesAtEnd, end != .aborted { session.handler.pauseReading() }
    }
}
