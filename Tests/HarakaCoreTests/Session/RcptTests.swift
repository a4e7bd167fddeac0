// RCPT with its two hooks, and who may send where. docs/hooks.md "Transaction".

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("RCPT")
struct RcptTests {
    /// A session with a sender.
    static func sender(_ settings: SessionSettings = .test) -> SessionDriver {
        let driver = SessionDriver.greeted(settings)
        driver.say("MAIL FROM:<a@example.com>")
        driver.forget()
        return driver
    }

    static let closing = "rcpt reset_transaction disconnect"

    @Test(
        "rcpt decides",
        arguments: [
            Decision("OK", "250 recipient <b@example.net> OK", "rcpt rcpt_ok"),
            Decision("OK mailbox found", "250 mailbox found", "rcpt rcpt_ok"),
            Decision("OK 250/2.1.5", "250 2.1.5 Destination address valid", "rcpt rcpt_ok"),
            Decision("CONT", "550 I cannot deliver mail for <b@example.net>", "rcpt"),
            Decision("CONT words", "550 I cannot deliver mail for <b@example.net>", "rcpt"),
            Decision("STOP words", "550 I cannot deliver mail for <b@example.net>", "rcpt"),
            Decision("NEXT_HOOK", "550 I cannot deliver mail for <b@example.net>", "rcpt"),
            Decision("DENY", "550 recipient <b@example.net> denied", "rcpt"),
            Decision("DENY unknown", "550 unknown", "rcpt"),
            Decision("DENY 550/5.1.1", "550 5.1.1 Bad destination mailbox address", "rcpt"),
            Decision("DENYSOFT", "450 recipient <b@example.net> denied", "rcpt"),
            Decision("DENYSOFT plugin timeout", "450 plugin timeout", "rcpt"),
            Decision("DENYDISCONNECT", "550 recipient <b@example.net> denied", closing, closed: true),
            Decision("DENYSOFTDISCONNECT", "450 recipient <b@example.net> denied", closing, closed: true),
            Decision("DISCONNECT", "", closing, closed: true),
            Decision("DONE", "", "rcpt"),
        ])
    func rcptDecides(decision: Decision) {
        decision.play("rcpt", "C: RCPT TO:<b@example.net>", on: RcptTests.sender())
    }

    @Test(
        "rcpt_ok has the last word",
        arguments: [
            Decision("CONT", "250 from rcpt", "rcpt rcpt_ok"),
            Decision("OK", "250 from rcpt", "rcpt rcpt_ok"),
            Decision("OK from rcpt_ok", "250 from rcpt_ok", "rcpt rcpt_ok"),
            Decision("STOP", "250 from rcpt", "rcpt rcpt_ok"),
            Decision("DENY", "550 recipient <b@example.net> denied", "rcpt rcpt_ok"),
            Decision("DENY full", "550 full", "rcpt rcpt_ok"),
            Decision("DENYSOFT", "450 recipient <b@example.net> denied", "rcpt rcpt_ok"),
            Decision(
                "DENYDISCONNECT", "550 recipient <b@example.net> denied", "rcpt rcpt_ok reset_transaction disconnect",
                closed: true),
            Decision(
                "DENYSOFTDISCONNECT full", "450 full", "rcpt rcpt_ok reset_transaction disconnect", closed: true),
            Decision("DISCONNECT", "", "rcpt rcpt_ok reset_transaction disconnect", closed: true),
            Decision("DONE", "", "rcpt rcpt_ok"),
        ])
    func rcptOKDecides(decision: Decision) {
        decision.play("rcpt_ok", "P: rcpt OK from rcpt\nC: RCPT TO:<b@example.net>", on: RcptTests.sender())
    }

    @Test("the words of one recipient are not those of the next")
    func wordsDoNotStay() {
        play(
            """
            P: rcpt OK first
            P: then rcpt OK
            C: RCPT TO:<b@example.net>
            S: 250 first
            C: RCPT TO:<c@example.net>
            S: 250 recipient <c@example.net> OK
            """, on: RcptTests.sender())
    }

    @Test("only accepted recipients stay, and all are counted")
    func counts() {
        let driver = play(
            """
            P: rcpt OK
            P: then rcpt DENY
            P: then rcpt DENYSOFT
            P: then rcpt CONT
            P: then rcpt OK
            P: then rcpt OK
            P: rcpt_ok CONT
            P: then rcpt_ok DENYSOFT
            C: RCPT TO:<1@example.net>
            C: RCPT TO:<2@example.net>
            C: RCPT TO:<3@example.net>
            C: RCPT TO:<4@example.net>
            C: RCPT TO:<5@example.net>
            C: RCPT TO:<6@example.net>
            S: 250 recipient <1@example.net> OK
            S: 550 recipient <2@example.net> denied
            S: 450 recipient <3@example.net> denied
            S: 550 I cannot deliver mail for <4@example.net>
            S: 450 recipient <5@example.net> denied
            S: 250 recipient <6@example.net> OK
            """, on: RcptTests.sender())
        let transaction = driver.connection.transaction
        #expect(transaction?.recipients.map(\.address) == ["1@example.net", "6@example.net"])
        for counts in [transaction?.rcptCount, driver.connection.rcptCount] {
            #expect(counts?.accept == 2)
            #expect(counts?.tempfail == 2)
            #expect(counts?.reject == 2)
        }
    }

