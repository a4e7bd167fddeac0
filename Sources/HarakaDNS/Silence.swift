// A resolver that does not answer at all: noticed once, and not by each client anew.

import NIOCore

/// Decides when nobody is there to be asked. A value: it is told what happens and the time.
///
/// A watch begins with a lookup while nothing else is watched, and ends with the first answer of anything. At half of
/// the limit the resolvers are asked directly whether they are there, so that one name whose servers are dead is not
/// taken for a dead network. When the limit is over without a word, they are silent until they say something.
struct Silence {
    /// What is to be done now.
    enum Step: Equatable {
        case nothing
        /// Look again then.
        case look(NIODeadline)
        /// Ask the resolvers whether they are there, and look again then.
        case probe(NIODeadline)
        /// It has begun; look again then.
        case began(NIODeadline)
    }

    /// While silent the resolvers are asked so often.
    static let probesEvery = TimeAmount.seconds(1)

    private let limit: TimeAmount
    private var since: NIODeadline?
    private var probed: NIODeadline?
    private(set) var isSilent = false

    init(limit: TimeAmount) { self.limit = limit }

    /// A lookup has begun. The step says when to look, if nobody is looking yet.
    mutating func asked(now: NIODeadline) -> Step {
        guard since == nil else { return .nothing }
        since = now
        probed = nil
        return .look(now + half)
    }

    /// Something was answered. True: the silence is over.
    mutating func heard() -> Bool {
        defer { isSilent = false }
        since = nil
        return isSilent
    }

    /// The time that was named has come, or a lookup has waited for its whole limit.
    mutating func look(now: NIODeadline) -> Step {
        guard let since else { return .nothing }
        if isSilent { return .probe(now + Silence.probesEvery) }
        guard let probed else {
            guard now >= since + half else { return .look(since + half) }
            self.probed = now
            return .probe(now + half)
        }
        guard now >= probed + half else { return .look(probed + half) }
        isSilent = true
        return .began(now + Silence.probesEvery)
    }

    private var half: TimeAmount { .nanoseconds(limit.nanoseconds / 2) }
}
