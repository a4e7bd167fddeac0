// How late the loop is, and how many clients that costs.
import HarakaPluginKit

/// A timer that should run every half second, and how much later it did: what else the loop had to do in between.
/// Loop thread only.
final class Lag {
    /// Milliseconds between two ticks.
    static let period: Int64 = 500
    /// What one tick counts in the mean: a single slow moment turns nobody away, a busy second does.
    private static let weight = 1.0 / 3

    /// Milliseconds; more is too late.
    var limit: Double
    /// Milliseconds, exponential.
    private(set) var mean = 0.0
    /// Parts of a client that were not turned away yet; always less than one.
    private var owed = 0.0

    init(limit: Double) { self.limit = limit }

    var isTooLate: Bool { mean > limit }

    /// The timer has run, so many milliseconds after the time before.
    func ticked(after milliseconds: Int64) {
        let late = Double(max(0, milliseconds - Lag.period))
        mean += (late - mean) * Lag.weight
    }

    /// Whether the client that comes now is turned away: of all clients the part by which the mean is beyond the limit,
    /// all of them from twice the limit on. So the load falls gently, and does not swing between everybody and nobody.
    func turnsAway() -> Bool {
        guard isTooLate else {
            owed = 0
            return false
        }
        owed += min(1, (mean - limit) / limit)
        guard owed >= 1 else { return false }
        owed -= 1
        return true
    }
}

/// The milliseconds in `toobusy.maxlag`; toobusy's 70 if the file says nothing. Below 10 a loop that does its work would
/// count as busy.
func maxLag(_ value: Value) throws(PluginError) -> Double {
    let number: Double? =
        switch value {
        case .null: 70
        case .integer(let integer): Double(integer)
        case .number(let number): number
        case .text(let text): text.isEmpty ? 70 : nil
        default: nil
        }
    guard let number, number >= 10, number <= 60_000 else {
        throw PluginError("expected milliseconds from 10 to 60000")
    }
    return number
}
