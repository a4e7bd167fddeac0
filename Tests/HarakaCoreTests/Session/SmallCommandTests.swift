// RSET, NOOP, VRFY, HELP, QUIT. docs/hooks.md "Commands".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("RSET, NOOP, VRFY, HELP and QUIT")
struct SmallCommandTests {
    @Test(
        "noop decides",
        arguments: [
            Decision("CONT words", "250 OK", "noop"), Decision("OK words", "250 OK", "noop"),
            Decision("DENYSOFT words", "250 OK", "noop"), Decision("DENYSOFTDISCONNECT words", "250 OK", "noop"),
            Decision("STOP", "250 OK", "noop"), Decision("DENY", "500 Stop wasting my time", "noop"),
            Decision("DENY go", "500 go", "noop"),
            Decision("DENYDISCONNECT", "500 Stop wasting my time", "noop disconnect", closed: true),
            Decision("DISCONNECT", "", "noop disconnect", closed: true), Decision("DONE", "", "noop"),
        ])
    func noop(decision: Decision) { decision.play("noop", "C: NOOP and more", on: .greeted()) }

    static let sorry = "252 Just try sending a mail and we'll see how it turns out..."

    @Test(
        "vrfy decides; a refusal resets the transaction",
        arguments: [
            Decision("CONT words", sorry, "vrfy"), Decision("STOP", sorry, "vrfy"),
            Decision("OK words", "250 User OK", "vrfy"),
            Decision("DENY", "550 Access Denied", "vrfy reset_transaction"),
            Decision("DENY no", "550 no", "vrfy reset_transaction"),
            Decision("DENYSOFT", "450 Lookup Failed", "vrfy reset_transaction"),
            Decision("DENYDISCONNECT", "550 Access Denied", "vrfy reset_transaction disconnect", closed: true),
            Decision("DENYSOFTDISCONNECT", "450 Lookup Failed", "vrfy reset_transaction disconnect", closed: true),
            Decision("DISCONNECT", "", "vrfy reset_transaction disconnect", closed: true),
            Decision("DONE", "", "vrfy"),
        ])
    func vrfy(decision: Decision) {
        let driver = SessionDriver.addressed()
        decision.play("vrfy", "C: VRFY bob", on: driver)
        #expect((driver.connection.transaction != nil) == (decision.hooks == "vrfy"))
    }

    @Test(
        "RSET always resets",
        arguments: [
            Decision("CONT words", "250 OK", "rset reset_transaction"),
            Decision("OK words", "250 OK", "rset reset_transaction"),
            Decision("DENY words", "250 OK", "rset reset_transaction"),
            Decision("DENYSOFT words", "250 OK", "rset reset_transaction"),
            Decision("DENYDISCONNECT words", "250 OK", "rset reset_transaction"),
            Decision("DENYSOFTDISCONNECT words", "250 OK", "rset reset_transaction"),
            Decision("DISCONNECT", "", "rset reset_transaction disconnect", closed: true),
            Decision("DONE", "", "rset reset_transaction"),
        ])
    func rset(decision: Decision) {
        let driver = SessionDriver.addressed()
        decision.play("rset", "C: RSET", on: driver)
        #expect(driver.connection.transaction == nil)
        #expect(!decision.isClosed || driver.connection.state == .disconnected)
    }

    @Test("RSET without a transaction asks no reset_transaction")
    func emptyRset() { play("C: RSET\nS: 250 OK\nH: rset") }

    static let bye = "221 mx.example.com closing connection. Have a jolly good day."

    @Test("QUIT always closes", arguments: HookCode.allCases)
    func quit(code: HookCode) {
        let isSilent = code == .done || code == .disconnect
        Decision("\(code.name) words", isSilent ? "" : SmallCommandTests.bye, "quit disconnect", closed: true)
            .play("quit", "C: QUIT", on: .greeted())
    }

    @Test("QUIT in a transaction resets it after the reply")
    func quitInTransaction() {
        let driver = play(
            "C: QUIT\nC: NOOP\nS: \(SmallCommandTests.bye)\nH: quit reset_transaction disconnect\nX: closed",
            on: .addressed())
        #expect(driver.connection.transaction == nil)
        #expect(driver.connection.state == .disconnected)
    }

    @Test("the words of a goodbye can be set")
    func closeText() {
        var settings = SessionSettings.test
        settings.closeText = "bye."
        play("C: QUIT\nS: 221 mx.example.com bye.\nX: closed", on: .greeted(settings))
    }

    @Test("RSET and QUIT want no argument, and nobody is charged for it", arguments: ["RSET x", "QUIT x"])
    func arguments(line: String) {
        let driver = play("C: \(line)\nS: 501 Syntax error\nH: \nX: open", on: .addressed())
        #expect(driver.connection.errors == 0)
        #expect(driver.connection.transaction != nil)
    }

    @Test("HELP is not implemented, with and without an argument", arguments: ["HELP", "help MAIL"])
    func help(line: String) { play("C: \(line)\nS: 250 Not implemented\nH: ") }

    @Test("blanks behind a command do not count")
    func blanks() { play("C: quit \\t \nS: \(SmallCommandTests.bye)\nX: closed") }
}
