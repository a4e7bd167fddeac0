// DATA and the judgement of a message as a whole. docs/hooks.md "Transaction".

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("DATA")
struct DataTests {
    @Test(
        "data decides",
        arguments: [
            Decision("CONT words", "354 go ahead, make my day", "data"),
            Decision("OK words", "354 go ahead, make my day", "data"),
            Decision("STOP", "354 go ahead, make my day", "data"),
            Decision("DENY", "554 Message denied", "data reset_transaction"),
            Decision("DENY no", "554 no", "data reset_transaction"),
            Decision("DENYSOFT", "451 Message denied", "data reset_transaction"),
            Decision("DENYSOFT 250/2.0.0 x", "451 2.0.0 x", "data reset_transaction"),
            Decision("DENYDISCONNECT", "554 Message denied", "data reset_transaction disconnect", closed: true),
            Decision("DENYSOFTDISCONNECT", "451 Message denied", "data reset_transaction disconnect", closed: true),
            Decision("DISCONNECT", "", "data reset_transaction disconnect", closed: true),
            Decision("DONE", "", "data reset_transaction"),
        ])
    func dataDecides(decision: Decision) {
        decision.play("data", "C: DATA", on: .addressed())
    }

    @Test(
        "data_post decides",
        arguments: [
            Decision("DENY", "550 Message denied", "data_post reset_transaction"),
            Decision("DENY spam", "550 spam", "data_post reset_transaction"),
            Decision("DENYSOFT", "450 Message denied temporarily", "data_post reset_transaction"),
            Decision(
                "DENYDISCONNECT", "550 Message denied", "data_post reset_transaction disconnect", closed: true),
            Decision(
                "DENYSOFTDISCONNECT", "450 Message denied temporarily", "data_post reset_transaction disconnect",
                closed: true),
            Decision("DISCONNECT", "", "data_post reset_transaction disconnect", closed: true),
            Decision("DONE", "", "data_post reset_transaction"),
        ])
    func dataPostDecides(decision: Decision) {
        decision.play("data_post", "C: Subject: x\nC: \nC: .", on: DataTests.receiving())
    }

    /// A session that waits for a message.
    static func receiving(_ settings: SessionSettings = .test) -> SessionDriver {
        let driver = SessionDriver.addressed(settings)
        driver.say("DATA")
        driver.forget()
        return driver
    }

    @Test(
        "then the message goes to queue, or to queue_outbound if the client may relay",
        arguments: ["CONT words", "OK", "STOP"])
    func goesOn(answer: String) {
        for (isRelaying, hook) in [(false, "queue"), (true, "queue_outbound")] {
            let driver = DataTests.receiving()
            driver.connection.isRelaying = isRelaying
            driver.plugins.add(.later, to: hook)
            play("P: data_post \(answer)\nC: x\nC: .\nH: data_post \(hook)\nX: open", on: driver)
        }
    }

    @Test("DATA wants no argument, MAIL and a recipient")
    func order() {
        let driver = play(
            """
            C: DATA x
            S: 501 Syntax error
            C: DATA
            S: 503 MAIL required first
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            C: DATA
            S: 503 RCPT required first
            H: mail
            """)
        #expect(driver.connection.errors == 3)
    }

    @Test("with pipelining and all recipients refused the answer is 554")
    func noValidRecipients() {
        let driver = play(
            """
            C: MAIL FROM:<a@example.com>
            C: RCPT TO:<b@example.net>
            C: DATA
            S: 250 sender <a@example.com> OK
            S: 550 I cannot deliver mail for <b@example.net>
            S: 554 No valid recipients
            H: mail rcpt
            """)
        #expect(driver.connection.errors == 0)
        #expect(driver.connection.isPipelining)
        #expect(!driver.connection.isEarlyTalker)
    }

