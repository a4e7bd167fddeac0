// The queue's clockwork: what begins, what it turns into, and when the next thing happens.

extension QueueMachine {
    /// When somebody is to look at the clock at the latest, so that a jump of it is noticed. Milliseconds.
    private static var tick: Int64 { 60_000 }
    /// A clock that went back by more, or forth by ten times as much, has jumped.
    private static var jump: Int64 { 60_000 }

    /// What is to begin now. Slots are taken for them, until ``finished(_:_:now:)``, ``delayed(_:until:)`` or
    /// ``sited(_:_:now:)`` frees them.
    public mutating func due(_ now: Int64) -> [PartID] {
        observe(now)
        // Time first, then rests, then turns: what becomes ready now may begin now.
        while let part = later.first, parts[part].time <= now { enter(part, .ready) }
        destinations.endRests(now)
        var begun: [PartID] = []
        // Reports need no site, and somebody waits for them; where deliveries are switched off, too.
        while active < settings.maxConcurrency, ending.first != nothing {
            let part = ending.first
            enter(part, .active)
            begun.append(id(part))
        }
        while !settings.isDisabled, active < settings.maxConcurrency, let part = destinations.begin(&parts) {
            // It has left its list already.
            move(part, to: .active)
            begun.append(id(part))
        }
        return begun
    }

    /// When to ask ``due(_:)`` next, if nothing else happens; nil: not before something does.
    public func nextTime(_ now: Int64) -> Int64? {
        guard mails.count > 0 else { return nil }
        var next = now &+ Self.tick
        if let part = later.first { next = min(next, parts[part].time) }
        if let rest = destinations.nextRest { next = min(next, rest) }
        // With all slots taken nothing begins before somebody gives one back, and that is an event.
        if active < settings.maxConcurrency, !ending.isEmpty || (destinations.canBegin && !settings.isDisabled) {
            next = now
        }
        return max(next, now)
    }

    /// What a part is. nil: it is no more.
    public func part(_ id: PartID) -> QueuePart? {
        guard isAlive(id) else { return nil }
        let part = parts[id.number]
        let domain = destinations.domains[part.domain]
        let site = part.site == nothing ? domain.site : part.site
        let known = site == nothing ? nil : destinations.sites[site]
        // An expired part was not tried of late: what is wrong with its site says more than its own last words.
        var error = destinations.errors[part.lastError]
        if part.purpose == .expired, let known { error = destinations.errors[known.lastError] }
        let uuid = uuid(of: part.mail)
        return QueuePart(
            uuid: uuid, hmailUUID: "\(uuid).\(part.ordinal)", domain: domain.name, numbers: part.numbers,
            failures: Int(part.failures), lastError: error, purpose: part.purpose, site: known?.name ?? domain.name)
    }

    /// The hosts of a part's domain are known: their names, in any order that is always the same, with blanks between.
    ///
    /// From now on mail for the domain counts as mail for these hosts. `wait`: forget this part, the answer of
    /// ``due(_:)`` will have it again; no attempt is used up.
    public mutating func sited(_ id: PartID, _ site: String, now: Int64) -> SiteDecision {
        observe(now)
        guard isActive(id) else { return .wait }
        if destinations.sited(id.number, site, &parts, settings) { return .go }
        // Held while it was under way: it does not come again before it is released.
        if mails[parts[id.number].mail].isHeld {
            enter(id.number, .held)
        } else {
            move(id.number, to: .ready)
            destinations.makeReady(id.number, &parts, settings, isFirst: true)
        }
        return .wait
    }

    /// What becomes of those of a part whose attempt failed for now. Changes nothing: ``finished(_:_:now:)`` does.
    public func failedForNow(_ id: PartID) -> RetryDecision {
        guard isAlive(id) else { return .giveUp }
        let part = parts[id.number]
        let schedule = settings.schedule(for: destinations.domains[part.domain].name)
        return schedule.delay(afterFailures: Int(part.failures) + 1).map { .again($0) } ?? .giveUp
    }

    /// Hook send_email wants a part put off, or it could not even be begun (its file could not be read for now). No
    /// attempt is used up, and nothing is written down.
    public mutating func delayed(_ id: PartID, until time: Int64) {
        guard isActive(id) else { return }
        parts[id.number].time = max(time, lastTime &+ 1000)
        settle(id.number, lastTime)
    }

    // MARK: - The clock

    /// If the clock was put back, what waits must not wait for the difference as well. If it was put forward, or
    /// everything stood still, nobody is to blame for not having been reached meanwhile.
    mutating func observe(_ now: Int64) {
        defer { lastTime = now }
        guard lastTime != 0, now < lastTime &- Self.jump || now > lastTime &+ 10 * Self.jump else { return }
        destinations.clockJumped(now)
        guard now < lastTime else { return }
        let back = lastTime &- now
        // All by the same: the heap stays one.
        for number in 0..<parts.end where parts[number].mail != nothing {
            parts[number].time = max(parts[number].time, .min / 2) &- back
        }
    }

    // MARK: - Small change

    /// Parts that the caller has.
    var active: Int { counts[Int(Part.State.active.rawValue)] }

    func id(_ part: UInt32) -> PartID { PartID(number: part, serial: parts[part].serial) }

    func isAlive(_ id: PartID) -> Bool {
        id.number < parts.end && parts[id.number].serial == id.serial && parts[id.number].mail != nothing
    }

    func isActive(_ id: PartID) -> Bool { isAlive(id) && parts[id.number].state == .active }

    func uuid(of mail: UInt32) -> String {
        var reader = PackedMailReader(mails[mail].packed)
        return reader.uuid()
    }

    func size(of mail: UInt32) -> Int {
        var reader = PackedMailReader(mails[mail].packed)
        _ = reader.skipKey()
        return reader.number()
    }
}
