// How long to wait before a dead worker is started again.

/// The pause before a worker's place is filled again, one value for each place.
///
/// The first deaths cost nothing, for clients wait; a worker that dies as soon as it lives must not keep the machine busy
/// with starting it. (Haraka has no such brake.) Times are seconds of one clock. Deterministic: no two supervisors share
/// a machine's worker, so there is nothing to spread.
public struct RestartBackoff: Sendable, Equatable {
    /// Deaths that are forgiven at once.
    public static let freeDeaths = 2
    /// The first pause; it doubles at each further death.
    public static let firstDelay = 0.1
    /// The longest pause.
    public static let longestDelay = 30.0
    /// A worker that lived less than this makes the pause longer.
    public static let shortLife = 10.0
    /// A worker that lived this long shows that the trouble is over.
    public static let longLife = 60.0

    private var deaths = 0
    private var delay = 0.0

    public init() {}

    /// The seconds to wait after this death.
    ///
    /// A life between `shortLife` and `longLife` neither lengthens the pause nor ends it. A life of negative length (a
    /// clock that jumped) is a short one.
    public mutating func delay(afterDeathAt now: Double, startedAt: Double) -> Double {
        let life = now - startedAt
        if life >= Self.longLife { self = RestartBackoff() }
        if deaths < Self.freeDeaths {
            deaths += 1
            return 0
        }
        if life < Self.shortLife { delay = min(max(delay * 2, Self.firstDelay), Self.longestDelay) }
        return delay
    }
}
