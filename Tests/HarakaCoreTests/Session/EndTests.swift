// The end of a session in every state: the client leaves, time is out, the server stops or fails.

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Ends of sessions")
struct EndTests {
    /// A state of a session, and what brings it about.
    struct Place: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: String
        let hasTransaction: Bool
        var isGreeted = true

        init(_ name: String, _ script: String, transaction: Bool = false, greeted: Bool = true) {
            testDescription = name
            self.script = script
            hasTransaction = transaction
            isGreeted = greeted
        }

        /// What is asked at the end. Before the beginning there is nobody to ask.
        var lastHooks: String {
            if testDescription == "new" { return "" }
            return hasTransaction ? "reset_transaction disconnect" : "disconnect"
        }

        func reach() -> SessionDriver {
            let driver = isGreeted ? SessionDriver.greeted() : SessionDriver()
            if testDescription == "resolving" { driver.clientName = nil }
            _ = Transcript(script).run(on: driver)
            driver.forget()
            return driver
        }
    }

    static let mail = "P: every rcpt OK\nC: MAIL FROM:<a@example.com>\nC: RCPT TO:<b@example.net>\n"
    static let places = [
        Place("new", "", greeted: false),
        Place("connect_init", "P: connect_init LATER\nE: connect", greeted: false),
        Place("lookup_rdns", "P: lookup_rdns LATER\nE: connect", greeted: false),
        Place("resolving", "E: connect", greeted: false),
        Place("connect", "P: connect LATER\nE: connect", greeted: false),
        Place("before EHLO", "E: connect", greeted: false),
        Place("looping", "P: connect DENY\nE: connect", greeted: false),
        Place("idle", ""),
        Place("in a line", "C~: NOO"),
        Place("ehlo", "P: ehlo LATER\nC: EHLO c"),
        Place("capabilities", "P: capabilities LATER\nC: EHLO c"),
        Place("noop", "P: noop LATER\nC: NOOP"),
        Place("quit", "P: quit LATER\nC: QUIT"),
        Place("unrecognized_command", "P: unrecognized_command LATER\nC: XFOO"),
        Place("named", "P: unrecognized_command NEXT_HOOK x\nP: x LATER\nC: XFOO"),
        Place("mail", "P: mail LATER\nC: MAIL FROM:<a@example.com>", transaction: true),
        Place("after MAIL", "C: MAIL FROM:<a@example.com>", transaction: true),
        Place("rcpt", "P: rcpt LATER\n\(mail)", transaction: true),
        Place("rcpt_ok", "P: rcpt_ok LATER\n\(mail)", transaction: true),
        Place("deny", "P: rcpt DENY\nP: deny LATER\n\(mail)", transaction: true),
        Place("data", "P: data LATER\n\(mail)C: DATA", transaction: true),
        Place("receiving", "\(mail)C: DATA", transaction: true),
        Place("in the message", "\(mail)C: DATA\nC: x\nC~: .\\r", transaction: true),
        Place("data_post", "P: data_post LATER\n\(mail)C: DATA\nC: x\nC: .", transaction: true),
        Place("queue", "P: queue LATER\n\(mail)C: DATA\nC: x\nC: .", transaction: true),
    ]

    @Test("the client leaves: the transaction is reset, disconnect is asked once, nothing is sent", arguments: places)
    func clientLeaves(place: Place) {
        let driver = place.reach()
        play(
            "E: client leaves\nH: \(place.lastHooks)\nX: closed\nE: client leaves\nE: server stops\nE: time is out\nH: ",
            on: driver)
        #expect(driver.connection.transaction == nil)
        #expect(driver.connection.state == .disconnected)
        #expect(driver.connection.remoteIsClosed)
    }

    @Test(
        "time limit, stop and failure: one reply, the reset, disconnect once", arguments: places,
        [
            ("time is out", "421 timeout"),
            ("server stops", "421 mx.example.com shutting down, try again later"),
            ("server fails", "421 Internal Server Error"),
        ])
    func farewell(place: Place, event: (name: String, reply: String)) {
        let driver = place.reach()
        play(
            """
            E: \(event.name)
            S: \(event.reply)
            H: \(place.lastHooks)
            X: closed
            E: \(event.name)
            E: client leaves
            C: NOOP
            H: 
            """, on: driver)
        #expect(driver.connection.transaction == nil)
    }

    @Test("a client that leaves while its transaction is reset waits for the reset, then for disconnect")
    func leavesWhileResetting() {
        for command in ["RSET", "MAIL FROM:<c@example.com>", "EHLO c", "NOOP", "QUIT"] {
            let driver = SessionDriver.addressed()
            driver.plugins.add(.now(Verdict(.denyDisconnect)), to: "noop")
            driver.plugins.add(.later, to: "reset_transaction")
            driver.plugins.add(.later, to: "disconnect")
            driver.say(command)
            #expect(driver.thinking == "reset_transaction")
            driver.forget()
            play(
                """
                E: client leaves
                H:
                X: open
                A: CONT
                H: disconnect
                X: open
                E: client leaves
                H:
                A: CONT
                X: closed
                H:
                """,
                on: driver)
            #expect(driver.connection.transaction == nil)
        }
    }

    @Test("a reset that the server's stop has interrupted is asked again")
    func stopsWhileResetting() {
        let driver = play("P: reset_transaction LATER\nC: RSET\nS: 250 OK\nH: rset reset_transaction", on: .addressed())
        play(
            """
            E: server stops
            S: 421 mx.example.com shutting down, try again later
            H: reset_transaction disconnect
            X: closed
            """, on: driver)
    }

    @Test("while the session ends nothing that comes is answered")
    func whileEnding() {
        let driver = play("P: disconnect LATER\nC: QUIT\nS: \(SmallCommandTests.bye)\nH: quit disconnect\nX: open")
        #expect(driver.connection.state == .disconnecting)
        play(
            """
            C: NOOP
            E: server stops
            E: time is out
            E: server fails
            E: client leaves
            H:
            X: open
            A: DENY
            X: closed
            H:
            """,
            on: driver)
    }

    @Test("no answer to disconnect keeps the connection", arguments: HookCode.allCases)
    func disconnect(code: HookCode) {
        play("P: disconnect \(code.name) words\nC: QUIT\nS: \(SmallCommandTests.bye)\nH: quit disconnect\nX: closed")
    }

    @Test("an answer that comes after the client has left changes nothing")
    func lateAnswer() {
        let driver = play("P: mail LATER\nP: disconnect LATER\nC: MAIL FROM:<a@example.com>\nE: client leaves")
        #expect(driver.thinking == "disconnect")
        driver.resolve("late.example.net")
        play("A: OK late\nX: closed\nH: ", on: driver)
    }
}
