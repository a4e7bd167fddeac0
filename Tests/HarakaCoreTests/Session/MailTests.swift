// MAIL: when it may come, how it is parsed, what plugins make of it. docs/hooks.md "Transaction".

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("MAIL")
struct MailTests {
    @Test(
        "mail decides",
        arguments: [
            Decision("CONT", "250 sender <a@example.com> OK", "mail"),
            Decision("OK", "250 sender <a@example.com> OK", "mail"),
            Decision("STOP", "250 sender <a@example.com> OK", "mail"),
            Decision("OK welcome", "250 welcome", "mail"),
            Decision("CONT one\\ntwo", "250-one|250 two", "mail"),
            Decision("DENY", "550 sender <a@example.com> denied", "mail reset_transaction"),
            Decision("DENY no", "550 no", "mail reset_transaction"),
            Decision("DENY  \\n ", "550 sender <a@example.com> denied", "mail reset_transaction"),
            Decision("DENY one\\r\\n\\r\\ntwo", "550-one|550 two", "mail reset_transaction"),
            Decision("DENYSOFT", "450 sender <a@example.com> denied", "mail reset_transaction"),
            Decision("DENYSOFT plugin timeout", "450 plugin timeout", "mail reset_transaction"),
            Decision(
                "DENYDISCONNECT", "550 sender <a@example.com> denied", "mail reset_transaction disconnect",
                closed: true),
            Decision(
                "DENYSOFTDISCONNECT", "450 sender <a@example.com> denied", "mail reset_transaction disconnect",
                closed: true),
            Decision("DISCONNECT", "", "mail reset_transaction disconnect", closed: true),
            Decision("DONE", "", "mail"),
            Decision("DENY 553/5.1.7", "553 5.1.7 Bad sender's mailbox address syntax", "mail reset_transaction"),
            Decision("DENY 553/5.1.7 a\\nb", "553-5.1.7 a|553 5.1.7 b", "mail reset_transaction"),
            Decision("DENYSOFT 250/2.1.0 fine", "450 2.1.0 fine", "mail reset_transaction"),
            Decision("OK 251/2.1.5 other", "251 2.1.5 other", "mail"),
        ])
    func decides(decision: Decision) {
        let driver = SessionDriver.greeted()
        decision.play("mail", "C: MAIL FROM:<a@example.com>", on: driver)
        #expect((driver.connection.transaction != nil) == (decision.hooks == "mail"))
        #expect(driver.connection.transactionCount == 1)
        #expect(driver.connection.errors == 0)
    }

    @Test("a transaction has the connection's uuid and a number")
    func transactions() {
        let driver = play("C: MAIL FROM:<a@example.com>\nS: 250 sender <a@example.com> OK")
        let first = driver.connection.transaction
        #expect(first?.uuid == "0A1B2C3D-0000-4000-8000-000000000001.1")
        #expect(first?.reversePath.formatted == "<a@example.com>")
        #expect(first?.encoding == "utf8")
        #expect(first?.notes.get("skip_plugins") == .list([]))
        play("C: MAIL FROM:<>\nS: 250 sender <> OK\nH: reset_transaction mail", on: driver)
        #expect(driver.connection.transaction?.uuid == "0A1B2C3D-0000-4000-8000-000000000001.2")
        #expect(driver.connection.transaction !== first)
        #expect(driver.connection.logUUID == "0A1B2C3D-0000-4000-8000-000000000001.2")
    }

    @Test("after HELO a transaction is binary")
    func binary() {
        let driver = HelloTests.connected()
        driver.say("HELO c")
        driver.say("MAIL FROM:<a@example.com>")
        #expect(driver.connection.transaction?.encoding == "binary")
    }

    @Test("MAIL needs a greeting")
    func beforeHello() {
        let driver = play(
            "C: MAIL FROM:<a@example.com>\nS: 503 Use EHLO/HELO before MAIL\nH: ", on: HelloTests.connected())
        #expect(driver.connection.errors == 1)
    }

    @Test(
        "on the submission ports MAIL needs relaying",
        arguments: [(587, true), (465, true), (25, false), (2525, false)])
    func submission(port: Int, isRefused: Bool) {
        let driver = SessionDriver.greeted(port: port)
        let accepted = "250 sender <a@example.com> OK"
        play("C: MAIL FROM:<a@example.com>\nS: \(isRefused ? "550 Authentication required" : accepted)", on: driver)
        #expect(driver.connection.errors == (isRefused ? 1 : 0))
        driver.connection.isRelaying = true
        play("C: MAIL FROM:<a@example.com>\nS: \(accepted)", on: driver)
    }

