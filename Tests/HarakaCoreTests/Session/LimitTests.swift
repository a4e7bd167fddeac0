// What a session demands before MAIL, and what ends it: TLS, authentication, pressure, too many errors.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Demands and limits")
struct LimitTests {
    static func settings(_ change: (inout SessionSettings) -> Void) -> SessionSettings {
        var settings = SessionSettings.test
        change(&settings)
        return settings
    }

    @Test("where TLS is required MAIL comes after it")
    func requiresTLS() {
        let settings = LimitTests.settings { $0.requiresTLS = true }
        let driver = play(
            """
            C: MAIL FROM:<a@example.com>
            S: 530 Must issue a STARTTLS command first
            H: 
            C: NOOP
            S: 250 OK
            P: unrecognized_command LATER
            C: STARTTLS
            E: TLS
            A: OK
            C: HELO c
            S: 250 \(AnewTests.hello)
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            """, on: .greeted(settings))
        #expect(driver.connection.errors == 1)
        var coded = SessionSettings.coded
        coded.requiresTLS = true
        play("C: MAIL FROM:<>\nS: 530 5.7.0 Must issue a STARTTLS command first", on: .greeted(coded))
    }

    @Test(
        "where authentication is required MAIL is for those who have it, or may relay",
        arguments: [(25, true), (587, false), (465, false)])
    func requiresAuth(port: Int, isRequired: Bool) {
        let settings = LimitTests.settings { $0.requiresAuth = isRequired }
        for (isRelaying, isAuthenticated) in [(false, false), (true, false), (false, true)] {
            let driver = SessionDriver.greeted(settings, port: port)
            driver.connection.isRelaying = isRelaying
            if isAuthenticated { driver.connection.auth = AuthFacts(user: "bob", method: "PLAIN") }
            let isAllowed = isRelaying || isAuthenticated
            let reply = isAllowed ? "250 sender <a@example.com> OK" : "550 Authentication required"
            play("C: MAIL FROM:<a@example.com>\nS: \(reply)", on: driver)
            #expect(driver.connection.errors == (isAllowed ? 0 : 1))
        }
        var coded = settings
        coded.sendsEnhancedCodes = true
        play("C: MAIL FROM:<>\nS: 530 5.7.0 Authentication required", on: .greeted(coded, port: port))
    }

    @Test("on other ports nobody asks for authentication")
    func requiresNoAuth() { play("C: MAIL FROM:<>\nS: 250 sender <> OK", on: .greeted(.test, port: 2525)) }

    @Test("under pressure MAIL is put off, and other commands work as ever")
    func pressure() {
        let driver = SessionDriver.greeted()
        driver.setPressure("Insufficient system storage")
        play(
            """
            C: MAIL FROM:<a@example.com>
            S: 452 Insufficient system storage
            H: 
            C: NOOP
            S: 250 OK
            """, on: driver)
        #expect(driver.connection.errors == 0)
        #expect(driver.connection.transaction == nil)
        driver.setPressure(nil)
        play("C: MAIL FROM:<a@example.com>\nS: 250 sender <a@example.com> OK", on: driver)
        // A message that has begun is taken.
        driver.setPressure("Insufficient system storage")
        play("P: rcpt OK\nC: RCPT TO:<b@example.net>\nS: 250 recipient <b@example.net> OK", on: driver)
        let coded = SessionDriver.greeted(.coded)
        coded.setPressure("Insufficient system storage")
        play("C: MAIL FROM:<>\nS: 452 4.3.1 Insufficient system storage", on: coded)
    }

    @Test("PROXY in a session means that the proxy is not listed", arguments: ["PROXY", "proxy", "Proxy"])
    func proxy(word: String) {
        play(
            """
            C: \(word) TCP4 198.51.100.1 192.0.2.1 1234 25
            S: 421 PROXY not allowed from 192.0.2.7
            H: disconnect
            X: closed
            """)
        play("C: PROXY\nS: 421 4.7.1 PROXY not allowed from 192.0.2.7", on: .greeted(.coded))
        play("C: PROXYX\nS: 500 Unrecognized command\nX: open")
    }

    @Test("the last error that is allowed is answered with 421, and the session ends")
    func errors() {
        let settings = LimitTests.settings { $0.maxErrors = 3 }
        let driver = play(
            """
            C: XFOO
            S: 500 Unrecognized command
            C: NOOP
            S: 250 OK
            C: RCPT TO:<b@example.net>
            S: 503 Use MAIL before RCPT
            C: MAIL FROM:<a@exa mple.com>
            S: 421 Too many errors
            H: unrecognized_command noop disconnect
            X: closed
            """, on: .greeted(settings))
        #expect(driver.connection.errors == 3)
        var coded = settings
        coded.sendsEnhancedCodes = true
        coded.maxErrors = 1
        play("C: DATA x\nS: 421 4.7.0 Too many errors", on: .greeted(coded))
    }

