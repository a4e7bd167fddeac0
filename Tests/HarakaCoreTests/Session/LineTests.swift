// What is decided about a line before it is a command: length, bare line ends, pipelining and early talkers.

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Command lines")
struct LineTests {
    @Test("512 bytes with CR LF are accepted, 513 close the connection")
    func length() {
        play("C: NOOP \(String(repeating: "x", count: 505))\nS: 250 OK\nX: open")
        play(
            """
            C: NOOP \(String(repeating: "x", count: 506))
            C: NOOP
            S: 521 Command line too long
            H: reset_transaction disconnect
            X: closed
            """, on: .addressed())
    }

    @Test("a line without end that is too long closes the connection too")
    func endless() { play("C~: \(String(repeating: "x", count: 513))\nS: 521 Command line too long\nX: closed") }

    @Test("a bare CR or LF in a command is refused and counted")
    func bareNewline() {
        let driver = play(
            """
            C: NOOP\\nHELP
            S: 500 Bare CR or LF in a command; lines end with CR LF
            C: NO\\rOP
            S: 500 Bare CR or LF in a command; lines end with CR LF
            H: 
            """)
        #expect(driver.connection.errors == 2)
    }

    @Test("where bare line ends are accepted they are line ends")
    func acceptedNewline() {
        let driver = SessionDriver(.test, bareNewline: .accept)
        driver.connect()
        driver.forget()
        play("C~: NOOP\\nNOOP\\n\nS: 250 OK\nS: 250 OK", on: driver)
    }

    @Test("verbs are known in any letter case")
    func letterCase() { play("C: nOoP\nS: 250 OK\nC: NOOPS\nS: 500 Unrecognized command") }

    @Test(
        "after EHLO these commands may be followed at once",
        arguments: ["RSET", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "SEND x", "soml x", "SAML x"])
    func mayBeFollowed(line: String) {
        let driver = SessionDriver.greeted()
        driver.send(Array("\(line)\r\nNOOP\r\n".utf8))
        #expect(driver.connection.isPipelining)
        #expect(!driver.connection.isEarlyTalker)
        #expect(driver.replies.last?.code == 250)
    }

    @Test(
        "who sends more behind these commands talks early",
        arguments: ["NOOP", "VRFY x", "HELP", "EHLO c", "HELO c", "DATA", "XFOO"])
    func mayNotBeFollowed(line: String) {
        let driver = SessionDriver.greeted()
        driver.send(Array("\(line)\r\nNOOP\r\n".utf8))
        #expect(!driver.connection.isPipelining)
        #expect(driver.connection.isEarlyTalker)
    }

    @Test(
        "who sends more before EHLO talks early", arguments: ["MAIL FROM:<a@example.com>", "RSET", "EHLO c", "HELO c"])
    func beforeEhlo(line: String) {
        let driver = HelloTests.connected()
        driver.send(Array("\(line)\r\nRSET\r\n".utf8))
        #expect(driver.connection.isEarlyTalker)
        #expect(!driver.connection.isPipelining)
    }

    @Test("who speaks before the banner talks early, and is heard after it")
    func beforeBanner() {
        let driver = play(
            """
            P: connect LATER
            E: connect
            C: EHLO c
            A: CONT
            S: 220 mx.example.com ESMTP Haraka/1.0 ready (0A1B2C)
            S: 250-\(HelloTests.hello)
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250 SIZE 26214400
            """, on: SessionDriver())
        #expect(driver.connection.isEarlyTalker)
    }

    @Test("one line after the other is no pipelining")
    func noPipelining() {
        let driver = SessionDriver.addressed()
        #expect(!driver.connection.isPipelining)
        #expect(!driver.connection.isEarlyTalker)
    }

    @Test("commands in one piece are answered in order, each after the one before")
    func order() {
        play(
            """
            P: mail LATER
            C: MAIL FROM:<a@example.com>
            C: RCPT TO:<b@example.net>
            C: QUIT
            H: mail
            A: DENYSOFT
            S: 450 sender <a@example.com> denied
            S: 503 Use MAIL before RCPT
            S: \(SmallCommandTests.bye)
            H: reset_transaction quit disconnect
            X: closed
            """)
    }

    @Test("what follows a reply that closes is not read")
    func afterClose() {
        play("P: noop DISCONNECT\nC: NOOP\nC: QUIT\nH: noop disconnect\nX: closed")
    }

    @Test("the last reply and the last refusal are kept")
    func lastReplies() {
        let driver = play("C: DATA\nS: 503 MAIL required first\nC: NOOP\nS: 250 OK")
        #expect(driver.connection.lastResponse == "250 OK")
        #expect(driver.connection.lastReject == "503 MAIL required first")
        #expect(driver.connection.currentLine == "NOOP")
    }
}
