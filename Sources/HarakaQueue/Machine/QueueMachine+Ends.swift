// How attempts end: what is remembered, what is written down, and what that says about the site.

extension QueueMachine {
    /// After so many failures in a row, over so many milliseconds, a site counts as one that is not there.
    private static var failuresOfTheDead: Int { 3 }
    private static var timeOfTheDead: Int64 { 3_600_000 }

    /// An attempt, or a bounce, is over. Frees its slots. Returns what is to be done to the file.
    ///
    /// Who stands in neither of the lists waits on. A time that has passed is taken for one second from now.
    public mutating func finished(_ id: PartID, _ end: AttemptEnd, now: Int64) -> QueueStep {
        observe(now)
        guard isActive(id) else { return .nothing }
        let part = id.number
        free(part, end, now)
        // From here on the part may go at any line: what is needed of it is taken before.
        let mail = parts[part].mail
        let records = records(part, end, now)
        let gone = records.reduce(into: [Int]()) { $0 += $1.settled }
        if gone.count < parts[part].recipientCount { putOff(part, end, now) }
        guard !records.isEmpty else { return .nothing }
        // With the last recipient the mail is gone, and its uuid.
        let uuid = uuid(of: mail)
        if !gone.isEmpty, remove(gone, from: part) { return .remove(uuid) }
        return .append(records, to: uuid, sync: !gone.isEmpty)
    }

    /// The slot is free, and the site has learned.
    private mutating func free(_ part: UInt32, _ end: AttemptEnd, _ now: Int64) {
        let error = end.deferred.first?.attempt.text ?? ""
        let news = SiteNews(result: end.site, error: error, now: now)
        let site = destinations.ended(parts[part], news, settings.concurrency)
        parts[part].site = nothing
        if let site { expire(site, now) }
    }

    /// What the file is to say. Numbers of other parts, and those said twice, are left out.
    private func records(_ part: UInt32, _ end: AttemptEnd, _ now: Int64) -> [QueueRecord] {
        // Each recipient has one end, the first that is named: he cannot be counted twice.
        var left = Set(parts[part].numbers)
        func own(_ numbers: [Int]) -> [Int] { numbers.filter { left.remove($0) != nil } }
        var records: [QueueRecord] = []
        let delivered = own(end.delivered)
        if !delivered.isEmpty { records.append(.delivered(delivered)) }
        // Deleted meanwhile: who has it has it, and for the others it is over.
        var failed = own(end.failed)
        if parts[part].isDeleted { failed += left.sorted() }
        if !failed.isEmpty { records.append(.failed(failed)) }
        guard !parts[part].isDeleted else { return records }
        let next = next(part, end, now)
        for deferral in end.deferred {
            let numbers = own(deferral.numbers)
            if !numbers.isEmpty { records.append(.deferred(numbers, next: next, deferral.attempt)) }
        }
        return records
    }

    /// Not before. A time that has passed would make it begin again and again.
    private func next(_ part: UInt32, _ end: AttemptEnd, _ now: Int64) -> Int64 {
        if end.next != 0 { return max(end.next, now &+ 1000) }
        let schedule = settings.schedule(for: destinations.domains[parts[part].domain].name)
        // Who wants one more than the schedule has waits as long as before.
        let delay = schedule.delay(afterFailures: Int(parts[part].failures) + 1) ?? schedule.delays.last ?? 60_000
        return now &+ delay
    }

    /// Some of it waits on.
    private mutating func putOff(_ part: UInt32, _ end: AttemptEnd, _ now: Int64) {
        parts[part].time = next(part, end, now)
        // More than a schedule has delays. With a plugin that always wants one more it stays there.
        parts[part].failures += parts[part].failures == .max ? 0 : 1
        if let error = end.deferred.last?.attempt.text {
            destinations.errors.release(parts[part].lastError)
            parts[part].lastError = destinations.errors.take(error)
        }
        settle(part, now)
    }

    /// Of a site that is not there one part after the other is tried, and with many of them most would never have their
    /// turn. Those whose schedule would be over by now, had each attempt failed, are given up.
    private mutating func expire(_ site: UInt32, _ now: Int64) {
        // Both: three quick refusals are no outage, nor is one failure an hour ago.
        let dead = destinations.sites[site]
        guard dead.failures >= Self.failuresOfTheDead, dead.downSince &+ Self.timeOfTheDead <= now else { return }
        var domain = dead.domains.first
        while domain != nothing {
            // With its last part a domain leaves the site's list; the link is read before.
            let after = destinations.domains[domain].next
            expire(readyIn: domain, now)
            domain = after
        }
    }

    /// Within a domain those that have waited longest come first. Behind a few that are not over nobody else is
    /// looked at, until the next failure.
    private mutating func expire(readyIn domain: UInt32, _ now: Int64) {
        let schedule = settings.schedule(for: destinations.domains[domain].name)
        var part = destinations.domains[domain].ready.first
        var spared = 0
        while part != nothing, spared < 100 {
            let after = parts[part].next
            if isOver(part, schedule, now) {
                parts[part].purpose = .expired
                enter(part, .ending)
            } else {
                spared += 1
            }
            part = after
        }
    }

    /// Its attempts would be over by now. Who was tried now and then, and waited between, has had his time as well; but
    /// whoever comes back from being held, or from a clock that was wrong, is given an hour.
    private func isOver(_ part: UInt32, _ schedule: RetrySchedule, _ now: Int64) -> Bool {
        // Since when it could have been tried: while its site rests nothing is written to it.
        let ready = parts[part].time
        if ready &+ schedule.remaining(afterFailures: Int(parts[part].failures)) <= now { return true }
        let queueTime = mails[parts[part].mail].queueTime
        return ready &+ Self.timeOfTheDead <= now && queueTime &+ schedule.remaining(afterFailures: 0) <= now
    }
}

extension QueueRecord {
    /// Who waits no more by it.
    fileprivate var settled: [Int] {
        switch self {
        case .delivered(let numbers), .failed(let numbers): numbers
        case .deferred, .held: []
        }
    }
}
