// How many deliveries at the same time other servers get, and when they are left in peace.

/// A recipients' domain with mail.
struct Domain: Linked {
    var name = ""
    /// Parts that have it.
    var parts = 0
    /// Where its mail goes: as it was last time, at first to a site of its own name; ``nothing``: not yet asked.
    var site = nothing
    /// Parts whose time has come. With any, the domain is in its site's list.
    var ready = Chain<Part>()
    var next = nothing
    var previous = nothing
}

/// What the end of an attempt tells about its site.
struct SiteNews {
    var result: SiteResult
    /// How it could not be reached.
    var error = ""
    var now: Int64
}

/// A set of MX hosts, whichever domains they serve, and its window: as many may be delivered to it at the same time.
struct Site: Linked, Timed {
    var name = ""
    /// Domains whose mail goes there.
    var uses = 0
    /// Those of them that have parts whose time has come.
    var domains = Chain<Domain>()
    var maximum = 1
    var window = 1
    /// Deliveries under way.
    var active = 0
    /// Failures to reach it, ever: an attempt that began before the last one says nothing new.
    var epoch: UInt32 = 0
    /// In a row.
    var failures = 0
    /// Since when; 0: it was reached last time, or never tried. Milliseconds since 1970.
    var downSince: Int64 = 0
    /// Until when it rests.
    var time: Int64 = 0
    var place = nothing
    var isResting = false
    /// In the ring of those that can get something.
    var isInRing = false
    var next = nothing
    var previous = nothing
    /// How it could not be reached.
    var lastError = nothing

    var canBegin: Bool { !isResting && active < window }

    /// Somebody answered. Each success widens the window.
    mutating func succeeded() {
        window = min(window &+ 1, maximum)
        failures = 0
        downSince = 0
    }

    /// Nobody answered, or it was too much for them. Returns for how long it is to rest, in milliseconds; nil: this
    /// was known.
    ///
    /// Deliveries that were under way at the same time fail together. That is one failure.
    mutating func failed(
        _ result: SiteResult, sinceEpoch begun: UInt32, _ rules: OutboundSettings.Concurrency, now: Int64
    )
        -> Int64?
    {
        guard begun == epoch else { return nil }
        epoch &+= 1
        window = max(window / 2, 1)
        guard result == .unreachable else { return Int64(min(rules.rest, rules.maxRest)) * 1000 }
        if failures == 0 { downSince = now }
        failures += failures == .max ? 0 : 1
        let rest = Int64(rules.rest) << Int64(min(failures - 1, 20))
        return min(rest, Int64(rules.maxRest)) * 1000
    }

    mutating func limit(to maximum: Int) {
        self.maximum = max(maximum, 1)
        window = min(window, self.maximum)
    }
}