    @Test(
        "what cannot be parsed is answered with two lines and counted",
        arguments: [
            ("MAIL", "Invalid format of mail command: "),
            ("MAIL FROM:<a@example.com> SIZE= X", "Syntax error in parameters (\"<a@example.com> SIZE=\")"),
            ("MAIL FROM:<a@exa mple.com>", "Syntax error in parameters (\"<a@exa mple.com>\")"),
        ])
    func unparsable(line: String, why: String) {
        let driver = play("C: \(line)\nS: 501-Command parsing failed\nS: 501 \(why)\nH: ")
        #expect(driver.connection.errors == 1)
        #expect(driver.connection.lastReject == "501 Command parsing failed\n\(why)")
    }

    @Test(
        "an address that is none is refused and not counted",
        arguments: [
            "<a@>", "<a@b_c>", "<a@example.com.>", "<.a@example.com>", "<a@example.com", "<<a@example.com>>", "a",
        ])
    func badAddress(path: String) {
        let driver = play("C: MAIL FROM:\(path)\nS: 501 Invalid MAIL FROM address\nH: ")
        #expect(driver.connection.errors == 0)
        #expect(driver.connection.transaction == nil)
    }

    @Test("a domain that has no A-label form is refused, one that has is kept in both forms")
    func idna() {
        var settings = SessionSettings.test
        settings.idna = { $0 == "bücher.example" ? "xn--bcher-kva.example" : nil }
        let driver = play(
            """
            C: MAIL FROM:<a@ungültig.example>
            S: 501 Invalid MAIL FROM address
            C: MAIL FROM:<a@bücher.example>
            S: 250 sender <a@bücher.example> OK
            """, on: .greeted(settings))
        #expect(driver.connection.transaction?.reversePath.host == "xn--bcher-kva.example")
    }

    @Test("after HELO there are no parameters")
    func parametersAfterHelo() {
        let driver = HelloTests.connected()
        driver.say("HELO c")
        driver.forget()
        play("C: MAIL FROM:<a@example.com> BODY=8BITMIME\nS: 555 Invalid command parameters\nH: ", on: driver)
        #expect(driver.connection.errors == 0)
        play("C: MAIL FROM:<a@example.com>\nS: 250 sender <a@example.com> OK", on: driver)
    }

    @Test("plugins are asked about address and parameters")
    func parameters() {
        let driver = play("P: mail LATER\nC: mail from:<A@Example.com> body=8BITMIME SIZE=10 smtputf8\nH: mail")
        #expect(
            driver.question
                == .mail(
                    PathArguments(
                        address: Address(user: "A", host: "Example.com").parsed,
                        parameters: [
                            Parameter(name: "BODY", value: "8BITMIME"), Parameter(name: "SIZE", value: "10"),
                            Parameter(name: "SMTPUTF8", value: nil),
                        ])))
        play("A: CONT\nS: 250 sender <A@Example.com> OK", on: driver)
    }

    @Test(
        "SIZE is compared with the limit",
        arguments: [
            ("SIZE=26214400", "250 sender <a@example.com> OK"), ("SIZE=26214401", "550 Message too big!"),
            ("SIZE=99999999999999999999999999", "550 Message too big!"), ("SIZE=0", "250 sender <a@example.com> OK"),
            ("SIZE=ten", "501 Invalid SIZE parameter"), ("SIZE", "501 Invalid SIZE parameter"),
            ("SIZE=-1", "501 Invalid SIZE parameter"), ("SIZE=1 SIZE=26214401", "550 Message too big!"),
        ])
    func size(parameter: String, reply: String) {
        play("C: MAIL FROM:<a@example.com> \(parameter)\nS: \(reply)")
    }

    @Test("without a limit every SIZE will do")
    func noLimit() {
        var settings = SessionSettings.test
        settings.maxBytes = 0
        play("C: MAIL FROM:<a@example.com> SIZE=99999999\nS: 250 sender <a@example.com> OK", on: .greeted(settings))
    }

    @Test("strict_rfc1869 wants brackets and no blank, but not of clients that may relay")
    func strict() {
        var settings = SessionSettings.test
        settings.isStrictRFC1869 = true
        let driver = play(
            """
            C: MAIL FROM: <a@example.com>
            S: 501-Command parsing failed
            S: 501 Invalid format of mail command:  <a@example.com>
            C: MAIL FROM:a@example.com
            S: 501-Command parsing failed
            S: 501 Invalid format of mail command: a@example.com
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            C: RSET
            S: 250 OK
            """, on: .greeted(settings))
        driver.connection.isRelaying = true
        play("C: MAIL FROM: a@example.com\nS: 250 sender <a@example.com> OK", on: driver)
    }

    @Test(
        "a refusal that a plugin sent itself resets the transaction, an acceptance keeps it",
        arguments: [(550, false), (250, true)])
    func done(code: Int, isKept: Bool) {
        let driver = play("P: mail LATER\nC: MAIL FROM:<a@example.com>")
        driver.connection.lastReply = Reply(code, "by the plugin")
        play("A: DONE", on: driver)
        #expect((driver.connection.transaction != nil) == isKept)
    }
}
