// What the title says.
import HarakaPluginKit

/// Something that is counted: all of it, what the last second brought, and the most that a second brought.
struct Tally: Equatable, Sendable {
    var total: Int64 = 0
    var last: Int64 = 0
    var most: Int64 = 0

    mutating func add(_ new: Int64) {
        total += new
        last = new
        most = max(most, new)
    }
}

/// The figures of one process, over all generations of the plugin.
struct Figures: Equatable, Sendable {
    var connections = Tally(), recipients = Tally(), messages = Tally()
    var open: Int64 = 0
    /// When the counting began, in milliseconds on the clock that never goes back.
    var since: Int64 = 0

    /// `cn=11148 cc=1082 cps=21/25.24/79 rcpts=...`, as in Haraka.
    func title(_ process: String, now: Int64) -> String {
        let seconds = max(1, Double(now - since) / 1000)
        func rate(_ tally: Tally) -> String {
            "\(tally.last)/\(twoDigits(Double(tally.total) / seconds))/\(tally.most)"
        }
        func share(_ tally: Tally, _ whole: Tally) -> String {
            "\(tally.total)/\(twoDigits(whole.total == 0 ? 0 : Double(tally.total) / Double(whole.total)))"
        }
        return "Haraka (\(process)) cn=\(connections.total) cc=\(open) cps=\(rate(connections))"
            + " rcpts=\(share(recipients, messages)) rps=\(rate(recipients))"
            + " msgs=\(share(messages, connections)) mps=\(rate(messages))"
    }

    /// Whether nothing happened in the last second.
    var isQuiet: Bool { connections.last == 0 && recipients.last == 0 && messages.last == 0 }
}

/// At most two digits behind the point, and none that is a 0 at the end.
func twoDigits(_ number: Double) -> String {
    guard number > 0 else { return "0" }
    let hundredths = Int64((min(number, 1e12) * 100).rounded())
    let (whole, rest) = (hundredths / 100, hundredths % 100)
    if rest == 0 { return String(whole) }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
}

/// What happened since the last look. Each generation of the plugin has its own.
struct News: Equatable, Sendable {
    var connections: Int64 = 0, disconnections: Int64 = 0, recipients: Int64 = 0, messages: Int64 = 0
}

extension Figures {
    /// A second has gone by.
    mutating func add(_ news: News) {
        connections.add(news.connections)
        recipients.add(news.recipients)
        messages.add(news.messages)
        open += news.connections - news.disconnections
    }

    /// As a note, in which the next generation of the plugin finds it.
    var value: Value {
        let tallies = [connections, recipients, messages].map { tally in
            Value.list([.integer(tally.total), .integer(tally.last), .integer(tally.most)])
        }
        return .list(tallies + [.integer(open), .integer(since)])
    }

    /// nil if it is no such note.
    init?(_ note: ValueView) {
        guard note.count == 5 else { return nil }
        let tallies = (0..<3).map { index in
            let tally = note[index]
            return Tally(
                total: tally[0].integer(or: 0), last: tally[1].integer(or: 0), most: tally[2].integer(or: 0))
        }
        (connections, recipients, messages) = (tallies[0], tallies[1], tallies[2])
        (open, since) = (note[3].integer(or: 0), note[4].integer(or: 0))
    }
}
