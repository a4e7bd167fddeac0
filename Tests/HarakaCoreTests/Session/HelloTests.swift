// HELO and EHLO with their hooks. docs/hooks.md "Commands".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("HELO and EHLO")
struct HelloTests {
    static let hello = "mx.example.com Hello client.example.net [192.0.2.7], Haraka is at your service."

    static func connected(_ settings: SessionSettings = .test) -> SessionDriver {
        let driver = SessionDriver(settings)
        driver.connect()
        driver.forget()
        return driver
    }

    @Test(
        "helo decides; words of an acceptance are not used",
        arguments: [
            Decision("CONT", "250 \(hello)", "helo"),
            Decision("CONT words", "250 \(hello)", "helo"),
            Decision("OK words", "250 \(hello)", "helo"),
            Decision("STOP", "250 \(hello)", "helo"),
            Decision("DENY", "550 HELO denied", "helo"),
            Decision("DENY bad name", "550 bad name", "helo"),
            Decision("DENYSOFT", "450 HELO denied", "helo"),
            Decision("DENYDISCONNECT", "550 HELO denied", "helo disconnect", closed: true),
            Decision("DENYSOFTDISCONNECT", "450 HELO denied", "helo disconnect", closed: true),
            Decision("DISCONNECT words", "", "helo disconnect", closed: true),
            Decision("DONE words", "", "helo"),
        ])
    func helo(decision: Decision) {
        decision.play("helo", "C: HELO client.example.net", on: HelloTests.connected())
    }

    @Test(
        "ehlo refuses",
        arguments: [
            Decision("DENY", "550 EHLO denied", "ehlo"),
            Decision("DENY bad name", "550 bad name", "ehlo"),
            Decision("DENYSOFT", "450 EHLO denied", "ehlo"),
            Decision("DENYDISCONNECT", "550 EHLO denied", "ehlo disconnect", closed: true),
            Decision("DENYSOFTDISCONNECT", "450 EHLO denied", "ehlo disconnect", closed: true),
            Decision("DISCONNECT", "", "ehlo disconnect", closed: true),
            Decision("DONE", "", "ehlo"),
        ])
    func ehloRefuses(decision: Decision) {
        decision.play("ehlo", "C: EHLO client.example.net", on: HelloTests.connected())
    }

    @Test("EHLO lists what the server can", arguments: ["CONT words", "OK words", "STOP"])
    func ehlo(answer: String) {
        let driver = play(
            """
            P: ehlo \(answer)
            C: EHLO client.example.net
            S: 250-\(HelloTests.hello)
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250 SIZE 26214400
            H: ehlo capabilities
            """, on: HelloTests.connected())
        #expect(driver.connection.isESMTP)
        #expect(driver.connection.helloVerb == .ehlo)
        #expect(driver.connection.helloHost == "client.example.net")
    }

    @Test("SMTPUTF8 can be left out, and without a limit SIZE is 0")
    func fewerCapabilities() {
        var settings = SessionSettings.test
        settings.offersSMTPUTF8 = false
        settings.maxBytes = 0
        settings.helloText = "hi."
        play(
            """
            C: EHLO client.example.net
            S: 250-mx.example.com Hello client.example.net [192.0.2.7], hi.
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250 SIZE 0
            """, on: HelloTests.connected(settings))
    }

    @Test(
        "plugins add capabilities, and no answer of theirs changes the reply",
        arguments: ["CONT", "DENY no", "OK", "DENYDISCONNECT"])
    func capabilities(answer: String) {
        let driver = play("P: capabilities LATER\nC: EHLO client.example.net", on: HelloTests.connected())
        driver.connection.capabilities.append("STARTTLS")
        play(
            """
            A: \(answer)
            S: 250-\(HelloTests.hello)
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-SIZE 26214400
            S: 250 STARTTLS
            X: open
            """, on: driver)
    }