    @Test(
        "errors of every kind end in it", arguments: ["XFOO", "MAIL FROM:<a@exa mple.com>", "DATA", "RCPT TO:<a@b>"])
    func kinds(line: String) {
        let settings = LimitTests.settings { $0.maxErrors = 1 }
        play("C: \(line)\nS: 421 Too many errors\nX: closed", on: .greeted(settings))
    }

    @Test("so do a refusal of mail_parse, words of a plugin, a bare LF, and errors that a plugin has counted")
    func byPlugins() {
        let settings = LimitTests.settings { $0.maxErrors = 1 }
        play("P: mail_parse DENY no\nC: MAIL FROM:<>\nS: 421 Too many errors\nX: closed", on: .greeted(settings))
        play("P: unrecognized_command CONT what\nC: XFOO\nS: 421 Too many errors\nX: closed", on: .greeted(settings))
        play("C~: NOOP\\n\nS: 421 Too many errors\nX: closed", on: .greeted(settings))
        let driver = SessionDriver.greeted(settings)
        driver.change { $0.errors = 1 }
        play("C: NOOP\nS: 421 Too many errors\nH: disconnect\nX: closed", on: driver)
    }

    @Test("without a limit errors go on, a refusal by a plugin is none")
    func noLimit() {
        let driver = SessionDriver.greeted()
        for _ in 0..<50 { play("C: XFOO\nS: 500 Unrecognized command", on: driver) }
        let settings = LimitTests.settings { $0.maxErrors = 1 }
        play("P: unrecognized_command DENY no\nC: XFOO\nS: 500 no\nX: open", on: .greeted(settings))
    }

    @Test("the last refused recipient that is allowed is answered with 421; one that is put off does not count")
    func recipients() {
        let settings = LimitTests.settings { $0.maxRefusedRecipients = 3 }
        let driver = play(
            """
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            P: rcpt DENYSOFT
            C: RCPT TO:<1@example.net>
            S: 450 recipient <1@example.net> denied
            C: RCPT TO:<2@example.net>
            S: 550 I cannot deliver mail for <2@example.net>
            P: rcpt OK
            P: rcpt_ok DENY
            C: RCPT TO:<3@example.net>
            S: 550 recipient <3@example.net> denied
            P: rcpt OK
            C: RCPT TO:<4@example.net>
            S: 250 recipient <4@example.net> OK
            P: rcpt DENY no such user
            C: RCPT TO:<5@example.net>
            S: 421 Too many bad recipients
            H: mail rcpt rcpt rcpt rcpt_ok rcpt rcpt_ok rcpt reset_transaction disconnect
            X: closed
            """, on: .greeted(settings))
        #expect(driver.connection.rcptCount.reject == 3)
        #expect(driver.connection.errors == 0)
    }

    @Test("refused recipients of several transactions count together, and those that a plugin has answered itself")
    func recipientsOfSession() {
        let settings = LimitTests.settings { $0.maxRefusedRecipients = 2 }
        play(
            """
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            C: RCPT TO:<1@example.net>
            S: 550 I cannot deliver mail for <1@example.net>
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            P: rcpt LATER
            C: RCPT TO:<2@example.net>
            R: 550 not here
            S: 550 not here
            A: DONE
            X: open
            C: RCPT TO:<3@example.net>
            S: 421 Too many bad recipients
            X: closed
            """, on: .greeted(settings))
        var coded = settings
        coded.sendsEnhancedCodes = true
        coded.maxRefusedRecipients = 1
        play(
            "C: MAIL FROM:<>\nS: 250 2.1.0 sender <> OK\nC: RCPT TO:<b@c>\nS: 421 4.7.0 Too many bad recipients",
            on: .greeted(coded))
    }

    @Test("who is turned away hears why, and no plugin hears of it")
    func turnedAway() {
        let driver = SessionDriver()
        driver.event { $0.turnedAway(Reply(421, "Too many connections", status: .init(4, 7, 0))) }
        play("S: 421 Too many connections\nX: closed\nH: ", on: driver)
        #expect(driver.connection.state == .disconnected)
        let coded = SessionDriver(.coded)
        coded.event { $0.turnedAway(Reply(421, "Too many connections", status: .init(4, 7, 0))) }
        play("S: 421 4.7.0 Too many connections\nX: closed", on: coded)
    }

    @Test("once the session has begun nobody is turned away")
    func tooLate() {
        let driver = SessionDriver.greeted()
        driver.event { $0.turnedAway(Reply(421, "Too many connections")) }
        play("C: NOOP\nS: 250 OK", on: driver)
    }
}
