// How dialogues with other servers end. plugin.h "smtp_client/1".

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

extension ZooTests.Dialogues {
    @Test("a server that does not want us ends the dialogue, once the plugin knows")
    func unwelcome() throws {
        try withZoo { zoo in
            let (client, servers) = try open(zoo)
            client.command("OPEN", "mx.example")
            zoo.loop.run { servers.dialogues[0].answer(554, "go away") }
            #expect(zoo.heard() == ["d: SUCCESS"] + told("open", 554, "go away"))
            #expect(zoo.loop.run { servers.dialogues[0].heard } == ["aborted"])
            client.command("SAY", "NOOP")
            client.command("RELEASE")
            #expect(zoo.heard() == ["d: HANDLE", "d: HANDLE"])
        }
    }

    @Test(
        "a dialogue that breaks: each who waits is told why, and then it is over",
        arguments: [
            (SMTPClientReply.Failure.timedOut, "TIMED_OUT"), (.closed, "GONE"), (.failed, "IO"),
        ])
    func breaks(failure: SMTPClientReply.Failure, status: String) throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo, capabilities: ["PIPELINING"])
            client.command("SAY", "ONE")
            client.command("SAY", "TWO")
            _ = zoo.heard()
            zoo.loop.run { dialogue.answer(SMTPClientReply(failure, "the cable", from: "mx:25")) }
            client.command("SAY", "THREE")
            let line = "d: reply: \(status) 0 0.0.0 1 'the cable' mx:25"
            #expect(zoo.heard() == [line, "d: destroyed reply", "d: GONE"])
            zoo.loop.run { dialogue.answer(SMTPClientReply(failure, "the cable", from: "mx:25")) }
            #expect(zoo.heard() == [line, "d: destroyed reply"])
            #expect(zoo.loop.run { dialogue.heard } == ["ONE", "TWO", "aborted"])
            client.command("RELEASE")
            #expect(zoo.heard() == ["d: HANDLE"])
            #expect(zoo.log.messages(HARAKA_LOG_ERROR).isEmpty)
        }
    }

    @Test("a callback may end the dialogue or go on with it", arguments: ["release", "abort", "next"])
    func inCallback(mode: String) throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo, mode)
            client.command("SAY", "ONE")
            zoo.loop.run { dialogue.answer(250) }
            #expect(
                zoo.heard() == ["d: SUCCESS", told("reply", 250)[0], "d: \(mode) SUCCESS", "d: destroyed reply"])
            let end = mode == "next" ? "NOOP" : mode == "release" ? "released" : "aborted"
            #expect(zoo.loop.run { dialogue.heard } == ["ONE", end])
        }
    }

    @Test(
        "who is released while a reply is awaited is not told any more, and is closed", arguments: ["RELEASE", "ABORT"])
    func endsEarly(command: String) throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo)
            client.command("SAY", "ONE")
            client.command(command)
            #expect(zoo.heard() == ["d: SUCCESS", "d: SUCCESS", "d: destroyed reply"])
            #expect(zoo.loop.run { dialogue.heard } == ["ONE", "aborted"])
            zoo.loop.run { dialogue.answer(250) }
            #expect(zoo.heard().isEmpty)
        }
    }

    @Test("LMTP: one reply for each recipient, and what comes behind the last is told nobody")
    func lmtp() throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo, with: "LMTP")
            client.beginTransaction()
            client.receive("A: b\r\n\r\nc\r\n")
            client.command("SAY", "DATA")
            zoo.loop.run { dialogue.answer(354) }
            client.command("MESSAGE")
            _ = zoo.heard()
            zoo.loop.run {
                dialogue.answer(250, "one", isLast: false)
                dialogue.answer(550, "two", isLast: false)
                dialogue.answer(250, "three")
                dialogue.repeatAnswer()
            }
            let last = told("message", 250, "three")
            #expect(zoo.heard() == [told("message", 250, "one")[0], told("message", 550, "two")[0]] + last)
            client.command("RELEASE")
            #expect(zoo.loop.run { dialogue.heard.last } == "released")
        }
    }

    @Test("a reply that comes at once is told when the plugin has returned")
    func rash() throws {
        try withZoo { zoo in
            let (client, servers) = try open(zoo)
            zoo.loop.run { servers.isRash = true }
            client.command("OPEN", "mx.example")
            #expect(zoo.heard() == ["d: SUCCESS", "d: open: SUCCESS 250 0.0.0 1 'rash' rash:25", "d: destroyed open"])
        }
    }

    @Test(
        "it ends with its connection: forgotten it is named, in the middle it is nobody's fault",
        arguments: [true, false])
    func connectionEnds(isIdle: Bool) throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo, with: "OPEN_FOR")
            if !isIdle { client.command("SAY", "ONE") }
            client.end()
            #expect(zoo.loop.run { dialogue.heard.last } == "aborted")
            #expect(zoo.heard() == (isIdle ? [] : ["d: SUCCESS", "d: destroyed reply"]))
            let text = "did not release its dialogue with mx.example:25; closed at the end of the connection"
            #expect(zoo.log.messages(HARAKA_LOG_WARN) == (isIdle ? [text] : []))
            let other = zoo.connect("OTHER")
            other.command("SAY", "TWO")
            #expect(zoo.heard() == ["d: HANDLE"])
        }
    }

    @Test("it outlives a connection that it is not for, ends with its generation, and is named then")
    func generationEnds() throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo)
            client.command("SAY", "ONE")
            client.end()
            #expect(zoo.loop.run { dialogue.heard } == ["ONE"])
            #expect(zoo.stop())
            #expect(zoo.loop.run { dialogue.heard.last } == "aborted")
            #expect(zoo.heard() == ["d: SUCCESS", "d: destroyed reply"])
            #expect(
                zoo.log.messages(HARAKA_LOG_WARN).contains(
                    "left open at its end: dialogues with mx.example:25; closed"))
            zoo.loop.run { dialogue.answer(250) }
            #expect(zoo.heard().isEmpty)
        }
    }

    @Test("on another thread nothing is to be had")
    func elsewhere() throws {
        try withZoo { zoo in
            let (client, dialogue) = try begin(zoo)
            client.command("THREAD")
            #expect(zoo.heard() == Array(repeating: "d: WRONG_THREAD", count: 5))
            #expect(zoo.loop.run { dialogue.heard.isEmpty })
        }
    }

    @Test("no plugin has more than ten thousand")
    func limit() throws {
        try withZoo { zoo in
            let (client, _) = try open(zoo)
            client.command("MANY", "mx.example")
            #expect(zoo.heard() == ["d: 5 refused"])
        }
    }

    @Test("the frame says that it is a dialogue, and for which client")
    func frame() throws {
        try withZoo { zoo in
            let (_, dialogue) = try begin(zoo, with: "OPEN_FOR")
            let faults = zoo.host.faults
            nonisolated(unsafe) var seen: [String] = []
            zoo.log.observe { _ in
                seen.append(
                    "\(faults.hookName(faults.running.pointee.hook) ?? "-") \(faults.running.pointee.connection)")
            }
            let other = zoo.connect("OTHER")
            other.command("SAY", "ONE")
            zoo.loop.run { dialogue.answer(250) }
            #expect(seen == ["unrecognized_command 2", "dialogue 1", "destroy 0"])
        }
    }
}
