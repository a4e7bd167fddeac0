// What `haraka status` shows of the plugins of one process.

/// A snapshot. Values only, so it goes over any link.
public struct HostStatus: Sendable, Equatable {
    /// One generation that is not gone yet.
    public struct Generation: Sendable, Equatable {
        public enum State: String, Sendable, Equatable {
            /// Plugins are mapped and registered, one after the other.
            case building
            /// New connections get it.
            case current
            /// Its last connections are still there, or its plugins shut down.
            case draining
            /// Its plugins are through, but something of it is still inside, so it is not unmapped yet.
            case ended
        }

        public var number: Int
        public var state: State
        public var connections: Int
    }

    /// One plugin of the current generation.
    public struct Plugin: Sendable, Equatable {
        public enum State: String, Sendable, Equatable {
            case loaded
            /// A stand-in refuses for now in its place.
            case tempfail
        }

        public var name: String
        /// As its note has it; empty: none.
        public var version: String
        /// SHA-256 of its bytes; empty: it is not loaded.
        public var hash: String
        /// Its file; of one that is out of order, why.
        public var file: String
        public var state: State
        public var parents: [String]
        /// 0: no limit.
        public var timeoutSeconds: Double
        /// "can be unmapped", or why not.
        public var unloading: String
        public var timers: Int
        public var jobs: Int
        public var hooks: [Hook]
    }

    /// One handler of a plugin.
    public struct Hook: Sendable, Equatable {
        public var hook: String
        public var method: String
        public var priority: Int
        /// All calls.
        public var calls: UInt64
        /// Calls that were timed: some one in 64.
        public var sampled: UInt64
        /// Microseconds of the function itself.
        public var p50: Double
        public var p99: Double
        /// Microseconds; also of calls that were not timed but seen by the watchdog.
        public var max: Double
        /// Answers that came after the function had returned: all of them are timed.
        public var pendingCount: UInt64
        /// Milliseconds from the function's return to the answer.
        public var pendingP50: Double
        public var pendingP99: Double
        public var pendingMax: Double
    }

    public var generations: [Generation]
    /// In the order of config/plugins.
    public var plugins: [Plugin]
    /// Objects that were unmapped when their generation had ended.
    public var unloaded: Int
    /// Objects of generations that have ended, which stay mapped and do nothing.
    public var inert: Int
}
