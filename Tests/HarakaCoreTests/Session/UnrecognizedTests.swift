// Commands that belong to plugins: unrecognized_command and NEXT_HOOK. docs/hooks.md "Commands".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Unrecognized commands")
struct UnrecognizedTests {
    static let hook = "unrecognized_command"

    @Test(
        "unrecognized_command decides",
        arguments: [
            Decision("CONT", "500 Unrecognized command", hook), Decision("CONT what", "500 what", hook),
            Decision("STOP", "500 Unrecognized command", hook), Decision("OK words", "", hook),
            Decision("DONE words", "", hook), Decision("DENY", "500 Unrecognized command", hook),
            Decision("DENY no", "500 no", hook), Decision("DENYSOFT", "500 Unrecognized command", hook),
            Decision("DENYSOFT plugin timeout", "500 plugin timeout", hook),
            Decision("DENY 502/5.5.1", "502 5.5.1 Invalid command", hook),
            Decision("DENYDISCONNECT", "521 Unrecognized command", "\(hook) disconnect", closed: true),
            Decision("DENYDISCONNECT off", "521 off", "\(hook) disconnect", closed: true),
            Decision("DENYSOFTDISCONNECT", "421 Unrecognized command", "\(hook) disconnect", closed: true),
            Decision("DENYSOFTDISCONNECT off", "421 off", "\(hook) disconnect", closed: true),
            Decision("DISCONNECT", "", "\(hook) disconnect", closed: true),
        ])
    func decides(decision: Decision) {
        let driver = SessionDriver.greeted()
        decision.play(UnrecognizedTests.hook, "C: XFOO bar", on: driver)
        let isCounted = ["CONT", "STOP", "DENYSOFT"].contains(decision.answer.split(separator: " ")[0])
        #expect(driver.connection.errors == (isCounted ? 1 : 0))
    }

    @Test(
        "the hook is told the word as sent, and the rest",
        arguments: [
            ("xFoo  bar\\tbaz ", "xFoo", "bar\tbaz"), ("STARTTLS", "STARTTLS", ""),
            (" MAIL FROM:<a@b>", "", "MAIL FROM:<a@b>"),
            ("", "", ""), ("MAILFROM:<a@b>", "MAILFROM:<a@b>", ""),
        ])
    func words(line: String, word: String, rest: String) {
        let driver = play("P: \(UnrecognizedTests.hook) LATER\nC: \(line)")
        #expect(driver.question == .unrecognizedCommand(word: word, rest: rest))
    }

    @Test("NEXT_HOOK runs another hook with the same words")
    func nextHook() {
        let driver = play(
            "P: unrecognized_command NEXT_HOOK my_hook\nP: my_hook LATER\nC: XFOO bar\nH: unrecognized_command my_hook")
        #expect(driver.question == .named("my_hook", word: "XFOO", rest: "bar"))
        play("A: OK\nC: NOOP\nS: 250 OK", on: driver)
    }

    @Test(
        "the other hook decides as unrecognized_command does",
        arguments: [
            Decision("CONT", "500 Unrecognized command", "unrecognized_command my_hook"),
            Decision("OK", "", "unrecognized_command my_hook"),
            Decision("DENY no", "500 no", "unrecognized_command my_hook"),
            Decision(
                "DENYDISCONNECT", "521 Unrecognized command", "unrecognized_command my_hook disconnect", closed: true),
            Decision("DISCONNECT", "", "unrecognized_command my_hook disconnect", closed: true),
            Decision("DONE", "", "unrecognized_command my_hook"),
        ])
    func namedHook(decision: Decision) {
        decision.play("my_hook", "P: unrecognized_command NEXT_HOOK my_hook\nC: XFOO", on: .greeted())
    }

    @Test(
        "NEXT_HOOK to a command without arguments is that command",
        arguments: [
            ("noop", "250 OK", "noop"), ("vrfy", SmallCommandTests.sorry, "vrfy"),
            ("rset", "250 OK", "rset reset_transaction"),
            ("quit", SmallCommandTests.bye, "quit reset_transaction disconnect"),
        ])
    func commandHooks(name: String, reply: String, hooks: String) {
        play(
            "P: unrecognized_command NEXT_HOOK \(name)\nC: XFOO\nS: \(reply)\nH: unrecognized_command \(hooks)",
            on: .addressed())
    }

    @Test(
        "NEXT_HOOK runs no hook that begins or ends something",
        arguments: [
            "connect_init", "lookup_rdns", "connect", "disconnect", "reset-transaction", "reset_transaction", "deny",
            "init_master", "init_child", "log", "",
        ])
    func notToCall(name: String) {
        let driver = play(
            """
            P: unrecognized_command NEXT_HOOK \(name)
            C: XFOO
            S: 500 Unrecognized command
            H: unrecognized_command
            """, on: .addressed())
        #expect(driver.connection.errors == 1)
        #expect(driver.connection.transaction != nil)
    }

    @Test("a circle of NEXT_HOOK ends, and the next command has all its hops again")
    func circle() {
        let eight = Array(repeating: "round", count: 8).joined(separator: " ")
        let driver = play(
            """
            P: every unrecognized_command NEXT_HOOK round
            P: every round NEXT_HOOK round
            C: XFOO
            S: 500 Unrecognized command
            H: unrecognized_command \(eight)
            C: XFOO
            S: 500 Unrecognized command
            H: unrecognized_command \(eight)
            X: open
            """)
        #expect(driver.connection.errors == 2)
    }
}
