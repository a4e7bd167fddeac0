// What records come to.

import HarakaQueue
import SMTPSyntax
import Testing

@Suite("States of recipients")
struct RecipientStatesTests {
    @Test("at first everybody waits and was never tried")
    func fresh() {
        let states = RecipientStates(count: 3)
        #expect(states.waiting == [0, 1, 2])
        #expect(!states.isOver && !states.isHeld)
        #expect(states.attempts(of: 1) == 0)
        #expect(states.next(of: 1) == 0)
        #expect(states.lastAttempt(of: 1) == nil)
        #expect(RecipientStates(count: 0).isOver)
        #expect(RecipientStates(count: -1).count == 0)
    }

    @Test("each record changes those it names and nobody else")
    func fold() {
        var states = RecipientStates(count: 4)
        states.apply(.delivered([0]))
        states.apply(.deferred([1, 2], next: 70, QueueFileSamples.attempt("first")))
        states.apply(.deferred([2], next: 90, QueueFileSamples.attempt("second")))
        states.apply(.failed([3]))
        #expect(states.waiting == [1, 2])
        #expect((0..<4).map { states.standing(of: $0) } == [.delivered, .waiting, .waiting, .failed])
        #expect((0..<4).map { states.attempts(of: $0) } == [0, 1, 2, 0])
        #expect((0..<4).map { states.next(of: $0) } == [0, 70, 90, 0])
        #expect((0..<4).map { states.lastAttempt(of: $0)?.text } == [nil, "first", "second", nil])
        states.apply(.held(true))
        #expect(states.isHeld)
        states.apply(.held(false))
        #expect(!states.isHeld)
        states.apply(.delivered([1, 2]))
        #expect(states.isOver)
    }

    @Test("what has ended stays so, and numbers that nobody has do nothing")
    func ended() {
        var states = RecipientStates(count: 2)
        states.apply(.delivered([0]))
        states.apply(.failed([0, 2, -1, .max]))
        states.apply(.deferred([0, 5], next: 9, QueueFileSamples.attempt()))
        #expect(states.standing(of: 0) == .delivered)
        #expect(states.attempts(of: 0) == 0)
        #expect(states.waiting == [1])
        #expect(states.standing(of: 99) == .waiting)
    }

    @Test("a thousand deferrals in turn leave the right last words for each")
    func manyAttempts() {
        var states = RecipientStates(count: 3)
        for round in 0..<1000 {
            states.apply(.deferred([round % 3], next: Int64(round), QueueFileSamples.attempt("round \(round)")))
        }
        #expect((0..<3).map { states.lastAttempt(of: $0)?.text } == ["round 999", "round 997", "round 998"])
        #expect(states.attempts(of: 0) == 334)
    }
}
