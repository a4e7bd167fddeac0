// Hooks about queued mails that take their time: answers, limits, generations. docs/hooks.md "Outbound".

import CHarakaFault
import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

private var busy: OutboundQuestion {
    var facts = DeferredFacts()
    facts.delay = 64
    facts.error = "busy"
    return .deferred(facts)
}

extension ZooTests.OutboundHooks {
    @Test("an answer may come later, also from another thread, and again too late", arguments: ["ANSWER", "THREAD"])
    func later(command: String) throws {
        try withZoo { zoo in
            let client = try open(zoo, "pending")
            let verdicts = zoo.ask(busy, zoo.queued())
            #expect(verdicts.all.isEmpty)
            client.command(command)
            zoo.loop.drain()
            let late = Verdict(.ok, PluginReply("late"))
            let threads = Verdict(.denySoft, PluginReply(lines: [], value: .integer(7)))
            #expect(verdicts.all == [command == "ANSWER" ? late : threads])
            client.command(command)
            zoo.loop.drain()
            #expect(verdicts.all.count == 1)
            #expect(
                zoo.heard() == [
                    "m: deferred [{delay:64,err:\"busy\"}]", "m: \(command == "THREAD" ? "thread " : "")SUCCESS",
                    "m: destroyed mail", "m: \(command == "THREAD" ? "thread " : "")ANSWERED",
                ])
            #expect(zoo.loop.pendingTimers == 0)
        }
    }

    @Test("the time limit: get_mx is refused for now, what cannot be refused goes on", arguments: [true, false])
    func timeLimit(canRefuse: Bool) throws {
        try withZoo { zoo in
            let client = try open(zoo, "pending")
            let verdicts = zoo.ask(canRefuse ? .getMX(domain: "d") : .sendEmail, zoo.queued())
            zoo.loop.advance(29_999)
            #expect(verdicts.all.isEmpty)
            zoo.loop.advance(1)
            #expect(verdicts.all == [canRefuse ? Verdict(.denySoft, PluginReply("plugin timeout")) : .cont])
            #expect(zoo.heard().dropFirst() == ["m: cancelled mail", "m: destroyed mail"])
            client.command("ANSWER")
            #expect(zoo.heard() == ["m: TIMED_OUT"])
            #expect(zoo.log.lines.first { $0.level == HARAKA_LOG_CRIT }?.uuid == "U.1.1")
        }
    }

    @Test("a question that is withdrawn, or followed by another, is not answered any more", arguments: [true, false])
    func withdrawn(byAnother: Bool) throws {
        try withZoo { zoo in
            let client = try open(zoo, "pending")
            let box = zoo.queued()
            let first = zoo.ask(.sendEmail, box)
            client.command("MODE", "quiet")
            var second = ZooVerdicts()
            if byAnother {
                second = zoo.ask(.getMX(domain: "d"), box)
            } else {
                zoo.loop.run { if let mail = box.mail { zoo.host.cancel(mail) } }
            }
            #expect(second.all == (byAnother ? [.cont] : []))
            #expect(zoo.heard() == ["m: send_email []", "m: cancelled mail", "m: destroyed mail"])
            client.command("ANSWER")
            #expect(zoo.heard() == ["m: GONE"])
            #expect(first.all.isEmpty)
            #expect(zoo.loop.run { zoo.host.generation?.openQuestions } == 0)
        }
    }

    @Test("the server stops: whoever still thinks is told, and the question is answered")
    func stops() throws {
        try withZoo { zoo in
            _ = try open(zoo, "pending")
            let verdicts = zoo.ask(.getMX(domain: "d"), zoo.queued())
            #expect(zoo.stop())
            #expect(verdicts.all == [Verdict(.denySoft, PluginReply("server is stopping"))])
            #expect(
                zoo.heard() == ["m: get_mx [\"d\"]", "m: shuts down", "m: cancelled mail", "m: destroyed mail"])
        }
    }

    @Test("new plugins do not disturb an open question: the old generation ends when it is answered")
    func reload() throws {
        try withZoo { zoo in
            let client = try open(zoo, "pending")
            let box = zoo.queued()
            let verdicts = zoo.ask(.sendEmail, box)
            client.command("MODE", "quiet pending")
            try zoo.install("m", "mails.c", options: ["-pthread", "-DVERSION=2"])
            try zoo.load("m")
            let other = zoo.queued("O.1.1")
            #expect(zoo.ask(.getMX(domain: "d"), other).all == [.cont])
            client.command("ANSWER")
            #expect(verdicts.all == [Verdict(.ok, PluginReply("late"))])
            #expect(!zoo.heard().contains("m: shuts down"))
            // The client has the old generation as well.
            let open = zoo.ask(.getMX(domain: "d"), box)
            #expect(open.all == [.cont])
            client.end()
            #expect(zoo.heard() == ["m: get_mx [\"d\"]", "m: shuts down"])
            #expect(zoo.loop.run { zoo.host.liveGenerations.map(\.number) } == [2])
        }
    }

    @Test("the last open question ends a generation that has no clients")
    func lastQuestion() throws {
        try withZoo { zoo in
            let client = try open(zoo, "pending")
            let box = zoo.queued()
            _ = zoo.ask(.sendEmail, box)
            client.end()
            try zoo.load("m")
            #expect(!zoo.heard().contains("m: shuts down"))
            zoo.loop.run { if let mail = box.mail { zoo.host.cancel(mail) } }
            #expect(zoo.heard() == ["m: cancelled mail", "m: destroyed mail", "m: shuts down"])
        }
    }

    @Test("what a generation leaves on a mail that outlives it is destroyed at its end")
    func pointers() throws {
        try withZoo { zoo in
            let client = try open(zoo, "use")
            let box = zoo.queued()
            _ = zoo.ask(.sendEmail, box)
            client.end()
            _ = zoo.heard()
            try zoo.load("m")
            #expect(zoo.heard() == ["m: shuts down", "m: pointer p gone, 1"])
            box.drop()
            #expect(zoo.heard().isEmpty)
        }
    }

    @Test("nobody listens: the answer is CONT at once, and the mail is not even given a handle")
    func nobody() throws {
        try withZoo { zoo in
            try zoo.install("l", "exports.c")
            try zoo.load("l")
            let box = zoo.queued()
            #expect(zoo.ask(.sendEmail, box).all == [.cont])
            #expect(zoo.loop.run { box.mail?.pluginState == nil })
            #expect(!zoo.loop.run { zoo.host.isHeard(.sendEmail) })
        }
    }

    @Test("the frame names the hook and the mail, for a crash report to say so")
    func frames() throws {
        try withZoo { zoo in
            _ = try open(zoo, "objects")
            let faults = zoo.host.faults
            nonisolated(unsafe) var seen: [String] = []
            zoo.log.observe { _ in
                let frame = faults.running.pointee
                let entry = haraka_fault_connection_entry(faults.page, frame.connection)
                let names = entry.map {
                    "\(FaultText.read($0.pointee.uuid) ?? "") \(FaultText.read($0.pointee.remote) ?? "")"
                }
                seen.append(
                    "\(faults.pluginName(frame.plugin) ?? "-") \(faults.hookName(frame.hook) ?? "-") \(names ?? "-")")
            }
            _ = zoo.ask(.getMX(domain: "d"), zoo.queued())
            #expect(seen == ["m get_mx U.1.1 example.org", "m get_mx U.1.1 example.org"])
        }
    }

    @Test("roles: plugins of every list are asked, in the order of loading")
    func roles() throws {
        try withZoo { zoo in
            try zoo.install("m", "mails.c", options: ["-pthread"])
            try zoo.install("n", "mails.c", options: ["-pthread"])
            let generation = try zoo.build(["m", "n"])
            zoo.loop.run { generation.setRoles([("", ["m"]), ("submission", ["n"])]) }
            zoo.commit(generation)
            #expect(zoo.ask(.sendEmail, zoo.queued()).all == [.cont])
            #expect(zoo.heard() == ["m: send_email []", "n: send_email []"])
        }
    }

    @Test("ten thousand questions are open at once, and each gets its own answer")
    func many() throws {
        try withZoo { zoo in
            let client = try open(zoo, "quiet pending")
            let count = 10_000
            let verdicts = ZooVerdicts()
            nonisolated(unsafe) var mails: [HMail] = []
            let boxes = (0..<count).map { zoo.queued("U.\($0).1") }
            zoo.loop.run {
                mails = boxes.compactMap(\.mail)
                for mail in mails { zoo.host.ask(.getMX(domain: "d"), about: mail) { verdicts.add($0) } }
                #expect(zoo.host.waiting.count == count)
                #expect(zoo.host.generation?.openQuestions == count)
            }
            #expect(verdicts.all.isEmpty)
            client.command("ANSWER")
            #expect(verdicts.all == [Verdict(.ok, PluginReply("late"))])
            #expect(zoo.stop())
            let stopping = Verdict(.denySoft, PluginReply("server is stopping"))
            #expect(verdicts.all.count == count)
            #expect(verdicts.all.dropFirst().allSatisfy { $0 == stopping })
            zoo.loop.run {
                #expect(zoo.host.waiting.isEmpty)
                mails = []
            }
            for box in boxes { box.drop() }
            #expect(zoo.loop.run { zoo.host.hmails.objects.isEmpty })
        }
    }
}
