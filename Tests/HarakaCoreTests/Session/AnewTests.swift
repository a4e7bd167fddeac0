// Clients that begin anew on the same connection: STARTTLS and XCLIENT; and TLS in the wrong place.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Beginning anew")
struct AnewTests {
    static let hello = "mx.example.com Hello client.example.net [192.0.2.7], Haraka is at your service."

    @Test("STARTTLS: the transaction is reset, nothing is sent, and the client must greet again")
    func startTLS() {
        let driver = play(
            """
            P: unrecognized_command LATER
            C: STARTTLS
            H: unrecognized_command
            R: 220 Go ahead.
            S: 220 Go ahead.
            E: TLS
            A: OK
            H: reset_transaction
            C: MAIL FROM:<a@example.com>
            S: 503 Use EHLO/HELO before MAIL
            C: RCPT TO:<b@example.net>
            S: 503 Use MAIL before RCPT
            C: EHLO again
            S: 250-\(AnewTests.hello)
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250 SIZE 26214400
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            """, on: .addressed())
        #expect(driver.connection.tls == .test)
        #expect(driver.connection.transactionCount == 2)
    }

    @Test("without a transaction there is nothing to reset")
    func noTransaction() {
        play("P: unrecognized_command LATER\nC: STARTTLS\nE: TLS\nA: OK\nH: unrecognized_command\nC: NOOP\nS: 250 OK")
    }

    @Test("after STARTTLS nothing of what was said in the clear counts, but that the client talked early")
    func forgets() throws {
        let driver = SessionDriver.addressed()
        let connection = driver.connection
        connection.isPipelining = true
        connection.isEarlyTalker = true
        connection.hasOfferedTLS = true
        connection.auth = AuthFacts(user: "bob", method: "PLAIN")
        connection.isRelaying = true
        connection.notes.set("auth_user", .text("bob"))
        connection.notes.set("auth_passwd", .text("secret"))
        connection.notes.set("mine", .integer(1))
        connection.helloArguments = [.text("x")]
        play("P: unrecognized_command LATER\nC: STARTTLS\nE: TLS", on: driver)
        #expect(connection.helloVerb == .none)
        #expect(connection.helloHost == "")
        #expect(connection.helloArguments == [])
        #expect(!connection.isESMTP)
        #expect(!connection.isPipelining)
        #expect(connection.isEarlyTalker)
        #expect(connection.hasOfferedTLS)
        #expect(connection.auth == nil)
        #expect(!connection.isRelaying)
        #expect(connection.capabilities == [])
        #expect(connection.notes.get("auth_user") == nil)
        #expect(connection.notes.get("auth_passwd") == nil)
        #expect(connection.notes.get("mine") == .integer(1))
        #expect(connection.notes.get("tls.cipher.standardName") == .text("TLS_AES_256_GCM_SHA384"))
        #expect(connection.notes.get("tls.authorized") == .boolean(false))
        play("A: OK", on: driver)
        #expect(connection.transaction == nil)
        #expect(!connection.isRelaying)
    }

    @Test("who greets right after the handshake, before the plugin has answered, does not talk early")
    func greetsAtOnce() {
        let driver = play(
            """
            P: unrecognized_command LATER
            C: STARTTLS
            E: TLS
            C: HELO c
            A: OK
            S: 250 \(AnewTests.hello)
            P: noop LATER
            C: NOOP
            """)
        #expect(!driver.connection.isEarlyTalker)
        driver.say("NOOP")
        #expect(driver.connection.isEarlyTalker)
    }

    @Test("TLS from the start: who speaks before the banner talks early")
    func early() {
        let driver = SessionDriver()
        driver.establishTLS()
        play("P: connect LATER\nE: connect\nC: EHLO c\nH: connect_init lookup_rdns connect", on: driver)
        #expect(driver.connection.isEarlyTalker)
    }

    @Test("relaying that did not come with AUTH stays, with the transaction's own gone")
    func relaying() {
        let driver = SessionDriver.greeted()
        driver.connection.isRelaying = true
        play("P: unrecognized_command LATER\nC: STARTTLS\nE: TLS\nA: OK", on: driver)
        #expect(driver.connection.isRelaying)
    }

    @Test("relaying that AUTH has brought is gone, for the connection too")
    func authRelaying() {
        let driver = SessionDriver.greeted()
        driver.connection.isRelaying = true
        driver.connection.auth = AuthFacts(user: "bob", method: "PLAIN")
        play("C: MAIL FROM:<a@example.com>\nS: 250 sender <a@example.com> OK", on: driver)
        play("P: unrecognized_command LATER\nC: STARTTLS\nE: TLS\nA: OK", on: driver)
        #expect(!driver.connection.isRelaying)
    }