    @Test("a client that may relay is accepted by default", arguments: ["CONT", "CONT relayed", "OK"])
    func relaying(answer: String) {
        let driver = RcptTests.sender()
        driver.connection.isRelaying = true
        let words = answer == "CONT relayed" ? "relayed" : "recipient <b@example.net> OK"
        play("P: rcpt \(answer)\nC: RCPT TO:<b@example.net>\nS: 250 \(words)\nH: rcpt rcpt_ok", on: driver)
    }

    @Test("a code without meaning accepts nothing, relaying or not", arguments: ["STOP", "DELAY", "NEXT_HOOK"])
    func senseless(answer: String) {
        let driver = RcptTests.sender()
        driver.connection.isRelaying = true
        play(
            """
            P: rcpt \(answer)
            C: RCPT TO:<b@example.net>
            S: 550 I cannot deliver mail for <b@example.net>
            """, on: driver)
        #expect(driver.connection.transaction?.recipients == [])
    }

    @Test("RCPT needs MAIL")
    func needsMail() {
        let driver = play("C: RCPT TO:<b@example.net>\nS: 503 Use MAIL before RCPT\nH: ")
        #expect(driver.connection.errors == 1)
    }

    @Test(
        "what cannot be parsed is answered with two lines and counted",
        arguments: [
            ("RCPT", "Invalid format of rcpt command: "), ("RCPT TO:<>", "Syntax error in address: <>"),
            ("RCPT TO:<bob>", "Syntax error in address: <bob>"),
            ("RCPT TO:<\"b b\"@example.net>", "Syntax error in parameters"),
        ])
    func unparsable(line: String, why: String) {
        let driver = play("C: \(line)\nS: 501-Command parsing failed\nS: 501 \(why)\nH: ", on: RcptTests.sender())
        #expect(driver.connection.errors == 1)
    }

    @Test(
        "an address that is none is refused and not counted",
        arguments: ["<b@>", "<b@b_c>", "<abuse>", "<b@example.net.>", "<b@[1.2.3.400]>"])
    func badAddress(path: String) {
        let driver = play("C: RCPT TO:\(path)\nS: 501 Invalid RCPT TO address\nH: ", on: RcptTests.sender())
        #expect(driver.connection.errors == 0)
        #expect(driver.connection.transaction?.recipients == [])
    }

    @Test("postmaster needs no domain")
    func postmaster() {
        play(
            "P: rcpt OK\nC: RCPT TO:<Postmaster>\nS: 250 recipient <postmaster> OK\nH: rcpt rcpt_ok",
            on: RcptTests.sender())
    }

    @Test("after HELO there are no parameters")
    func parametersAfterHelo() {
        let driver = HelloTests.connected()
        driver.say("HELO c")
        driver.say("MAIL FROM:<a@example.com>")
        driver.forget()
        play("C: RCPT TO:<b@example.net> NOTIFY=NEVER\nS: 555 Invalid command parameters\nH: ", on: driver)
        #expect(driver.connection.transaction?.recipients == [])
    }

    @Test("beyond the limit of recipients the client is told to come again")
    func tooMany() {
        var settings = SessionSettings.test
        settings.maxRecipients = 2
        let driver = play(
            """
            P: every rcpt OK
            C: RCPT TO:<1@example.net>
            S: 250 recipient <1@example.net> OK
            C: RCPT TO:<2@example.net>
            S: 250 recipient <2@example.net> OK
            C: RCPT TO:<3@example.net>
            S: 452 Too many recipients
            H: rcpt rcpt_ok rcpt rcpt_ok
            C: DATA
            S: 354 go ahead, make my day
            """, on: RcptTests.sender(settings))
        #expect(driver.connection.transaction?.recipients.count == 2)
    }

    @Test(
        "the reply that a plugin sent itself decides about the recipient", arguments: ["rcpt", "rcpt_ok"],
        [(250, 1, 0, 0), (450, 0, 1, 0), (550, 0, 0, 1)])
    func done(hook: String, outcome: (code: Int, accept: Int, tempfail: Int, reject: Int)) {
        let driver = play("P: rcpt OK\nC: NOOP\nS: 250 OK", on: RcptTests.sender())
        if hook == "rcpt" { driver.plugins = ScriptedPlugins() }
        play("P: \(hook) LATER\nC: RCPT TO:<b@example.net>", on: driver)
        driver.connection.lastReply = Reply(outcome.code, "by the plugin")
        play("A: DONE\nX: open", on: driver)
        #expect(driver.connection.transaction?.recipients.count == outcome.accept)
        #expect(driver.connection.rcptCount.accept == outcome.accept)
        #expect(driver.connection.rcptCount.tempfail == outcome.tempfail)
        #expect(driver.connection.rcptCount.reject == outcome.reject)
    }
}
