// The first and the last hook of a connection, and HELP. docs/hooks.md "Connection", "Commands".

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

enum Reply250 {
    static let done = Reply(250, "done")
}

@Suite("pre_connection, post_connection, HELP and the rest of the line")
struct GoodbyeTests {
    @Test("pre_connection comes first; who is refused there is only said goodbye")
    func pre() {
        play(
            """
            P: pre_connection OK
            E: connect
            H: pre_connection connect_init lookup_rdns connect
            X: open
            S: \(ConnectTests.banner)
            """, on: SessionDriver())
        play(
            """
            P: post_connection CONT
            P: pre_connection DENYSOFT busy
            E: connect
            S: 451 busy
            H: pre_connection disconnect post_connection
            X: closed
            """, on: SessionDriver())
    }

    @Test(
        "post_connection comes after disconnect, also when the client has vanished",
        arguments: ["C: QUIT", "E: client leaves", "E: time is out"])
    func post(event: String) {
        let driver = SessionDriver.greeted()
        _ = Transcript("P: post_connection LATER\n\(event)").run(on: driver)
        #expect(driver.asked.suffix(2) == ["disconnect", "post_connection"])
        #expect(driver.connection.state == .disconnected)
        #expect(!driver.isClosed)
        driver.forget()
        play("C: NOOP\nE: client leaves\nE: server stops\nH:\nX: open\nA: DENY words\nH:\nX: closed", on: driver)
    }

    @Test("the words of a plugin are the help, line by line")
    func help() {
        play("P: help CONT read\\nthe manual\nC: HELP me\nS: 214-read\nS: 214 the manual\nH: help")
        play("P: help OK 211/2.0.0 x\nC: HELP me\nS: 211 2.0.0 x")
        play("P: help CONT  \\n\nC: HELP\nS: 250 Not implemented")
        play("C: HELP\nS: 250 Not implemented\nH:")
    }

    @Test("help, vrfy and noop are told the rest of the line")
    func rest() {
        for (line, question) in [
            ("HELP  me now ", Question.help("me now")), ("vrfy bob", .vrfy("bob")), ("NOOP", .noop("")),
        ] {
            let driver = SessionDriver.greeted()
            driver.plugins.add(.later, to: question.hookName)
            driver.say(line)
            #expect(driver.question == question)
        }
    }

    @Test("NEXT_HOOK hands on the rest of the line", arguments: ["help", "vrfy", "noop"])
    func nextHook(hook: String) {
        let driver = play("P: unrecognized_command NEXT_HOOK \(hook)\nP: \(hook) LATER\nC: XFOO bar baz")
        #expect(driver.thinking == hook)
        #expect([Question.help("bar baz"), .vrfy("bar baz"), .noop("bar baz")].contains(driver.question))
    }

    @Test(
        "NEXT_HOOK cannot call what begins and ends something",
        arguments: ["pre_connection", "post-connection", "post_fork", "ok", "queue_post", "logging", "config"])
    func noNextHook(hook: String) {
        play("P: unrecognized_command NEXT_HOOK \(hook)\nC: XFOO\nS: 500 Unrecognized command\nH: unrecognized_command")
    }

    @Test("ok is told of an answer that ends a hook, and changes nothing", arguments: ["OK", "DENY no", "DONE"])
    func ok(answer: String) {
        play("P: ok \(answer)\nP: mail OK hi\nC: MAIL FROM:<>\nS: 250 hi\nH: mail ok")
        play("P: ok \(answer)\nP: mail CONT hi\nC: MAIL FROM:<>\nS: 250 hi\nH: mail")
        play("P: ok \(answer)\nP: noop DENY hi\nC: NOOP\nS: 500 hi\nH: noop")
    }

    @Test("a plugin of ok may take its time")
    func okLater() {
        play("P: ok LATER\nP: mail OK hi\nC: MAIL FROM:<>\nH: mail ok\nA: CONT\nS: 250 hi")
    }
}
