// What the core itself records for plugins. docs/objects.md "Results".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("The core's results")
struct CoreResultsTests {
    static func texts(_ entry: ValueMap?, _ keys: String...) -> [String] {
        keys.map { entry?[$0]?.description ?? "-" }
    }

    @Test("the ends of the connection and the greeting are there")
    func connection() {
        let driver = SessionDriver.greeted()
        let results = driver.connection.results
        #expect(
            CoreResultsTests.texts(results.get("remote"), "ip", "port", "host", "is_private") == [
                "192.0.2.7", "34567", "client.example.net", "true",
            ])
        #expect(
            CoreResultsTests.texts(results.get("local"), "ip", "port", "host") == ["192.0.2.1", "25", "mx.example.com"])
        #expect(CoreResultsTests.texts(results.get("helo"), "verb", "host") == ["EHLO", "client.example.net"])
        driver.say("HELO again")
        #expect(CoreResultsTests.texts(driver.connection.results.get("helo"), "verb", "host") == ["HELO", "again"])
    }

    @Test("results of plugins stay beside them")
    func plugins() {
        let driver = SessionDriver.addressed()
        driver.connection.results.add("spf", "pass", .text("helo"))
        driver.connection.transaction?.results.add("spf", "pass", .text("mfrom"))
        #expect(driver.connection.results.has("spf", "pass", .text("helo")))
        #expect(driver.connection.results.get("local") != nil)
        #expect(driver.connection.transaction?.results.has("spf", "pass", .text("mfrom")) == true)
        #expect(driver.connection.transaction?.results.get("mail_from") != nil)
    }

    @Test("before MAIL is decided there is no mail_from")
    func undecided() {
        let driver = play("P: mail LATER\nC: MAIL FROM:<a@example.com>")
        #expect(driver.connection.transaction?.results.get("mail_from") == nil)
    }

    @Test(
        "mail_from holds how MAIL was decided",
        arguments: [
            ("CONT", "accept"), ("OK", "accept"), ("DENY", "reject"), ("DENYSOFT", "tempfail"),
            ("DENYDISCONNECT", "reject"), ("DENYSOFTDISCONNECT", "tempfail"),
        ])
    func mailFrom(code: String, action: String) {
        let driver = SessionDriver.greeted()
        driver.plugins.add(.now(Verdict(code) ?? .cont), to: "mail")
        driver.plugins.addAlways(.later, to: "reset_transaction")
        driver.say("MAIL FROM:<Ann@Example.com>")
        let entry = driver.connection.transaction?.results.get("mail_from")
        #expect(CoreResultsTests.texts(entry, "action", "code", "address") == [action, code, "ann@example.com"])
    }

    @Test("the null sender is <>")
    func nullSender() {
        let driver = SessionDriver.greeted()
        driver.say("MAIL FROM:<>")
        #expect(driver.connection.transaction?.results.get("mail_from")?["address"] == .text("<>"))
    }

    @Test("rcpt_to lists recipients in their order, the one under discussion not yet")
    func recipients() {
        let driver = RcptTests.sender()
        play(
            """
            P: rcpt OK
            P: then rcpt DENY no such user
            P: then rcpt OK
            P: then rcpt CONT
            P: then rcpt DENYSOFT 451/4.2.2
            P: then rcpt LATER
            C: RCPT TO:<1@Example.net>
            C: RCPT TO:<2@example.net>
            C: RCPT TO:<3@example.net>
            C: RCPT TO:<4@example.net>
            C: RCPT TO:<5@example.net>
            C: RCPT TO:<6@example.net>
            S: 250 recipient <1@Example.net> OK
            S: 550 no such user
            S: 250 recipient <3@example.net> OK
            S: 550 I cannot deliver mail for <4@example.net>
            S: 451 4.2.2 Mailbox full
            """, on: driver)
        let list = driver.connection.transaction?.results.get("rcpt_to")?["recipient"]
        #expect(
            list?.description
                == "address=1@Example.net action=accept, address=2@example.net action=reject "
                + "msg=no such user code=DENY, "
                + "address=3@example.net action=accept, address=4@example.net action=reject "
                + "msg=I cannot deliver mail for <4@example.net> code=CONT, "
                + "address=5@example.net action=tempfail msg= code=451")
    }

    @Test(
        "queue holds what became of the message",
        arguments: [
            ("OK", "pass", "Message Queued"), ("OK as 17", "pass", "as 17"), ("DENY", "fail", "Message denied"),
            ("DENYDISCONNECT spam", "fail", "spam"), ("DENYSOFT", "fail", "Message denied temporarily"),
        ])
    func queue(answer: String, key: String, text: String) {
        let driver = DataTests.receiving()
        driver.plugins.add(.now(Verdict(answer) ?? .cont), to: "queue")
        driver.plugins.addAlways(.later, to: "reset_transaction")
        driver.say("x")
        driver.say(".")
        #expect(driver.connection.transaction?.results.get("queue")?[key] == .list([.text(text)]))
    }

    @Test("a message that nobody took has no queue result")
    func declined() {
        let driver = DataTests.receiving()
        driver.plugins.addAlways(.later, to: "reset_transaction")
        driver.say(".")
        #expect(driver.thinking == "reset_transaction")
        #expect(driver.connection.transaction?.results.get("queue") == nil)
    }

    @Test("how long it took is there once the driver knows")
    func durations() {
        let driver = SessionDriver.addressed()
        #expect(driver.connection.transaction?.results.get("reset") == nil)
        #expect(driver.connection.results.get("disconnect") == nil)
        driver.connection.transaction?.duration = 1.5
        driver.connection.duration = 2.25
        #expect(driver.connection.transaction?.results.get("reset")?["duration"] == .number(1.5))
        #expect(driver.connection.results.get("disconnect")?["duration"] == .number(2.25))
    }
}
