// LMTP: LHLO, and a reply for each recipient. RFC 2033.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("LMTP")
struct LMTPTests {
    static func settings(_ plain: SessionSettings = .test) -> SessionSettings {
        var settings = plain
        settings.isLMTP = true
        return settings
    }

    static func greeted(_ plain: SessionSettings = .test) -> SessionDriver {
        let driver = HelloTests.connected(LMTPTests.settings(plain))
        driver.say("LHLO client.example.net")
        driver.forget()
        return driver
    }

    /// A message to two accepted recipients and a refused one, up to its final dot.
    static func receiving(_ plain: SessionSettings = .test) -> SessionDriver {
        let driver = greeted(plain)
        driver.say("MAIL FROM:<a@example.com>")
        for (number, verdict) in [HookCode.ok, .deny, .ok].enumerated() {
            driver.plugins.add(.now(Verdict(verdict)), to: "rcpt")
            driver.say("RCPT TO:<\(number)@example.net>")
        }
        driver.say("DATA")
        driver.forget()
        return driver
    }

    static let mark = "(0A1B2C3D-0000-4000-8000-000000000001.1)"

    @Test("LHLO stands for EHLO, with its hooks; HELO and EHLO are unknown")
    func hello() {
        let driver = play(
            """
            C: EHLO c
            S: 500 Unrecognized command
            C: HELO c
            S: 500 Unrecognized command
            H: 
            C: MAIL FROM:<a@example.com>
            S: 503 Use LHLO before MAIL
            C: LHLO
            S: 501 LHLO requires domain/address - see RFC-2821 4.1.1.1
            P: ehlo DENY
            C: lhlo c
            S: 550 LHLO denied
            P: ehlo_parse LATER
            C: lhlo c
            A: CONT
            S: 250-\(AnewTests.hello)
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250 SIZE 26214400
            H: ehlo ehlo_parse ehlo capabilities
            C: MAIL FROM:<a@example.com> BODY=8BITMIME
            S: 250 sender <a@example.com> OK
            """, on: HelloTests.connected(LMTPTests.settings()))
        #expect(driver.connection.helloVerb == .lhlo)
        #expect(driver.connection.helloVerb.rawValue == "LHLO")
        #expect(driver.connection.isESMTP)
        #expect(driver.connection.errors == 3)
    }

    @Test("a plugin that takes LHLO apart gives its host")
    func parse() {
        let driver = HelloTests.connected(LMTPTests.settings())
        driver.plugins.add(.now(Verdict(.ok, PluginReply("other.example"))), to: "ehlo_parse")
        driver.say("LHLO c")
        #expect(driver.connection.helloVerb == .lhlo)
        #expect(driver.connection.helloHost == "other.example")
    }

    @Test("in SMTP LHLO is no command")
    func notInSMTP() { play("C: LHLO c\nS: 500 Unrecognized command\nH: unrecognized_command") }

    @Test(
        "after the final dot each accepted recipient gets the reply, then the transaction is reset",
        arguments: [
            ("queue OK", "250 Message Queued \(mark)", "data_post queue queue_ok"),
            ("queue DENY no", "550 no \(mark)", "data_post queue"),
            ("queue CONT", "451 Queuing declined or disabled, try later \(mark)", "data_post queue"),
            ("data_post DENYSOFT", "450 Message denied temporarily", "data_post"),
        ])
    func replies(answer: String, reply: String, hooks: String) {
        let driver = play(
            """
            P: \(answer)
            C: x
            C: .
            S: \(reply)
            S: \(reply)
            H: \(hooks) reset_transaction
            C: NOOP
            S: 250 OK
            """, on: LMTPTests.receiving())
        let counts = driver.connection.msgCount
        #expect(counts.accept + counts.tempfail + counts.reject == 1)
    }

    @Test("a reply of several lines is sent whole for each, with status codes on each line")
    func lines() {
        play(
            """
            P: data_post DENY one\\ntwo
            C: x
            C: .
            S: 550-5.7.1 one
            S: 550 5.7.1 two
            S: 550-5.7.1 one
            S: 550 5.7.1 two
            """, on: LMTPTests.receiving(.coded))
    }

    @Test("a refusal that closes is told to each, then the session ends")
    func closes() {
        play(
            "P: data_post DENYDISCONNECT\nC: x\nC: .\nS: 550 Message denied\nS: 550 Message denied\n"
                + "H: data_post reset_transaction disconnect\nX: closed", on: LMTPTests.receiving())
    }

    @Test("what the core has against a message is told to each")
    func core() {
        let driver = LMTPTests.receiving()
        driver.storageFailure = "disk full"
        let text = "451 Message could not be stored, try later"
        play("C: x\nC: .\nS: \(text)\nS: \(text)\nC: NOOP\nS: 250 OK", on: driver)
    }

    @Test("421 is said once, whatever was owed")
    func farewell() {
        play(
            "P: data_post LATER\nC: x\nC: .\nE: time is out\nS: 421 timeout\nX: closed", on: LMTPTests.receiving())
        play("C: x\nE: time is out\nS: 421 timeout\nX: closed", on: LMTPTests.receiving())
    }

    @Test("a server that stops after a plugin has taken the message tells it to each")
    func taken() {
        let line = "S: 250 Message Queued \(LMTPTests.mark)"
        play(
            "P: queue OK\nP: queue_ok LATER\nC: x\nC: .\nE: server stops\n\(line)\n\(line)\nX: closed",
            on: LMTPTests.receiving())
    }

    @Test("one reply of a plugin is that to all recipients; several are each for one")
    func byPlugin() {
        play(
            "P: data_post LATER\nC: x\nC: .\nR: 250 mine\nS: 250 mine\nA: DONE\nS: 250 mine\nC: NOOP\nS: 250 OK",
            on: LMTPTests.receiving())
        play(
            """
            P: queue LATER
            C: x
            C: .
            R: 250 mine
            S: 250 mine
            R: 452 full
            S: 452 full
            A: DONE
            H: data_post queue reset_transaction
            C: NOOP
            S: 250 OK
            """, on: LMTPTests.receiving())
        play("P: queue LATER\nC: x\nC: .\nA: DONE\nC: NOOP\nS: 250 OK", on: LMTPTests.receiving())
    }

    @Test("DATA without a recipient is 503")
    func noRecipients() {
        let driver = play(
            """
            C: DATA
            S: 503 MAIL required first
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            C: DATA
            S: 503 RCPT required first
            C: RCPT TO:<b@example.net>
            C: DATA
            S: 550 I cannot deliver mail for <b@example.net>
            S: 503 No valid recipients
            """, on: LMTPTests.greeted())
        #expect(driver.connection.errors == 2)
    }

    @Test("the next message has its own count")
    func next() {
        let driver = LMTPTests.receiving()
        play(
            "P: queue OK\nC: x\nC: .\nS: 250 Message Queued \(LMTPTests.mark)\nS: 250 Message Queued \(LMTPTests.mark)",
            on: driver)
        play(
            """
            P: every rcpt OK
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            C: RCPT TO:<b@example.net>
            S: 250 recipient <b@example.net> OK
            C: DATA
            S: 354 go ahead, make my day
            C: x
            C: .
            S: 451 Queuing declined or disabled, try later (0A1B2C3D-0000-4000-8000-000000000001.2)
            C: RSET
            S: 250 OK
            C: QUIT
            S: 221 mx.example.com closing connection. Have a jolly good day.
            """, on: driver)
    }
}
