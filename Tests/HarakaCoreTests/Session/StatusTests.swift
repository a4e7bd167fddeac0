// Enhanced status codes: which replies have one, and which it is. RFC 2034, RFC 3463.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Enhanced status codes")
struct StatusTests {
    @Test("a session with status codes: every reply has one but the banner, those to EHLO and 354")
    func session() {
        let driver = play(
            """
            E: connect
            S: 220 mx.example.com ESMTP Haraka/1.0 ready (0A1B2C)
            C: NOOP
            S: 250 2.0.0 OK
            C: EHLO c
            S: 250-mx.example.com Hello client.example.net [192.0.2.7], Haraka is at your service.
            S: 250-PIPELINING
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-SIZE 26214400
            S: 250 ENHANCEDSTATUSCODES
            P: every rcpt OK
            P: every queue OK
            C: MAIL FROM:<a@example.com>
            S: 250 2.1.0 sender <a@example.com> OK
            C: RCPT TO:<b@example.net>
            S: 250 2.1.5 recipient <b@example.net> OK
            C: DATA
            S: 354 go ahead, make my day
            C: x
            C: .
            S: 250 2.0.0 Message Queued (0A1B2C3D-0000-4000-8000-000000000001.1)
            C: VRFY b
            S: 252 2.0.0 Just try sending a mail and we'll see how it turns out...
            C: HELP
            S: 250 2.0.0 Not implemented
            C: XFOO
            S: 500 5.5.1 Unrecognized command
            C: MAIL FROM:<a@exa mple.com>
            S: 501-5.5.4 Command parsing failed
            S: 501 5.5.4 Syntax error in parameters ("<a@exa mple.com>")
            C: RSET
            S: 250 2.0.0 OK
            C: HELO
            S: 501 HELO requires domain/address - see RFC-2821 4.1.1.1
            C: HELO c
            S: 250 mx.example.com Hello client.example.net [192.0.2.7], Haraka is at your service.
            C: QUIT
            S: 221 2.0.0 mx.example.com closing connection. Have a jolly good day.
            X: closed
            """, on: SessionDriver(.coded))
        #expect(driver.connection.lastResponse.hasPrefix("221 2.0.0 mx.example.com closing"))
        #expect(driver.connection.lastReject == "501 HELO requires domain/address - see RFC-2821 4.1.1.1")
    }

    @Test("without them the capability is not offered")
    func capability() {
        let driver = HelloTests.connected()
        driver.say("EHLO c")
        #expect(!driver.connection.capabilities.contains("ENHANCEDSTATUSCODES"))
        let coded = HelloTests.connected(.coded)
        coded.say("EHLO c")
        #expect(coded.connection.capabilities.last == "ENHANCEDSTATUSCODES")
    }

    @Test(
        "the words of a plugin get the status of their hook and code",
        arguments: [
            ("mail", "DENY no", "550 5.7.1 no"), ("mail", "DENYSOFT no", "450 4.7.1 no"),
            ("mail", "OK yes", "250 2.1.0 yes"), ("mail", "DENY", "550 5.7.1 sender <a@example.com> denied"),
            ("mail", "DENY one\\ntwo", "550-5.7.1 one|550 5.7.1 two"),
            ("mail_parse", "DENY", "501 5.5.2 Syntax error in command"),
            ("mail_pre", "DENY", "501 5.1.7 could not parse your mail from command"),
        ])
    func words(hook: String, answer: String, reply: String) {
        let hooks = hook == "mail" ? "mail\(answer.hasPrefix("OK") ? "" : " reset_transaction")" : hook
        Decision(answer, reply, hooks).play(hook, "C: MAIL FROM:<a@example.com>", on: .greeted(.coded))
    }

    @Test(
        "a status that a plugin gives is sent once, on each line, and in the class of the code",
        arguments: [
            ("DENY 553/5.1.7", "553 5.1.7 Bad sender's mailbox address syntax"),
            ("DENY 553/5.1.7 a\\nb", "553-5.1.7 a|553 5.1.7 b"),
            ("DENY 5.1.8 bad system", "550 5.1.8 bad system"),
            ("DENY 5.1.8 bad\\n5.1.9 system", "550-5.1.8 bad|550 5.1.8 system"),
            ("DENY bad\\n5.1.9 system", "550-5.1.9 bad|550 5.1.9 system"),
            ("DENYSOFT 5.1.8 bad system", "450 4.1.8 bad system"), ("DENYSOFT 250/2.1.0 fine", "450 4.1.0 fine"),
            ("DENY 5.7.999 far", "550 5.7.999 far"), ("DENY 5.7.1", "550 5.7.1 "),
            ("DENY 5.7.1000 none", "550 5.7.1 5.7.1000 none"), ("DENY 5.7 none", "550 5.7.1 5.7 none"),
            ("DENY 3.0.0 none", "550 5.7.1 3.0.0 none"), ("DENY 5.7.1none", "550 5.7.1 5.7.1none"),
        ])
    func own(answer: String, reply: String) {
        Decision(answer, reply, "mail reset_transaction").play(
            "mail", "C: MAIL FROM:<a@example.com>", on: .greeted(.coded))
    }

    @Test("without status codes the words of a plugin stay as they are", arguments: ["5.1.8 bad", "4.1.8 bad"])
    func untouched(words: String) {
        play("P: mail DENY \(words)\nC: MAIL FROM:<a@example.com>\nS: 550 \(words)")
    }

