// Which worker is meant.

/// What a worker is for. The raw value is how the supervisor names the role when it starts the worker.
public enum WorkerRole: String, Sendable, Hashable, CaseIterable {
    /// Owns the queue, listens nowhere, runs `init_master`. There is one.
    case delivery
    /// Accepts mail, runs `init_child`. There are `nodes` of them.
    case smtp
}

/// A worker's place, not its process: the replacement of a dead worker has the same.
public struct WorkerID: Sendable, Hashable, CustomStringConvertible {
    public let role: WorkerRole
    /// Counted from 1 among the SMTP workers. The delivery worker's says nothing.
    public let slot: Int

    public init(role: WorkerRole, slot: Int) {
        self.role = role
        self.slot = slot
    }

    /// For logs and `status`: `smtp worker 2`, `delivery worker`.
    public var name: String {
        switch role {
        case .delivery: "delivery worker"
        case .smtp: "smtp worker \(slot)"
        }
    }

    public var description: String { name }
}
