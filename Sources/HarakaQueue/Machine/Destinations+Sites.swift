// What deliveries tell about sites: which hosts serve a domain, who answers, and who is left in peace.

extension Destinations {
    /// The hosts of an active part's domain are known. False: they cannot take it now; it has no slot any more.
    ///
    /// Which hosts serve a domain is known only after the lookup, which is part of the attempt. Until then the attempt
    /// has a slot of the site that the domain had last time, at first one of its own name.
    mutating func sited(_ part: UInt32, _ name: String, _ parts: inout Slab<Part>, _ settings: OutboundSettings) -> Bool
    {
        // Its slot is that of the site that the domain had when it began, which may be another one by now.
        let (before, domain) = (parts[part].site, parts[part].domain)
        move(domain, to: name, settings)
        let site = domains[domain].site
        if site == before { return true }
        if before != nothing {
            sites[before].active -= 1
            relist(before)
            forgetIfUnused(before)
        }
        parts[part].site = nothing
        guard sites[site].canBegin else { return false }
        occupy(part, site, &parts)
        relist(site)
        return true
    }

    /// From now on a domain's mail goes to another site. The old site may be gone afterwards.
    private mutating func move(_ domain: UInt32, to name: String, _ settings: OutboundSettings) {
        let before = domains[domain].site
        if before != nothing, sites[before].name == name { return }
        let site = enter(name, from: domain, settings)
        domains[domain].site = site
        // All that is ready moves with its domain, in one step, however much it is.
        if !domains[domain].ready.isEmpty {
            if before != nothing {
                sites[before].domains.remove(domain, &domains)
                relist(before)
            }
            sites[site].domains.append(domain, &domains)
            relist(site)
        }
        leave(before)
    }

    /// An active part's slot is free again, and this is what came of it. Returns the site if it is known to be
    /// unreachable.
    ///
    /// A part without a slot has told nothing, and whatever became of it tells nothing now.
    mutating func ended(
        _ part: Part, _ news: SiteNews, _ rules: OutboundSettings.Concurrency
    ) -> UInt32? {
        let site = part.site
        guard site != nothing else { return nil }
        sites[site].active -= 1
        switch news.result {
        case .unknown: break
        case .reached:
            sites[site].succeeded()
            // Of several hosts one may be down. Somebody is there, so there is no reason to rest.
            wake(site)
        case .unreachable, .pushedBack:
            // Nil: one that began together with this one has told the same already.
            if let rest = sites[site].failed(news.result, sinceEpoch: part.epoch, rules, now: news.now) {
                errors.release(sites[site].lastError)
                sites[site].lastError = errors.take(news.error)
                putToRest(site, until: news.now &+ rest)
            }
        }
        relist(site)
        // One that nobody uses any more is about to be forgotten: its number must not leave this function.
        let isUnreachable = news.result == .unreachable && sites[site].uses > 0
        forgetIfUnused(site)
        return isUnreachable ? site : nil
    }

    /// Until a time, whenever the rest that it has now would end.
    private mutating func putToRest(_ site: UInt32, until time: Int64) {
        wake(site)
        sites[site].time = time
        sites[site].isResting = true
        restingCount += 1
        rests.insert(site, &sites)
        relist(site)
    }

    /// Its parts may begin again, if there are any and its window has room. How often it has failed is not forgotten:
    /// the next rest is longer.
    mutating func wake(_ site: UInt32) {
        guard sites[site].isResting else { return }
        rests.remove(site, &sites)
        sites[site].isResting = false
        restingCount -= 1
        relist(site)
    }

    /// When the next rest ends.
    var nextRest: Int64? { rests.first.map { sites[$0].time } }

    /// Rests whose time is over.
    mutating func endRests(_ now: Int64) {
        while let site = rests.first, sites[site].time <= now { wake(site) }
    }

    /// Somebody says that it may be reached again: an administrator who has mended what was wrong.
    mutating func refresh(_ domain: UInt32, _ settings: OutboundSettings) {
        let site = domains[domain].site
        guard site != nothing, sites[site].isResting || sites[site].failures > 0 else { return }
        // As if nothing were known of it, but for a window that is wider already.
        sites[site].failures = 0
        sites[site].downSince = 0
        sites[site].window = min(max(sites[site].window, settings.concurrency.start), sites[site].maximum)
        wake(site)
        relist(site)
    }

    /// The clock was put right: rests end, and nobody has been unreachable for long.
    mutating func clockJumped(_ now: Int64) {
        // A rest that ends in a wrong year would not end.
        while let site = rests.first { wake(site) }
        for site in siteNumbers.values where sites[site].downSince != 0 { sites[site].downSince = now }
    }
}
