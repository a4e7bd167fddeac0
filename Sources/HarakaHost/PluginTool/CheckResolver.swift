// Names for `plugin check`: every kind of answer that a server's resolver gives, in turn.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// Answers at once, soon, late, with nothing, with an error, or when the time is over. On the loop's thread.
final class CheckResolver: PluginResolver {
    private final class Lookup: PluginLookup {
        var timer: (any HostTimer)?
        func cancel() { timer?.cancel() }
    }

    /// Milliseconds for which a server asks when nobody answers.
    private static let limit: Int64 = 5000

    private let loop: CheckLoop
    private var count = 0
    /// Nobody answers: plugins wait until their time is over.
    var isSilent = false

    init(_ loop: CheckLoop) { self.loop = loop }

    func remembered(_ question: NameQuestion, strict: Bool) -> NameAnswer? {
        guard !isSilent, count % 6 == 0 else { return nil }
        count += 1
        return found(question)
    }

    func lookup(
        _ question: NameQuestion, strict: Bool, within milliseconds: Int64, _ done: @escaping (NameAnswer) -> Void
    ) -> (any PluginLookup)? {
        let limit = min(milliseconds, CheckResolver.limit)
        let (answer, delay) = isSilent ? (timedOut(question), limit) : answer(question, strict, limit)
        count += 1
        let lookup = Lookup()
        nonisolated(unsafe) let tell = done
        lookup.timer = loop.schedule(after: delay) { tell(answer) }
        return lookup
    }

    /// The next kind of answer, and after how many milliseconds it comes.
    private func answer(_ question: NameQuestion, _ strict: Bool, _ limit: Int64) -> (NameAnswer, Int64) {
        switch count % 6 {
        case 1: return (found(question), 1)
        case 2: return (NameAnswer(question, .noName, reason: "NXDOMAIN"), 1)
        case 3: return (NameAnswer(question, .noData, reason: "no such records"), min(50, limit))
        case 4: return (timedOut(question), min(100, limit))
        default:
            let status: NameAnswer.Status = strict ? .bogus : .failed
            return (NameAnswer(question, status, reason: strict ? "no signature" : "SERVFAIL"), 1)
        }
    }

    private func timedOut(_ question: NameQuestion) -> NameAnswer {
        NameAnswer(question, .timedOut, reason: "no answer in time")
    }

    private func found(_ question: NameQuestion) -> NameAnswer {
        var answer = NameAnswer(question, .found)
        answer.ttl = 60
        answer.records = [CheckResolver.record(question)]
        return answer
    }

    /// RFC 1035 section 3.3, RFC 3596: addresses and hosts of the kind that is kept for examples.
    private static func record(_ question: NameQuestion) -> NameRecord {
        let host = "host.example.net"
        let (text, data): (String, [UInt8]) =
            switch question.type {
            // Block lists say so that an address is on them.
            case 1 where question.name.first?.isNumber == true: ("127.0.0.2", [127, 0, 0, 2])
            case 1: ("192.0.2.53", [192, 0, 2, 53])
            case 28: ("2001:db8::53", [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [0x53])
            case 15: (host, [0, 10] + wire(host))
            case 16: ("v=spf1 -all", [11] + Array("v=spf1 -all".utf8))
            case 2, 5, 12: (host, wire(host))
            default: ("", [3, 1, 1])
            }
        return NameRecord(
            type: question.type, ttl: 60, priority: question.type == 15 ? 10 : 0, text: text, data: data)
    }

    private static func wire(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) } + [0]
    }
}
