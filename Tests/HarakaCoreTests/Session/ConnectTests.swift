// The beginning of a session: connect_init, lookup_rdns, connect, banner, LOOP. docs/hooks.md "Connection".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Connecting")
struct ConnectTests {
    static let banner = "220 mx.example.com ESMTP Haraka/1.0 ready (0A1B2C)"

    @Test("the hooks of a connection are asked in order, then the banner is sent")
    func order() {
        let driver = play(
            """
            E: connect
            S: \(ConnectTests.banner)
            H: connect_init lookup_rdns connect
            """, on: SessionDriver())
        #expect(driver.connection.remote.host == "client.example.net")
        #expect(driver.connection.remote.info == "client.example.net")
    }

    @Test("no answer to connect_init changes anything", arguments: HookCode.allCases)
    func connectInit(code: HookCode) {
        play(
            """
            P: connect_init \(code.name) words
            E: connect
            S: \(ConnectTests.banner)
            H: connect_init lookup_rdns connect
            """, on: SessionDriver())
    }

    @Test(
        "lookup_rdns refuses",
        arguments: [
            Decision("DENY", "554 rDNS Lookup Failed", "connect_init lookup_rdns"),
            Decision("DENY no name", "554 no name", "connect_init lookup_rdns"),
            Decision("DENYSOFT", "421 rDNS Temporary Failure", "connect_init lookup_rdns"),
            Decision("DENYSOFT wait", "421 wait", "connect_init lookup_rdns"),
            Decision("DENYDISCONNECT", "554 rDNS Lookup Failed", "connect_init lookup_rdns disconnect", closed: true),
            Decision("DISCONNECT", "554 rDNS Lookup Failed", "connect_init lookup_rdns disconnect", closed: true),
            Decision("DISCONNECT off", "554 off", "connect_init lookup_rdns disconnect", closed: true),
            Decision(
                "DENYSOFTDISCONNECT", "421 rDNS Temporary Failure", "connect_init lookup_rdns disconnect",
                closed: true),
            Decision("DENY 550/5.7.25", "550 5.7.25 Reverse DNS validation failed", "connect_init lookup_rdns"),
        ])
    func lookupRefuses(decision: Decision) {
        decision.play("lookup_rdns", "E: connect", on: SessionDriver())
    }

    @Test("a name from lookup_rdns is taken; OK without one is Unknown")
    func lookupNames() {
        for (answer, name) in [("OK mail.example.org", "mail.example.org"), ("OK", "Unknown")] {
            let driver = play("P: lookup_rdns \(answer)\nE: connect\nS: \(ConnectTests.banner)", on: SessionDriver())
            #expect(driver.connection.remote.host == name)
            #expect(driver.connection.remote.info == name)
        }
    }

    @Test("remote.info that a plugin has set stays", arguments: ["OK mail.example.org", "CONT"])
    func infoStays(answer: String) {
        let driver = SessionDriver()
        driver.connection.remote.info = "set"
        play("P: lookup_rdns \(answer)\nE: connect\nS: \(ConnectTests.banner)", on: driver)
        #expect(driver.connection.remote.info == "set")
    }

    @Test(
        "any other answer to lookup_rdns leaves the lookup to the server", arguments: ["CONT", "STOP", "DELAY", "DONE"])
    func lookupDefault(answer: String) {
        let driver = SessionDriver()
        driver.clientName = nil
        play(
            """
            P: lookup_rdns \(answer) words
            E: connect
            H: connect_init lookup_rdns
            E: name NXDOMAIN
            S: \(ConnectTests.banner)
            H: connect
            """, on: driver)
        #expect(driver.connection.remote.host == "NXDOMAIN")
    }

    @Test(
        "connect decides",
        arguments: [
            Decision("DENY", "554 Your mail is not welcome here", "connect_init lookup_rdns connect"),
            Decision("DENYSOFT", "421 Come back later", "connect_init lookup_rdns connect"),
            Decision("DENYSOFT busy", "421 busy", "connect_init lookup_rdns connect"),
            Decision(
                "DENYDISCONNECT", "554 Your mail is not welcome here", "connect_init lookup_rdns connect disconnect",
                closed: true),
            Decision(
                "DISCONNECT", "554 Your mail is not welcome here", "connect_init lookup_rdns connect disconnect",
                closed: true),
            Decision(
                "DENYSOFTDISCONNECT", "421 Come back later", "connect_init lookup_rdns connect disconnect",
                closed: true),
            Decision("OK", banner, "connect_init lookup_rdns connect"),
            Decision("STOP", banner, "connect_init lookup_rdns connect"),
            Decision("OK mx ready", "220 mx ready", "connect_init lookup_rdns connect"),
            Decision("CONT mx\\nready", "220-mx|220 ready", "connect_init lookup_rdns connect"),
            Decision("CONT \\n \\n", banner, "connect_init lookup_rdns connect"),
            Decision("DONE", "", "connect_init lookup_rdns connect"),
        ])
    func connectDecides(decision: Decision) {
        decision.play("connect", "E: connect", on: SessionDriver())
    }

    @Test("smtpgreeting makes a banner of its lines, with the uuid in the first")
    func greeting() {
        var settings = SessionSettings.test
        settings.greeting = ["welcome", "no spam"]
        play(
            "E: connect\nS: 220-mx.example.com ESMTP welcome (0A1B2C)\nS: 220 no spam", on: SessionDriver(settings))
        settings.uuidBannerCharacters = 0
        play("E: connect\nS: 220-mx.example.com ESMTP welcome\nS: 220 no spam", on: SessionDriver(settings))
        settings.greeting = []
        play("E: connect\nS: 220 mx.example.com ESMTP Haraka/1.0 ready", on: SessionDriver(settings))
    }

    @Test("LOOP answers every command alike and honours QUIT")
    func loop() {
        let driver = play(
            """
            P: connect DENY go\\naway
            E: connect
            S: 554-go
            S: 554 away
            C: EHLO client.example.net
            S: 554-go
            S: 554 away
            C: MAIL FROM:<a@example.com>
            S: 554-go
            S: 554 away
            C: QUIT now
            S: 554-go
            S: 554 away
            C: bare\\nNOOP
            S: 554-go
            S: 554 away
            H: connect_init lookup_rdns connect
            X: open
            C: quit
            S: 221 mx.example.com closing connection. Have a jolly good day.
            H: quit disconnect
            X: closed
            """, on: SessionDriver())
        #expect(driver.connection.lastReject == "554 go\naway")
    }

    @Test("a line that is too long ends LOOP")
    func loopTooLong() {
        play(
            """
            P: lookup_rdns DENYSOFT
            E: connect
            S: 421 rDNS Temporary Failure
            C: \(String(repeating: "x", count: 511))
            S: 521 Command line too long
            X: closed
            """, on: SessionDriver())
    }

    @Test("the beginning happens once")
    func onlyOnce() {
        play("E: connect\nH: \nX: open")
    }
}
