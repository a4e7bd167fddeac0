// What the queue machine and its caller say to each other.

/// A part, as long as it lives. The number of one that is gone means nothing, and does no harm.
public struct PartID: Hashable, Sendable {
    let number: UInt32
    let serial: UInt32
}

/// What is to be delivered: a message, for some of its recipients, who have one domain.
public struct QueuePart: Sendable, Equatable {
    /// Why it was given out.
    public enum Purpose: UInt8, Sendable {
        /// To be delivered.
        case attempt
        /// An administrator wants it to be reported as failed.
        case bounce
        /// Its site has not been reached for as long as it could have been tried: to be reported as failed.
        case expired
    }

    /// Of the mail: its file's name.
    public var uuid: String
    /// Of this part: `hmail.uuid`.
    public var hmailUUID: String
    public var domain: String
    /// Recipients of the mail who are concerned now, in order.
    public var numbers: [Int]
    /// Attempts that have failed.
    public var failures: Int
    /// What the last of them ended with, or how its site could not be reached. The file knows more.
    public var lastError: String
    public var purpose: Purpose
    /// The set of MX hosts that its domain had last time, as ``QueueMachine/sited(_:_:now:)`` was told; at first the
    /// domain.
    public var site: String
}

/// How an attempt, or a bounce, ended.
public struct AttemptEnd: Sendable, Equatable {
    /// Recipients to whom the same was said.
    public struct Deferral: Sendable, Equatable {
        public var numbers: [Int]
        public var attempt: QueueRecord.Attempt

        public init(_ numbers: [Int], _ attempt: QueueRecord.Attempt) {
            self.numbers = numbers
            self.attempt = attempt
        }
    }

    /// These have it.
    public var delivered: [Int]
    /// These will not get it, and whoever is to be told has been told.
    public var failed: [Int]
    /// These are tried again. So is whoever stands in none of the three.
    public var deferred: [Deferral]
    /// When: milliseconds since 1970. 0: as the schedule says.
    public var next: Int64
    public var site: SiteResult

    public init(
        delivered: [Int] = [], failed: [Int] = [], deferred: [Deferral] = [], next: Int64 = 0,
        site: SiteResult = .unknown
    ) {
        self.delivered = delivered
        self.failed = failed
        self.deferred = deferred
        self.next = next
        self.site = site
    }
}

/// What an attempt tells about the site, whatever became of the mail.
public enum SiteResult: Sendable {
    /// Somebody answered and did his work: one more at the same time may be tried.
    case reached
    /// Nobody did: fewer, and not at once.
    case unreachable
    /// Somebody said that it is too much for him (421, 4.7.x, "too many connections"): fewer, after a short rest.
    case pushedBack
    /// Nothing: it did not come to that.
    case unknown
}

/// What becomes of recipients whose attempt failed for now.
public enum RetryDecision: Sendable, Equatable {
    /// They are tried again after so many milliseconds, unless a hook knows better.
    case again(Int64)
    /// That was the last attempt: they have failed.
    case giveUp
}

/// Whether a part may go on now that its hosts are known.
public enum SiteDecision: Sendable, Equatable {
    case go
    /// They have enough to do, or rest. It has been put back, and comes again.
    case wait
}

/// What is to be done to a file. Steps about one file are done in the order in which they were given.
public enum QueueStep: Sendable, Equatable {
    case nothing
    /// Nobody waits any more.
    case remove(String)
    /// `sync`: what it says must not be lost, or somebody gets a mail twice.
    case append([QueueRecord], to: String, sync: Bool)
}
