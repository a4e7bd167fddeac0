// How late is too late, and for how many.
import HarakaPluginKit
import Testing

@testable import TooBusy

@Suite("Too busy")
struct TooBusyTests {
    @Test("a loop in time turns nobody away")
    func inTime() {
        let lag = Lag(limit: 70)
        for elapsed: Int64 in [500, 480, 569, 0] { lag.ticked(after: elapsed) }
        #expect(!lag.isTooLate)
        #expect((0..<10).allSatisfy { _ in !lag.turnsAway() })
    }

    @Test("each tick counts a third of the mean, and the mean forgets")
    func mean() {
        let lag = Lag(limit: 70)
        lag.ticked(after: 800)
        #expect(lag.mean == 100)
        lag.ticked(after: 500)
        #expect(abs(lag.mean - 66.666) < 0.001)
        lag.ticked(after: 500 + 66)
        #expect(abs(lag.mean - 66.444) < 0.001)
    }

    @Test(
        "the part of clients that is turned away grows to all at twice the limit",
        arguments: [(80, 0), (90, 1), (100, 2), (120, 4), (160, 8), (1000, 8)] as [(Int64, Int)])
    func parts(mean: Int64, outOfEight: Int) {
        let lag = Lag(limit: 80)
        lag.ticked(after: 500 + mean * 3)
        #expect(lag.mean == Double(mean))
        #expect((0..<8).count { _ in lag.turnsAway() } == outOfEight)
    }

    @Test("what was owed is forgiven once the loop is in time again")
    func forgiven() {
        let lag = Lag(limit: 70)
        lag.ticked(after: 500 + 3 * 119)
        #expect(!lag.turnsAway())
        lag.ticked(after: 500)
        lag.ticked(after: 500)
        #expect(!lag.turnsAway())
        lag.ticked(after: 500 + 3 * 60)
        #expect(lag.isTooLate)
        #expect(!lag.turnsAway())
    }

    @Test("the limit is toobusy's unless the file says another one")
    func limits() throws {
        #expect(try maxLag(.null) == 70)
        #expect(try maxLag(.text("")) == 70)
        #expect(try maxLag(.integer(10)) == 10)
        #expect(try maxLag(.number(82.5)) == 82.5)
    }

    @Test(
        "what is no sensible time is a mistake",
        arguments: [.integer(9), .integer(-70), .integer(60_001), .number(.nan), .text("70ms"), .boolean(true)]
            as [Value])
    func mistakes(value: Value) {
        #expect(throws: PluginError.self) { _ = try maxLag(value) }
    }
}
