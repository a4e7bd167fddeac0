// Thousands of random sessions: whatever happens in whatever order, the promises of the machine hold.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Random walks")
struct RandomWalkTests {
    @Test(
        "each command and event gets one reply, each transaction its reset, each session one disconnect",
        arguments: 0..<40)
    func orderly(seed: UInt64) {
        for round in 0..<50 {
            var walk = Walk(seed: seed &* 1000 &+ UInt64(round))
            walk.run(steps: 60)
            #expect(walk.faults == [], "seed \(seed), round \(round): \(walk.trace.joined(separator: ", "))")
            guard walk.faults.isEmpty else { return }
        }
    }

    @Test("even events that no driver would send trap nothing, and after the end nothing is said", arguments: 0..<40)
    func wild(seed: UInt64) {
        for round in 0..<50 {
            var random = SeededGenerator(seed: 1 << 32 | seed &* 1000 &+ UInt64(round))
            var machine = SessionMachine(connection: SessionDriver().connection, settings: .test)
            var isOver = false
            var disconnects = 0
            for _ in 0..<200 {
                let action = WildEvents.happen(to: &machine, &random)
                if isOver, action.says != nil || action.asks != nil {
                    Issue.record("said or asked after the end: seed \(seed)")
                }
                if action.asks == .disconnect { disconnects += 1 }
                if case .close = action { isOver = true }
            }
            #expect(disconnects <= 1)
            #expect(!isOver || machine.isClosed)
        }
    }
}

extension SessionAction {
    var says: Reply? {
        if case .send(let reply, _) = self { return reply }
        return nil
    }

    var asks: Question? {
        if case .ask(let question) = self { return question }
        return nil
    }
}

/// Events and values by chance.
enum WildEvents {
    static let lines = [
        "EHLO c.example", "HELO c.example", "LHLO c.example", "EHLO", "MAIL FROM:<a@example.com>", "MAIL FROM:<>",
        "MAIL FROM:<a@b> SIZE=99999999",
        "MAIL FROM:<@@>", "MAIL", "RCPT TO:<b@example.net>", "RCPT TO:<b@example.net>", "RCPT TO:<c@example.net> X=Y",
        "RCPT TO:<>", "DATA", "DATA", "DATA x", "RSET", "RSET x", "NOOP", "VRFY b", "HELP", "HELP me", "QUIT", "QUIT x",
        "XFOO bar", "",
        " ", "\u{0}", "MAIL FROM:<ä@ö.example>",
    ]

    static func line(_ random: inout SeededGenerator) -> CommandLine {
        var bytes = Array((lines.randomElement(using: &random) ?? "").utf8)
        if Int.random(in: 0..<20, using: &random) == 0, !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        }
        return bytes.withUnsafeBytes { CommandLine($0) }
    }

    /// CONT and OK are as likely as all others together, so that sessions get somewhere.
    static func verdict(_ random: inout SeededGenerator) -> Verdict {
        let likely: HookCode = Bool.random(using: &random) ? .cont : .ok
        let code = Int.random(in: 0..<4, using: &random) > 0 ? likely : HookCode.allCases.randomElement(using: &random)
        let words = ["", "words", "noop", "x\ny", "my_hook", " \n"].randomElement(using: &random) ?? ""
        let dsn = Int.random(in: 0..<6, using: &random) == 0
        let number = dsn ? [250, 354, 421, 550].randomElement(using: &random) : nil
        return Verdict(code ?? .cont, PluginReply(lines: words.isEmpty ? [] : [words], code: number))
    }

    static func facts(_ random: inout SeededGenerator) -> MessageFacts {
        var facts = MessageFacts()
        facts.bytes = [0, 100, 26_214_401, .max].randomElement(using: &random) ?? 0
        facts.hasBareNewline = Int.random(in: 0..<8, using: &random) == 0
        facts.receivedHeaders = [0, 0, 1000].randomElement(using: &random) ?? 0
        facts.hasTooManyParts = Int.random(in: 0..<8, using: &random) == 0
        facts.failure = Int.random(in: 0..<8, using: &random) == 0 ? "disk full" : nil
        return facts
    }

    static func happen(to machine: inout SessionMachine, _ random: inout SeededGenerator) -> SessionAction {
        switch Int.random(in: 0..<60, using: &random) {
        case 0: return machine.timedOut()
        case 1: return machine.serverStops()
        case 2: return machine.failed()
        case 3: return machine.lineTooLong()
        case 4: return machine.bareNewline()
        case 5: return machine.clientLeft()
        case 45: return machine.spokeTLS()
        case 46: return machine.turnedAway(Reply(421, "no"))
        case 47:
            machine.tlsEstablished(.test)
            return .wait
        case 48:
            machine.restarted(keepsName: .random(using: &random))
            return .wait
        case 49:
            _ = machine.respond(Reply(250, "by a plugin"))
            return .wait
        case 6: return machine.disconnect()
        case 7: return machine.nameResolved("name.example")
        case 8:
            machine.spokeEarly()
            return .wait
        case 9...12: return machine.connected()
        case 13...16: return machine.messageEnded(facts(&random))
        case 17, 18: return machine.headerEnded()
        case 19...30: return machine.replySent()
        case 31...44: return machine.hooksCompleted(verdict(&random))
        default: return machine.received(line(&random), isFollowed: .random(using: &random))
        }
    }
}
