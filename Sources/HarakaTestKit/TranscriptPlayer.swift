// Plays a transcript against a session and collects what differs.

import HarakaCore
import SMTPSyntax

struct TranscriptPlayer {
    let driver: SessionDriver
    private(set) var differences: [String] = []
    /// Bytes of the client that go out with the next line that is not followed by another.
    private var group: [UInt8] = []
    private var hooksSeen: Int

    init(_ driver: SessionDriver) {
        self.driver = driver
        hooksSeen = driver.asked.count
    }

    mutating func play(_ step: Transcript.Step, isFollowedByClient: Bool) {
        switch step.kind {
        case "S": expect(step)
        case "P": script(step)
        case "C", "C~":
            expectSilence(before: step)
            group += step.text.unescaped + (step.kind == "C" ? [13, 10] : [])
            guard !isFollowedByClient else { return }
            driver.send(group)
            group = []
        case "R":
            guard let code = Int(step.text.prefix(3)) else { return differ(step, "no reply: \(step.text)") }
            driver.respond(Reply(code, String(step.text.dropFirst(4)).unescapedText))
        case "A":
            guard let verdict = Verdict(step.text) else { return differ(step, "no such code: \(step.text)") }
            if driver.thinking == nil { differ(step, "nobody is thinking") }
            driver.answer(verdict)
        case "E":
            expectSilence(before: step)
            happen(step)
        case "H":
            let asked = driver.asked[hooksSeen...].joined(separator: " ")
            hooksSeen = driver.asked.count
            if asked != step.text { differ(step, "expected the hooks \"\(step.text)\", asked were \"\(asked)\"") }
        case "X":
            let state = driver.isClosed ? "closed" : "open"
            if state != step.text { differ(step, "expected \(step.text), got \(state)") }
        default: differ(step, "not a line of a transcript")
        }
    }

    mutating func end() {
        while let line = takeLine() { differences.append("at the end: unexpected S: \(line)") }
        differences += driver.twinDifferences()
    }

    private mutating func differ(_ step: Transcript.Step, _ words: String) {
        differences.append("line \(step.number): \(words)")
    }

    private mutating func happen(_ step: Transcript.Step) {
        switch step.text {
        case "connect": driver.connect()
        case "client leaves": driver.clientLeaves()
        case "speaks TLS": driver.event { $0.spokeTLS() }
        case "TLS": driver.establishTLS()
        case "restart": driver.restart(keepsName: false)
        case "restart with name": driver.restart(keepsName: true)
        case "time is out": driver.timeIsOut()
        case "server stops": driver.serverStops()
        case "server fails": driver.serverFails()
        case let text where text.hasPrefix("name "): driver.resolve(String(text.dropFirst(5)))
        default: differ(step, "no such event: \(step.text)")
        }
    }

    private mutating func script(_ step: Transcript.Step) {
        var words = step.text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let mode = ["then", "every"].contains(words.first) ? words.removeFirst() : ""
        let answer = words.dropFirst().joined(separator: " ")
        let verdict = Verdict(answer)
        guard let hook = words.first, verdict != nil || answer == "LATER" else {
            return differ(step, "no such answer: \(answer)")
        }
        let scripted = verdict.map(ScriptedPlugins.Answer.now) ?? .later
        if mode == "every" {
            driver.plugins.addAlways(scripted, to: hook)
        } else {
            driver.plugins.add(scripted, to: hook, then: mode == "then")
        }
    }

    private mutating func takeLine() -> String? {
        guard let end = driver.output.firstIndex(of: 10) else { return nil }
        let line = driver.output[..<end]
        driver.output.removeFirst(end + 1)
        guard line.last == 13 else { return "(bare LF) " + String(decoding: line, as: UTF8.self) }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }

    private mutating func expect(_ step: Transcript.Step) {
        let expected = step.text.unescapedText
        let got = takeLine()
        if got != expected { differ(step, "expected S: \(expected) - got \(got.map { "S: \($0)" } ?? "nothing")") }
    }

    private mutating func expectSilence(before step: Transcript.Step) {
        while let line = takeLine() { differ(step, "unexpected S: \(line)") }
    }
}
