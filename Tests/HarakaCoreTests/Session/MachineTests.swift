// The machine without a driver: events that come between its actions, and events out of place.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Session machine")
struct MachineTests {
    static func line(_ text: String) -> CommandLine { Array(text.utf8).withUnsafeBytes { CommandLine($0) } }

    /// What a machine does, in words.
    static func words(_ action: SessionAction) -> String {
        switch action {
        case .ask(let question): "ask \(question.hookName)"
        case .send(let reply, let then): "send \(reply.code) \(then)"
        case .proceed(let then): "proceed \(then)"
        case .store: "store"
        case .resolveName: "resolve"
        case .close: "close"
        case .wait: "wait"
        }
    }

    /// Runs events against a new machine; what it did each time.
    static func run(_ events: [String]) -> [String] {
        let connection = SessionDriver().connection
        var machine = SessionMachine(connection: connection, settings: .test)
        machine.heard = .haraka
        return events.map { event in
            switch event {
            case "connected": words(machine.connected())
            case "CONT": words(machine.hooksCompleted(.cont))
            case "OK": words(machine.hooksCompleted(Verdict(.ok)))
            case "DENY": words(machine.hooksCompleted(Verdict(.deny)))
            case "name": words(machine.nameResolved("client.example.net"))
            case "sent": words(machine.replySent())
            case "ended": words(machine.messageEnded(MessageFacts()))
            case "time": words(machine.timedOut())
            case "stop": words(machine.serverStops())
            case "failed": words(machine.failed())
            case "disconnect": words(machine.disconnect())
            case "left": words(machine.clientLeft())
            case "too long": words(machine.lineTooLong())
            case "bare": words(machine.bareNewline())
            default: words(machine.received(line(event), isFollowed: false))
            }
        }
    }

    static let ready = ["connected", "CONT", "CONT", "name", "CONT"]

    @Test("a session from its first event to its last")
    func whole() {
        let events =
            MachineTests.ready + ["EHLO c", "CONT", "CONT", "MAIL FROM:<>", "CONT", "RCPT TO:<b@c>", "OK", "OK"]
        let did = MachineTests.run(
            events + [
                "DATA", "CONT", "ended", "CONT", "OK", "CONT", "sent", "CONT", "QUIT", "CONT", "disconnect", "CONT",
            ])
        #expect(
            did == [
                "ask connect_init", "ask lookup_rdns", "resolve", "ask connect", "send 220 read", "ask ehlo",
                "ask capabilities", "send 250 read", "ask mail", "send 250 read", "ask rcpt", "ask rcpt_ok",
                "send 250 read", "ask data", "send 354 receiveMessage", "ask data_post", "ask queue", "ask queue_ok",
                "send 250 resume", "ask reset_transaction", "proceed read", "ask quit", "send 221 disconnect",
                "ask disconnect", "close",
            ])
    }

    @Test("once the last reply is out no other follows", arguments: ["time", "stop", "failed"])
    func noSecondReply(event: String) {
        let did = MachineTests.run(MachineTests.ready + ["QUIT", "CONT", event, "disconnect", event, "CONT", event])
        #expect(Array(did.suffix(6)) == ["send 221 disconnect", "wait", "ask disconnect", "wait", "close", "wait"])
    }

    @Test(
        "between a reply and its reset the session may end, and the reset is not lost",
        arguments: ["time", "stop", "failed"])
    func beforeReset(event: String) {
        let did = MachineTests.run(
            MachineTests.ready + ["HELO c", "CONT", "MAIL FROM:<>", "DENY", event, "disconnect", "CONT", "CONT"])
        #expect(
            Array(did.suffix(5)) == [
                "send 550 resume", "send 421 disconnect", "ask reset_transaction", "ask disconnect", "close",
            ])
    }

    @Test("events out of place do nothing")
    func outOfPlace() {
        let stray = ["name", "sent", "ended", "CONT", "connected"]
        #expect(
            MachineTests.run(["CONT", "name", "sent", "ended", "NOOP", "too long", "bare"])
                == Array(repeating: "wait", count: 7))
        #expect(Array(MachineTests.run(MachineTests.ready + stray).suffix(5)) == Array(repeating: "wait", count: 5))
        let busy = MachineTests.run(
            MachineTests.ready + ["NOOP", "NOOP", "too long", "bare", "ended", "sent", "name", "CONT"])
        #expect(Array(busy.suffix(8)) == ["ask noop", "wait", "wait", "wait", "wait", "wait", "wait", "send 250 read"])
    }

    @Test("after the end every event is nothing")
    func afterEnd() {
        let events = [
            "connected", "CONT", "name", "sent", "ended", "NOOP", "too long", "bare", "time", "stop", "failed",
            "disconnect", "left",
        ]
        let did = MachineTests.run(MachineTests.ready + ["left", "CONT"] + events)
        #expect(Array(did.suffix(15)) == ["ask disconnect", "close"] + Array(repeating: "wait", count: 13))
    }
}
