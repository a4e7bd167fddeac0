// What the control socket is asked. docs/command-line.md.

import HarakaConfig
import HarakaSupervisor

extension Supervisor {
    func command(_ words: [String], _ answer: @escaping ([String]) -> Void) {
        switch words {
        case ["reload"]: reload { answer($0.lines) }
        case ["graceful"]: replaceWorkers { answer($0.lines) }
        case ["status"]: status { answer([$0.json(), "OK"]) }
        case _ where words.first == "queue": queue(Array(words.dropFirst()), answer)
        default: answer(["unknown command: \(words.joined(separator: " "))", "ERROR"])
        }
    }

    /// Asks all workers, then puts the answers together. One that does not answer in time is shown without its part.
    private func status(_ done: @escaping (ConfigValue) -> Void) {
        let asked = workers
        var answers: [ObjectIdentifier: ConfigValue] = [:]
        var left = asked.count
        guard left > 0 else { return done(ServerStatus(self, [:]).value) }
        for worker in asked {
            ask(worker, "status", within: 2) { [unowned self] text in
                if let text { answers[ObjectIdentifier(worker)] = ServerStatus.parse(text) }
                left -= 1
                if left == 0 { done(ServerStatus(self, answers).value) }
            }
        }
    }
}
