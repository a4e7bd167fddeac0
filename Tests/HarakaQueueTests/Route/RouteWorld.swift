// A name system of a few lines for tests of routes.

import HarakaCore
import HarakaQueue

/// Zones, and what is asked of them.
struct RouteWorld {
    var answers: [NameQuestion: NameAnswer] = [:]
    /// Questions in their order.
    private(set) var asked: [NameQuestion] = []
    /// Lookups that were asked for together.
    private(set) var rounds: [Int] = []
    var settings = OutboundSettings()
    var own = OwnNames(
        names: ["me.example"],
        addresses: [IPAddress("198.51.100.1"), IPAddress("2001:db8::5")].reduce(into: []) {
            if let address = $1 { $0.insert(address) }
        })
    var seed: UInt64 = 1

    mutating func mx(_ domain: String, _ records: [(UInt16, String)]) {
        let question = NameQuestion(domain, 15)
        var answer = NameAnswer(question, .found)
        answer.records = records.map { NameRecord(type: 15, ttl: 60, priority: $0.0, text: $0.1, data: []) }
        answers[question] = answer
    }

    /// IPv4 and IPv6 of a host; the other type has no data.
    mutating func host(_ name: String, _ addresses: String...) {
        for type: UInt16 in [1, 28] {
            let own = addresses.filter { $0.contains(":") == (type == 28) }
            var answer = NameAnswer(NameQuestion(name, type), own.isEmpty ? .noData : .found)
            answer.records = own.map { NameRecord(type: type, ttl: 60, text: $0, data: []) }
            answers[answer.question] = answer
        }
    }

    mutating func fails(_ name: String, _ types: [UInt16], _ status: NameAnswer.Status, reason: String = "why") {
        for type in types {
            answers[NameQuestion(name, type)] = NameAnswer(NameQuestion(name, type), status, reason: reason)
        }
    }

    /// Drives a machine to its end; answers come in reverse order.
    mutating func route(_ domain: String, given: [MX]? = nil) -> RouteMachine.Step {
        var machine = RouteMachine(domain: domain, given: given, settings: settings, own: own, seed: seed)
        for _ in 0..<5 {
            guard case .lookup(let questions) = machine.next(), !questions.isEmpty else { break }
            rounds.append(questions.count)
            asked += questions
            for question in questions.reversed() {
                machine.answered(answers[question] ?? NameAnswer(question, .noName, reason: "no such name"))
            }
        }
        return machine.next()
    }

    /// `host ip` of each hop, or the failure's words.
    mutating func hops(_ domain: String, given: [MX]? = nil) -> [String] {
        switch route(domain, given: given) {
        case .route(let hops): hops.map { "\($0.host) \($0.ip)" }
        case .fail(let failure): ["\(failure.code) \(failure.status) \(failure.text)"]
        case .lookup: ["waits"]
        }
    }
}

extension MX {
    init(_ exchange: String, port: Int = 0) {
        self.init()
        (self.exchange, self.port) = (exchange, port)
    }
}
