// The pause before a dead worker is started again.

import HarakaSupervisor
import Testing

@Suite("RestartBackoff")
struct RestartBackoffTests {
    /// The pauses after lives of these lengths.
    private func delays(_ lives: [Double]) -> [Double] {
        var backoff = RestartBackoff()
        var now = 1000.0
        return lives.map { life in
            let startedAt = now
            now += life
            return backoff.delay(afterDeathAt: now, startedAt: startedAt)
        }
    }

    @Test(
        "the pause after each death",
        arguments: [
            // The first two at once, then doubling from 0.1 to 30.
            (
                Array(repeating: 1, count: 13),
                [0, 0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]
            ),
            // 10 s are not short; the pause stays as it is.
            ([1, 1, 1, 1, 10, 59, 9], [0, 0, 0.1, 0.2, 0.2, 0.2, 0.4]),
            ([10, 10, 10, 30], [0, 0, 0, 0]),
            // 60 s reset everything.
            ([1, 1, 1, 1, 60, 1, 1, 1], [0, 0, 0.1, 0.2, 0, 0, 0.1, 0.2]),
            ([60, 60, 60, 60], [0, 0, 0, 0]),
            // A clock that jumped back.
            ([-5, -5, -5, -5], [0, 0, 0.1, 0.2]),
        ] as [([Double], [Double])])
    func table(lives: [Double], expected: [Double]) {
        #expect(delays(lives) == expected)
    }
}
