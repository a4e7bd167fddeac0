// Graceful restart: which workers are replaced when.

/// The order in which `--graceful` replaces workers: batches of all but one (at least one), so that one stays serving, as
/// Haraka means to. (Its 3.1.6 replaces none.)
public struct ReplacementPlan<ID: Hashable & Sendable>: Sendable {
    private let members: [ID]
    private let batchSize: Int
    /// How many of `members` were handed out.
    private var position = 0
    /// Handed out and not finished.
    private var unfinished: Set<ID> = []

    /// The workers to replace, in this order. One named twice is replaced once.
    public init(_ members: [ID]) {
        var seen: Set<ID> = []
        self.members = members.filter { seen.insert($0).inserted }
        batchSize = max(1, seen.count - 1)
    }

    /// The workers to replace now; nil until all of the batch before are finished, and at the end.
    public mutating func nextBatch() -> [ID]? {
        guard unfinished.isEmpty, position < members.count else { return nil }
        let batch = Array(members[position...].prefix(batchSize))
        position += batch.count
        unfinished = Set(batch)
        return batch
    }

    /// This worker's replacement serves. Ignored for workers that no batch has named, or that are finished.
    public mutating func finished(_ member: ID) {
        unfinished.remove(member)
    }

    /// All are replaced. True at once if there was nobody.
    public var isDone: Bool { unfinished.isEmpty && position == members.count }
}