    @Test("bytes of messages are counted")
    func bytes() {
        let driver = DataTests.receiving()
        play("P: queue LATER\nC: ..dot\nC: .\nH: data_post queue", on: driver)
        #expect(driver.connection.transaction?.dataBytes == 6)
        #expect(driver.connection.totalBytes == 6)
        #expect(driver.connection.state == .command)
    }

    @Test("while a message is received the state is DATA")
    func state() {
        #expect(DataTests.receiving().connection.state == .data)
    }

    @Test(
        "a message that is too big is refused, whatever plugins say",
        arguments: [
            Decision("CONT words", "550 Message too big!", "max_data_exceeded reset_transaction"),
            Decision("OK words", "550 Message too big!", "max_data_exceeded reset_transaction"),
            Decision("DENY words", "550 Message too big!", "max_data_exceeded reset_transaction"),
            Decision("DENYSOFT words", "450 Message too big!", "max_data_exceeded reset_transaction"),
            Decision(
                "DENYDISCONNECT words", "550 Message too big!", "max_data_exceeded reset_transaction disconnect",
                closed: true),
            Decision(
                "DENYSOFTDISCONNECT words", "450 Message too big!", "max_data_exceeded reset_transaction disconnect",
                closed: true),
            Decision("DISCONNECT", "", "max_data_exceeded reset_transaction disconnect", closed: true),
            Decision("DONE", "", "max_data_exceeded reset_transaction"),
        ])
    func tooBig(decision: Decision) {
        var settings = SessionSettings.test
        settings.maxBytes = 10
        decision.play("max_data_exceeded", "C: 123456789\nC: .", on: DataTests.receiving(settings))
    }

    @Test("a message of exactly max.bytes is accepted, and 0 means no limit", arguments: [10, 0])
    func asBigAsAllowed(limit: Int) {
        var settings = SessionSettings.test
        settings.maxBytes = limit
        play("P: queue LATER\nC: 12345678\nC: .\nH: data_post queue", on: DataTests.receiving(settings))
    }

    @Test("too many Received fields are a loop")
    func mailLoop() {
        var settings = SessionSettings.test
        settings.maxReceived = 2
        let two = "C: Received: a\nC: received: b\nC: \nC: Received: body\nC: ."
        play("P: queue LATER\n\(two)\nH: data_post queue", on: DataTests.receiving(settings))
        let driver = play(
            """
            C: RECEIVED: c
            \(two)
            S: 550 Too many received headers - possible mail loop
            H: reset_transaction
            """, on: DataTests.receiving(settings))
        #expect(driver.connection.msgCount.reject == 1)
    }

    @Test("a bare CR or LF in the message refuses it at its true end")
    func bareNewline() {
        let driver = play(
            """
            C: a\\nb
            C: \\n.\\nMAIL FROM:<smuggled@example.com>
            C: .
            S: 550 Bare CR or LF in the message; lines end with CR LF (RFC 5321 2.3.8)
            H: reset_transaction
            X: open
            """, on: DataTests.receiving())
        #expect(driver.connection.msgCount.reject == 1)
        #expect(driver.connection.transaction == nil)
    }

    @Test("a message that cannot be stored is the client's to keep")
    func storage() {
        let driver = DataTests.receiving()
        driver.storageFailure = "disk full"
        play("C: x\nC: .\nS: 451 Message could not be stored, try later\nH: reset_transaction\nX: open", on: driver)
        #expect(driver.connection.msgCount.tempfail == 1)
    }

    @Test("the next transaction may follow the end of the message at once")
    func nextTransaction() {
        play(
            """
            P: queue OK
            P: every rcpt OK
            C: x
            C: .
            C: MAIL FROM:<c@example.com>
            C: RCPT TO:<d@example.net>
            C: DATA
            S: 250 Message Queued (0A1B2C3D-0000-4000-8000-000000000001.1)
            S: 250 sender <c@example.com> OK
            S: 250 recipient <d@example.net> OK
            S: 354 go ahead, make my day
            H: data_post queue queue_ok reset_transaction mail rcpt rcpt_ok data
            """, on: DataTests.receiving())
    }
}
