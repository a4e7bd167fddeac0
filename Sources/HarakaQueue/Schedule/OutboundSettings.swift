// How mail is sent: what outbound.ini says, as the queue and the deliveries use it. docs/outbound.md "outbound.ini".

/// The settings of outbound.ini. A new value holds the built-in defaults. Times are seconds, as in the file, unless a
/// name says otherwise.
public struct OutboundSettings: Sendable, Equatable {
    /// Which addresses of equally good hosts are tried first.
    public enum AddressFamily: String, Sendable, CaseIterable {
        case any = "default"
        case v4
        case v6
    }

    /// How many deliveries at the same time a site gets. A site is a set of MX hosts, whichever domains it serves.
    public struct Concurrency: Sendable, Equatable {
        /// A site of which nothing is known begins with as many. Each success adds one.
        public var start = 5
        /// A site gets no more, unless ``sites`` says so.
        public var max = 20
        /// After a failure to reach a site nobody tries it for so long; twice as long after the next, and so on.
        public var rest = 10
        /// But no longer than this.
        public var maxRest = 600
        /// By domain, of recipients or of MX hosts, and those below it: in place of ``max``.
        public var sites: [String: Int] = [:]
        public init() {}
    }

    /// Connections to other servers, which are used for one message after the other.
    public struct Connections: Sendable, Equatable {
        /// At the same time to one host and port, idle ones among them.
        public var perHost = 20
        /// Messages over one connection; 0: no limit.
        public var messages = 100
        /// Seconds one is kept without work; 0: none is kept.
        public var idle = 10
        public init() {}
    }

    /// Seconds that another server may take.
    public struct Timeouts: Sendable, Equatable {
        /// Until a connection is there.
        public var connect = 30
        /// For the greeting and each reply (RFC 5321 section 4.5.3.2), and for taking what is sent.
        public var reply = 300
        /// For the reply to the end of a message (RFC 5321 section 4.5.3.2.6). Too short, and mail arrives twice.
        public var message = 600
        public init() {}
    }

    /// What senders are told.
    public struct Reports: Sendable, Equatable {
        /// A message of up to so many bytes comes back whole, of a larger one the header only (RET of MAIL counts
        /// first).
        public var fullMessageLimit = 65_536
        /// As many bytes of the header come back.
        public var headerLimit = 65_536
        /// Seconds in the queue after which the sender is told that it is late; 0: never.
        public var delayNotice = 0
        public init() {}
    }

    /// Deliveries wait; mail is queued all the same.
    public var isDisabled = false
    /// Each recipient is a delivery of its own.
    public var alwaysSplits = false
    /// STARTTLS where it is offered.
    public var usesTLS = true
    /// A host found by DNS may be this one.
    public var allowsLocalMX = false
    /// Deliveries at the same time. (Haraka's code has 10000 for each process, its sample 100.)
    public var maxConcurrency = 100
    /// For domains that ``schedules`` does not name.
    public var schedule = RetrySchedule.usual
    /// By domain, which counts for those below it too.
    public var schedules: [String: RetrySchedule] = [:]
    /// Text of the Received field that is added; nil: none is.
    public var receivedText: String? = "Haraka outbound"
    public var preferredFamily = AddressFamily.any
    /// A message with more Received fields goes round in circles: it is bounced.
    public var maxReceived = 100
    /// A mail under way when the delivery worker died so many times is set aside; 0: never.
    public var crashLimit = 3
    /// Bytes that must be free on the queue's disk, or no mail is taken; 0: whatever is.
    public var minFreeDisk = 67_108_864
    /// Threads of each process that write the queue's files.
    public var writers = 16
    /// Seconds for which a host whose TLS failed is spoken to without, where that is allowed; 0: each time is tried
    /// anew.
    public var tlsFailureMemory = 3600
    public var concurrency = Concurrency()
    public var connections = Connections()
    public var timeouts = Timeouts()
    public var reports = Reports()

    /// The built-in defaults.
    public init() {}
}

extension OutboundSettings {
    /// When mail for a domain is tried again: what is said of the domain, else of the nearest one above it, else of
    /// all.
    public func schedule(for domain: String) -> RetrySchedule {
        schedules.isEmpty ? schedule : Self.nearest(domain, in: schedules) ?? schedule
    }

    /// How many deliveries at the same time a domain, or an MX host, may have at most by itself; nil: nothing is said
    /// of it.
    public func concurrency(for name: String) -> Int? {
        concurrency.sites.isEmpty ? nil : Self.nearest(name, in: concurrency.sites)
    }

    /// The value of a name or of the nearest name above it.
    static func nearest<Value>(_ name: String, in values: [String: Value]) -> Value? {
        var rest = name[...]
        while true {
            if let value = values[String(rest)] { return value }
            // A literal has dots, but nothing above it.
            guard !rest.hasPrefix("["), let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { return nil }
            rest = rest[rest.utf8.index(after: dot)...]
        }
    }
}
