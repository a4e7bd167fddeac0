// A reload over all workers: all or nobody.

import HarakaSupervisor
import Testing

@Suite("ReloadRound")
struct ReloadRoundTests {
    /// What a round hears.
    enum Event: Sendable {
        case prepared(Int)
        case refused(Int)
        case left(Int)
        case timedOut
    }

    private func step(_ round: inout ReloadRound<Int>, _ event: Event) -> ReloadStep {
        switch event {
        case .prepared(let member): round.prepared(member)
        case .refused(let member): round.refused(member, reason: "refused \(member)")
        case .left(let member): round.left(member, reason: "left \(member)")
        case .timedOut: round.timedOut()
        }
    }

    @Test(
        "the step after each event",
        arguments: [
            ([.prepared(1), .prepared(3), .prepared(2)], [.wait, .wait, .commit]),
            ([.prepared(1), .prepared(1), .prepared(2), .prepared(3)], [.wait, .wait, .wait, .commit]),
            ([.prepared(1), .prepared(9), .refused(9), .left(9)], [.wait, .wait, .wait, .wait]),
            ([.prepared(1), .refused(2), .prepared(3)], [.wait, .abort(reason: "refused 2"), .wait]),
            ([.refused(1), .refused(2), .timedOut, .left(3)], [.abort(reason: "refused 1"), .wait, .wait, .wait]),
            ([.prepared(1), .refused(1)], [.wait, .abort(reason: "refused 1")]),
            ([.prepared(1), .left(1), .prepared(2)], [.wait, .abort(reason: "left 1"), .wait]),
            ([.left(3), .prepared(1), .prepared(2)], [.abort(reason: "left 3"), .wait, .wait]),
            ([.prepared(2), .timedOut, .prepared(1)], [.wait, .abort(reason: "no answer in time from 1, 3"), .wait]),
            (
                [.prepared(1), .prepared(2), .prepared(3), .refused(1), .left(2), .timedOut, .prepared(3)],
                [.wait, .wait, .commit, .wait, .wait, .wait, .wait]
            ),
        ] as [([Event], [ReloadStep])])
    func table(events: [Event], expected: [ReloadStep]) {
        var round = ReloadRound<Int>([1, 2, 3])
        #expect(round.start == .wait)
        let got = events.map { step(&round, $0) }
        #expect(got == expected)
    }

    @Test("a round of nobody commits at once and hears nothing more")
    func nobody() {
        var round = ReloadRound<Int>([])
        #expect(round.start == .commit)
        for event in [Event.prepared(1), .refused(1), .left(1), .timedOut] {
            #expect(step(&round, event) == .wait)
        }
    }

    @Test("a time limit names the workers by their names")
    func namesWorkers() {
        let delivery = WorkerID(role: .delivery, slot: 1)
        let second = WorkerID(role: .smtp, slot: 2)
        var round = ReloadRound([delivery, WorkerID(role: .smtp, slot: 1), second])
        #expect(round.prepared(WorkerID(role: .smtp, slot: 1)) == .wait)
        #expect(round.timedOut() == .abort(reason: "no answer in time from delivery worker, smtp worker 2"))
    }

    @Test(
        "random rounds: one decision at most; commit only when all prepared and nothing failed before",
        arguments: UInt64(1)...200)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let members = Set(0..<Int.random(in: 1...6, using: &random))
        var round = ReloadRound(members)
        var prepared: Set<Int> = []
        var isDecided = false
        for _ in 0..<40 {
            let event = randomEvent(&random)
            if case .prepared(let member) = event { prepared.insert(member) }
            let expected = isDecided ? .wait : expectation(event, isComplete: prepared.isSuperset(of: members), members)
            let got = step(&round, event)
            if case .abort = got { #expect(expected == nil) } else { #expect(got == expected) }
            isDecided = isDecided || got != .wait
        }
    }

    /// Mostly good news, some from strangers.
    private func randomEvent(_ random: inout SeededGenerator) -> Event {
        let member = Int.random(in: 0...7, using: &random)
        switch Int.random(in: 0..<40, using: &random) {
        case 0: return .refused(member)
        case 1: return .left(member)
        case 2: return .timedOut
        default: return .prepared(member)
        }
    }

    /// Before a decision; nil: an abort of some reason.
    private func expectation(_ event: Event, isComplete: Bool, _ members: Set<Int>) -> ReloadStep? {
        switch event {
        case .prepared: isComplete ? .commit : .wait
        case .refused(let member), .left(let member): members.contains(member) ? nil : .wait
        case .timedOut: nil
        }
    }
}