    @Test("DISCONNECT while capabilities are collected closes without a reply; DONE leaves the reply to the plugin")
    func capabilitiesEnd() {
        play(
            "P: capabilities DISCONNECT\nC: EHLO c\nH: ehlo capabilities disconnect\nX: closed",
            on: HelloTests.connected())
        play("P: capabilities DONE\nC: EHLO c\nH: ehlo capabilities\nX: open", on: HelloTests.connected())
    }

    @Test("a refused greeting leaves no greeting", arguments: ["HELO", "EHLO"])
    func refusedGreeting(verb: String) {
        let driver = play(
            """
            P: \(verb.lowercased()) DENY
            C: \(verb) client.example.net
            S: 550 \(verb) denied
            C: MAIL FROM:<a@example.com>
            S: 503 Use EHLO/HELO before MAIL
            """, on: HelloTests.connected())
        #expect(driver.connection.helloVerb == .none)
        #expect(driver.connection.helloHost == "")
        #expect(driver.connection.errors == 1)
    }

    @Test("after DONE the client counts as greeted", arguments: [("HELO", false), ("EHLO", true)])
    func doneGreeting(verb: String, isESMTP: Bool) {
        let driver = play("P: \(verb.lowercased()) DONE\nC: \(verb) client.example.net", on: HelloTests.connected())
        #expect(driver.connection.isESMTP == isESMTP)
        play("C: MAIL FROM:<a@example.com>\nS: 250 sender <a@example.com> OK", on: driver)
    }

    @Test("a greeting needs a name", arguments: ["HELO", "EHLO", "ehlo  "])
    func noName(line: String) {
        let verb = line.prefix(4).uppercased()
        let driver = play(
            "C: \(line)\nS: 501 \(verb) requires domain/address - see RFC-2821 4.1.1.1\nH: ",
            on: HelloTests.connected())
        #expect(driver.connection.errors == 0)
    }

    @Test("the name is the first word")
    func firstWord() {
        let driver = play("C: HELO one two\\tthree\nS: 250 \(HelloTests.hello)", on: HelloTests.connected())
        #expect(driver.connection.helloHost == "one")
    }

    @Test(
        "the client's name is left out when it is not known",
        arguments: [
            ("NXDOMAIN", "[192.0.2.7]"), ("DNSERROR", "[192.0.2.7]"), ("", "[192.0.2.7]"),
            ("Unknown", "Unknown [192.0.2.7]"),
        ])
    func clientNames(name: String, shown: String) {
        let driver = SessionDriver()
        driver.clientName = name
        driver.connect()
        driver.forget()
        play("C: HELO c\nS: 250 mx.example.com Hello \(shown), Haraka is at your service.", on: driver)
    }

    @Test("a greeting resets the transaction first", arguments: ["HELO", "EHLO"])
    func resets(verb: String) {
        let driver = SessionDriver.addressed()
        driver.say("\(verb) again.example.net")
        #expect(driver.asked.prefix(2) == ["reset_transaction", verb.lowercased()])
        #expect(driver.connection.transaction == nil)
        #expect(driver.connection.helloHost == "again.example.net")
        #expect(driver.connection.isESMTP == (verb == "EHLO"))
        #expect(driver.replies.count == 1)
    }

    @Test("bytes above 127 are refused after HELO, and only then")
    func eightBit() {
        play(
            """
            C: HELO c
            S: 250 \(HelloTests.hello)
            C: MAIL FROM:<\\xC3\\xA4@example.com>
            S: 501 Syntax error (8-bit characters not allowed)
            C: X\\xFF
            S: 501 Syntax error (8-bit characters not allowed)
            H: helo
            """, on: HelloTests.connected())
        play("C: MAIL FROM:<\\xC3\\xA4@example.com>\nS: 250 sender <\\xC3\\xA4@example.com> OK")
        play("C: X\\xFF\nS: 500 Unrecognized command", on: HelloTests.connected())
    }
}