    @Test(
        "who is turned away instead of a banner is told the status, by which plugin ever",
        arguments: [
            ("connect", "DENY", "554 5.7.1 Your mail is not welcome here"),
            ("connect", "DENYSOFT", "421 4.7.1 Come back later"),
            ("connect", "DENY 554/5.7.25 who", "554 5.7.25 who"), ("connect", "OK 220/2.0.0 hello", "220 hello"),
            ("connect", "OK 2.0.0 hello", "220 hello"),
            ("lookup_rdns", "DENY", "554 5.7.25 rDNS Lookup Failed"),
            ("lookup_rdns", "DENYSOFT", "421 4.4.3 rDNS Temporary Failure"),
            ("pre_connection", "DENYSOFT", "451 4.7.1 Connection temporarily denied"),
        ])
    func turnedAway(hook: String, answer: String, reply: String) {
        play("P: \(hook) \(answer)\nE: connect\nS: \(reply)", on: SessionDriver(.coded))
    }

    @Test("in LOOP every line gets the status, but HELO and EHLO")
    func loop() {
        play(
            """
            P: connect DENY
            E: connect
            S: 554 5.7.1 Your mail is not welcome here
            C: EHLO c
            S: 554 Your mail is not welcome here
            C: MAIL FROM:<a@example.com>
            S: 554 5.7.1 Your mail is not welcome here
            """, on: SessionDriver(.coded))
    }

    @Test("a refused greeting has no status, even if the plugin gave one; what comes next has")
    func refusedGreeting() {
        play(
            """
            P: ehlo DENY 550/5.7.1 bad name
            C: EHLO c
            S: 550 bad name
            P: ehlo_parse DENY 5.5.2 bad
            C: EHLO c
            S: 501 bad
            P: capabilities LATER
            C: EHLO c
            E: time is out
            S: 421 4.4.2 timeout
            X: closed
            """, on: .greeted(.coded))
    }

    @Test("after a greeting that a plugin has answered itself the next reply has its status")
    func greetingByPlugin() {
        play(
            """
            P: ehlo LATER
            C: EHLO c
            R: 250 welcome
            S: 250 welcome
            A: DONE
            C: NOOP
            S: 250 2.0.0 OK
            P: ehlo DONE
            C: EHLO c
            C~: NOOP\\n
            S: 500 5.5.2 Bare CR or LF in a command; lines end with CR LF
            """, on: .greeted(.coded))
    }

    @Test(
        "a plugin that replies by itself gets the status of its code",
        arguments: [
            ("220 Go ahead.", "220 2.0.0 Go ahead."), ("334 VXNlcm5hbWU6", "334 VXNlcm5hbWU6"),
            ("235 Authentication successful", "235 2.7.0 Authentication successful"),
            ("235 2.7.0 Authentication successful", "235 2.7.0 Authentication successful"),
            ("535 Authentication failed", "535 5.7.8 Authentication failed"),
            ("454 later", "454 4.7.0 later"), ("504 what", "504 5.5.4 what"), ("534 weak", "534 5.7.9 weak"),
            ("538 clear", "538 5.7.11 clear"), ("432 change it", "432 4.7.12 change it"),
            ("250 done", "250 2.0.0 done"), ("450 what", "450 4.5.1 what"), ("452 full", "452 4.3.1 full"),
            ("552 full", "552 5.3.4 full"), ("555 what", "555 5.5.4 what"), ("214 help", "214 2.0.0 help"),
        ])
    func respond(said: String, sent: String) {
        let driver = play(
            "P: unrecognized_command LATER\nC: XFOO\nR: \(said)\nS: \(sent)\nA: OK", on: .greeted(.coded))
        #expect(driver.connection.lastResponse == sent)
    }

    @Test("the banner that a plugin writes itself has no status")
    func bannerByPlugin() {
        play(
            "P: connect LATER\nE: connect\nR: 220 welcome\nS: 220 welcome\nA: DONE\nC: NOOP\nS: 250 2.0.0 OK",
            on: SessionDriver(.coded))
    }

    @Test(
        "other hooks",
        arguments: [
            ("data", "DENY", "554 5.7.1 Message denied"), ("data", "DENYSOFT", "451 4.7.1 Message denied"),
        ])
    func data(hook: String, answer: String, reply: String) {
        play("P: \(hook) \(answer)\nC: DATA\nS: \(reply)", on: .addressed(.coded))
    }

    @Test(
        "the end of a message",
        arguments: [
            ("data_post", "DENY", "550 5.7.1 Message denied"),
            ("data_post", "DENYSOFT", "450 4.7.1 Message denied temporarily"),
            ("queue", "CONT", "451 4.3.0 Queuing declined or disabled, try later (U)"),
            ("queue", "DENY", "550 5.7.1 Message denied (U)"),
            ("queue", "DENYSOFT", "450 4.3.0 Message denied temporarily (U)"),
            ("queue", "OK 2.6.0 taken", "250 2.6.0 taken (U)"), ("queue", "OK taken", "250 2.0.0 taken (U)"),
            ("queue", "OK 250/2.6.0 taken", "250 2.6.0 taken (U)"),
        ])
    func end(hook: String, answer: String, reply: String) {
        let uuid = "0A1B2C3D-0000-4000-8000-000000000001.1"
        let line = reply.split(separator: "U)", omittingEmptySubsequences: false).joined(separator: "\(uuid))")
        play("P: \(hook) \(answer)\nC: x\nC: .\nS: \(line)", on: DataTests.receiving(.coded))
    }

    @Test("every status of the table has the class of its code", arguments: Hook.allCases)
    func table(hook: Hook) {
        for code in [200, 220, 235, 250, 252] + Array(400...599) {
            let status = EnhancedStatus.fitting(code, hook)
            #expect(Int(status.class) == code / 100)
            // RFC 3463 and the registry of RFC 5248.
            #expect(!status.standardText.isEmpty)
        }
        #expect(EnhancedStatus.fitting(550, nil) == EnhancedStatus(5, 0, 0))
    }
}
