// One reload over all workers: everyone prepares, then everyone commits, or nobody does.

/// What a reload does next.
public enum ReloadStep: Sendable, Equatable {
    /// Nothing: answers are still out, or the round is over already.
    case wait
    /// All have prepared: tell all to commit. Said once.
    case commit
    /// Tell all to drop what they prepared. Said once; the reason is for who asked for the reload.
    case abort(reason: String)
}

/// The answers to one `prepare`.
///
/// One refusal ends the round, for a server whose workers run different plugin sets would treat the same mail in two
/// ways. Once decided, a round is over: late answers get `.wait`. Answers of strangers (a worker that was started after
/// the round began) and repeated ones are ignored.
public struct ReloadRound<ID: Hashable & Sendable>: Sendable {
    public typealias Step = ReloadStep

    private let members: Set<ID>
    private var missing: Set<ID>
    private var isOver: Bool

    /// A round of these workers, which have all been told to prepare.
    public init(_ members: Set<ID>) {
        self.members = members
        missing = members
        isOver = members.isEmpty
    }

    /// What to do before any answer: a round of nobody commits at once.
    public var start: Step { members.isEmpty ? .commit : .wait }

    /// This worker has mapped and registered the new set in the shadow.
    public mutating func prepared(_ member: ID) -> Step {
        guard !isOver, missing.remove(member) != nil, missing.isEmpty else { return .wait }
        isOver = true
        return .commit
    }

    /// This worker could not; also if it had said before that it could.
    public mutating func refused(_ member: ID, reason: String) -> Step {
        members.contains(member) ? end(reason) : .wait
    }

    /// This worker died before the round was decided, even if it had prepared: the new set may well be what killed it.
    public mutating func left(_ member: ID, reason: String) -> Step {
        members.contains(member) ? end(reason) : .wait
    }

    /// The time for preparing is up. The reason names those who did not answer, by their descriptions.
    public mutating func timedOut() -> Step {
        end("no answer in time from " + missing.map { String(describing: $0) }.sorted().joined(separator: ", "))
    }

    private mutating func end(_ reason: String) -> Step {
        guard !isOver else { return .wait }
        isOver = true
        return .abort(reason: reason)
    }
}
