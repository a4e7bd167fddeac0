// Whose turn it is: parts whose time has come, by domain and site, and the slots of each site.

/// Domains and sites with mail. Sites take turns, domains of a site take turns, and within a domain the first to come
/// is first.
///
///     ring of sites -> chain of domains -> chain of parts whose time has come
///
/// What holds between calls: a domain is in the chain of its site if and only if it has parts whose time has come; a
/// site is in the ring if and only if it has such domains and can begin something (``relist(_:)``). So the next part
/// is found in one step, however many sites rest.
struct Destinations {
    /// There as long as parts have them.
    var domains = Slab<Domain>()
    var domainNumbers: [String: UInt32] = [:]
    /// There as long as domains use them, or parts are under way there.
    var sites = Slab<Site>()
    var siteNumbers: [String: UInt32] = [:]
    /// Sites with parts that can begin.
    var ring = Chain<Site>()
    /// Sites that rest, by the end of their rest.
    var rests = TimeHeap<Site>()
    var restingCount = 0
    /// What servers said last, of parts and sites.
    var errors = SharedTexts()

    // MARK: - Domains

    /// Lower case.
    func find(_ name: String) -> UInt32? { domainNumbers[name] }

    /// The number of a domain that has one part more now.
    mutating func take(_ name: String) -> UInt32 {
        if let number = domainNumbers[name] {
            domains[number].parts += 1
            return number
        }
        let number = domains.insert(Domain(name: name, parts: 1))
        domainNumbers[name] = number
        return number
    }

    /// It has one part less.
    mutating func release(_ domain: UInt32) {
        domains[domain].parts -= 1
        guard domains[domain].parts == 0 else { return }
        leave(domains[domain].site)
        domainNumbers[domains[domain].name] = nil
        domains.remove(domain)
        // The last one to go takes all memory along.
        if domains.count == 0 { domainNumbers = [:] }
    }

    /// The site to which a domain's mail goes as far as is known.
    private mutating func site(of domain: UInt32, _ settings: OutboundSettings) -> UInt32 {
        let known = domains[domain].site
        if known != nothing { return known }
        let site = enter(domains[domain].name, from: domain, settings)
        domains[domain].site = site
        return site
    }

    // MARK: - Sites

    /// The number of a site which one domain more uses now.
    mutating func enter(_ name: String, from domain: UInt32, _ settings: OutboundSettings) -> UInt32 {
        let number: UInt32
        if let known = siteNumbers[name] {
            number = known
            // A site has the smallest number of all its domains and hosts.
            if let own = settings.concurrency(for: domains[domain].name), own < sites[number].maximum {
                sites[number].limit(to: own)
            }
        } else {
            var site = Site(name: name)
            site.maximum = maximum(name, domains[domain].name, settings)
            site.window = min(max(settings.concurrency.start, 1), site.maximum)
            number = sites.insert(site)
            siteNumbers[name] = number
        }
        sites[number].uses += 1
        return number
    }

    /// A domain less uses it. What was learned of the site is lost with the last one.
    mutating func leave(_ site: UInt32) {
        guard site != nothing else { return }
        sites[site].uses -= 1
        forgetIfUnused(site)
    }

    /// Nobody knows a site any more that no domain uses, and nobody delivers to.
    mutating func forgetIfUnused(_ site: UInt32) {
        guard sites[site].uses == 0, sites[site].active == 0 else { return }
        wake(site)
        errors.release(sites[site].lastError)
        siteNumbers[sites[site].name] = nil
        sites.remove(site)
        if sites.count == 0 { siteNumbers = [:] }
    }

    /// The smallest number that is said for one of its hosts or for the domain.
    private func maximum(_ site: String, _ domain: String, _ settings: OutboundSettings) -> Int {
        guard !settings.concurrency.sites.isEmpty else { return max(settings.concurrency.max, 1) }
        let hosts = site.split { $0 == " " || $0 == "," }.map(String.init)
        let said = (hosts + [domain]).compactMap { settings.concurrency(for: $0) }
        return max(said.min() ?? settings.concurrency.max, 1)
    }

    /// Other rules hold from now on.
    mutating func changed(_ settings: OutboundSettings) {
        var limits: [UInt32: Int] = [:]
        for domain in domainNumbers.values {
            let site = domains[domain].site
            guard site != nothing else { continue }
            limits[site] = min(limits[site] ?? .max, maximum(sites[site].name, domains[domain].name, settings))
        }
        for (site, limit) in limits {
            sites[site].limit(to: limit)
            relist(site)
        }
    }

    // MARK: - Turns

    /// Its time has come.
    mutating func makeReady(
        _ part: UInt32, _ parts: inout Slab<Part>, _ settings: OutboundSettings, isFirst: Bool = false
    ) {
        let domain = parts[part].domain
        let site = site(of: domain, settings)
        // Who is alone brings his domain into the site's list, and perhaps the site into the ring.
        let isAlone = domains[domain].ready.isEmpty
        if isFirst { domains[domain].ready.prepend(part, &parts) } else { domains[domain].ready.append(part, &parts) }
        guard isAlone else { return }
        sites[site].domains.append(domain, &domains)
        relist(site)
    }

    /// It is ready no more: its mail is held, deleted or given up.
    mutating func withdraw(_ part: UInt32, _ parts: inout Slab<Part>) {
        let domain = parts[part].domain
        domains[domain].ready.remove(part, &parts)
        guard domains[domain].ready.isEmpty else { return }
        let site = domains[domain].site
        sites[site].domains.remove(domain, &domains)
        relist(site)
    }

    /// Whether a part could begin, slots of the machine aside.
    var canBegin: Bool { !ring.isEmpty }

    /// The part whose turn it is, with a slot of its site; nil: nobody can begin.
    mutating func begin(_ parts: inout Slab<Part>) -> UInt32? {
        let site = ring.first
        guard site != nothing else { return nil }
        let domain = sites[site].domains.first
        let part = domains[domain].ready.first
        domains[domain].ready.remove(part, &parts)
        // Who has had his turn goes to the end.
        sites[site].domains.remove(domain, &domains)
        if !domains[domain].ready.isEmpty { sites[site].domains.append(domain, &domains) }
        ring.remove(site, &sites)
        sites[site].isInRing = false
        occupy(part, site, &parts)
        relist(site)
        return part
    }

    /// An active part takes a slot. What its site had gone through before is none of its business.
    mutating func occupy(_ part: UInt32, _ site: UInt32, _ parts: inout Slab<Part>) {
        sites[site].active += 1
        parts[part].site = site
        parts[part].epoch = sites[site].epoch
    }

    /// Into the ring, at its end, or out of it, as things are.
    /// Called after each change of what decides it: parts, window, slots, rest.
    mutating func relist(_ site: UInt32) {
        let belongs = !sites[site].domains.isEmpty && sites[site].canBegin
        guard belongs != sites[site].isInRing else { return }
        sites[site].isInRing = belongs
        if belongs { ring.append(site, &sites) } else { ring.remove(site, &sites) }
    }
}