    @Test(
        "whatever the plugin answers after the handshake, the transaction is reset",
        arguments: [
            ("CONT", "500 Unrecognized command"), ("DENY no", "500 no"),
            ("DENYSOFT plugin timeout", "500 plugin timeout"),
            ("DONE", ""),
        ])
    func anyAnswer(answer: String, reply: String) {
        let said = reply.isEmpty ? "" : "S: \(reply)\n"
        let driver = play(
            """
            P: unrecognized_command LATER
            C: STARTTLS
            E: TLS
            A: \(answer)
            \(said)H: unrecognized_command reset_transaction
            C: NOOP
            S: 250 OK
            """, on: .addressed())
        #expect(driver.connection.transaction == nil)
    }

    @Test("NEXT_HOOK after the handshake does not save the transaction")
    func nextHook() {
        let driver = play(
            """
            P: unrecognized_command LATER
            C: STARTTLS
            E: TLS
            A: NEXT_HOOK noop
            S: 250 OK
            H: unrecognized_command noop reset_transaction
            """, on: .addressed())
        #expect(driver.connection.transaction == nil)
    }

    @Test("TLS from the start: it is known before the first hook, and nothing else differs")
    func implicitTLS() {
        let driver = SessionDriver()
        driver.establishTLS()
        play("P: connect_init LATER\nE: connect\nH: connect_init", on: driver)
        #expect(driver.connection.tls == .test)
        play("A: OK\nS: 220 mx.example.com ESMTP Haraka/1.0 ready (0A1B2C)\nH: lookup_rdns connect", on: driver)
    }

    @Test(
        "restart: the transaction is reset, then the client's name is looked up, and there is another banner",
        arguments: [("restart", "lookup_rdns connect"), ("restart with name", "connect")])
    func restart(event: String, hooks: String) {
        let driver = SessionDriver.addressed()
        let connection = driver.connection
        connection.auth = AuthFacts(user: "bob", method: "PLAIN")
        connection.isRelaying = true
        connection.isEarlyTalker = true
        connection.notes.set("auth_user", .text("bob"))
        connection.remote.info = "other"
        connection.remoteLogin = "login"
        play(
            """
            P: unrecognized_command LATER
            C: XCLIENT ADDR=198.51.100.9
            H: unrecognized_command
            E: \(event)
            A: OK
            H: reset_transaction \(hooks)
            S: 220 mx.example.com ESMTP Haraka/1.0 ready (AAAAAA)
            C: MAIL FROM:<a@example.com>
            S: 503 Use EHLO/HELO before MAIL
            """, on: driver)
        #expect(connection.transaction == nil)
        #expect(connection.auth == nil)
        #expect(!connection.isRelaying)
        #expect(!connection.isEarlyTalker)
        #expect(connection.notes.get("auth_user") == nil)
        #expect(connection.remote.host == "client.example.net")
        #expect(connection.remote.info == "client.example.net")
        #expect(connection.remoteLogin == "login")
        #expect(connection.helloVerb == .none)
    }

    @Test("after a restart plugins may turn the client away")
    func restartDenied() {
        play(
            """
            P: unrecognized_command LATER
            C: XCLIENT ADDR=198.51.100.9
            E: restart
            P: connect DENY
            A: OK
            S: 554 Your mail is not welcome here
            C: NOOP
            S: 554 Your mail is not welcome here
            """)
    }

    @Test("a restart that was not answered with OK does not happen, later neither")
    func noRestart() {
        let driver = play(
            """
            P: unrecognized_command LATER
            C: XCLIENT ADDR=198.51.100.9
            E: restart
            A: DENY no
            S: 500 no
            P: unrecognized_command OK
            C: XFOO
            H: unrecognized_command unrecognized_command
            C: MAIL FROM:<a@example.com>
            S: 250 sender <a@example.com> OK
            """)
        #expect(driver.connection.helloVerb == .ehlo)
    }

    @Test("only an open question of unrecognized_command can restart the session")
    func restartElsewhere() {
        let driver = SessionDriver.greeted()
        driver.restart(keepsName: true)
        play("P: noop LATER\nC: NOOP\nE: restart\nA: OK\nS: 250 OK\nH: noop", on: driver)
        #expect(driver.connection.helloVerb == .ehlo)
    }

    @Test("the results know the new client after a restart")
    func results() {
        let driver = SessionDriver.greeted()
        #expect(driver.connection.results.get("remote")?["ip"] == .text("192.0.2.7"))
        play("P: unrecognized_command LATER\nC: XCLIENT", on: driver)
        driver.connection.remote.ip = "198.51.100.9"
        play("E: restart\nA: OK\nS: 220 mx.example.com ESMTP Haraka/1.0 ready (AAAAAA)", on: driver)
        #expect(driver.connection.results.get("remote")?["ip"] == .text("198.51.100.9"))
    }

    @Test("TLS on a plain port is told so in plain text, and the session ends")
    func spokeTLS() {
        play("E: speaks TLS\nS: 501 SSL attempted over a non-SSL socket\nH: disconnect\nX: closed")
        play(
            "P: connect DENY\nE: connect\nS: 554 Your mail is not welcome here\nE: speaks TLS\n"
                + "S: 501 SSL attempted over a non-SSL socket\nX: closed", on: SessionDriver())
        play("P: noop LATER\nC: NOOP\nE: speaks TLS\nA: OK\nS: 250 OK\nX: open")
    }
}
