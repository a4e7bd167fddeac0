// What an administrator sees of the queue, and whom a filter means.
//
// Nothing is kept for this: whoever asks pays, a millisecond for some thousands of parts, and the loop waits meanwhile.

extension QueueMachine {
    /// Parts that fit, the oldest first. Goes through the whole queue: 20 milliseconds for 100,000.
    public func list(_ filter: QueueFilter, now: Int64) -> [QueueRow] {
        select(filter, now, where: { _ in true }).map { row($0) }
    }

    /// How much there is, at once.
    public var stats: QueueStats {
        var stats = QueueStats()
        stats.inProgress = active
        stats.waiting = counts[Int(Part.State.ready.rawValue)] + counts[Int(Part.State.ending.rawValue)]
        stats.deferred = counts[Int(Part.State.later.rawValue)]
        stats.held = counts[Int(Part.State.held.rawValue)]
        stats.messages = mails.count
        stats.recipients = recipients
        stats.bytes = bytes
        stats.domains = destinations.domains.count
        stats.restingSites = destinations.restingCount
        return stats
    }

    /// Builds all of a part's texts: only for those that are shown.
    private func row(_ number: UInt32) -> QueueRow {
        let part = parts[number]
        let mail = mails[part.mail]
        let domain = destinations.domains[part.domain]
        let rest = domain.site == nothing ? nil : destinations.sites[domain.site]
        // Only <postmaster> has no domain.
        let names = users(of: part).map { domain.name.isEmpty ? $0.user : "\($0.user)@\(domain.name)" }
        let uuid = uuid(of: part.mail)
        return QueueRow(
            uuid: uuid, hmailUUID: "\(uuid).\(part.ordinal)", domain: domain.name, sender: sender(of: part.mail),
            recipients: names, queueTime: mail.queueTime, next: part.time, size: size(of: part.mail),
            failures: Int(part.failures), lastError: destinations.errors[part.lastError], state: part.state.shown,
            siteRestsUntil: rest.map { $0.isResting ? $0.time : 0 } ?? 0)
    }

    // MARK: - Who is meant

    /// Parts that fit, the oldest first.
    func select(_ filter: QueueFilter, _ now: Int64, where isWanted: (Part.State) -> Bool) -> [UInt32] {
        // A domain that nobody's mail goes to has no number, and so no parts.
        let domain = filter.domain.isEmpty ? nil : destinations.find(filter.domain.lowercased())
        guard filter.domain.isEmpty || domain != nil else { return [] }
        let sender = AddressPattern(filter.sender)
        // Whoever came after that is too young. The numbers of a filter come from people: nothing may overflow.
        let newest = now &- max(min(filter.olderThan, .max / 2000), 0) &* 1000
        var chosen = Oldest(limit: filter.limit)
        // What costs least is asked first: the texts of a mail have to be unpacked.
        for number in candidates(filter.id) where parts[number].mail != nothing && isWanted(parts[number].state) {
            let part = parts[number]
            let queueTime = mails[part.mail].queueTime
            guard domain == nil || part.domain == domain, filter.olderThan <= 0 || queueTime <= newest else { continue }
            guard sender.isAny || sender.fits(self.sender(of: part.mail)) else { continue }
            guard filter.recipient.isEmpty || !meant(filter, number).isEmpty else { continue }
            chosen.add(number, queueTime)
        }
        return chosen.all
    }

    /// Numbers of those of a part's recipients who are meant, in order. Without a recipient in the filter all are.
    func meant(_ filter: QueueFilter, _ number: UInt32) -> [Int] {
        let part = parts[number]
        guard !filter.recipient.isEmpty else { return part.numbers }
        let pattern = AddressPattern(filter.recipient)
        let domain = destinations.domains[part.domain].name
        return users(of: part).filter { pattern.fits("\($0.user)@\(domain)") }.map(\.number)
    }

    /// All parts, or those of a mail, or the one with this uuid. Free places are among all of them.
    private func candidates(_ id: String) -> [UInt32] {
        guard !id.isEmpty else { return Array(0..<parts.end) }
        if let mail = mails.find(PackedMail.key(id)) { return parts(of: mail) }
        // The uuid of a part is that of its mail with a dot and its ordinal behind it.
        guard let dot = id.utf8.lastIndex(of: UInt8(ascii: ".")) else { return [] }
        let ordinal = UInt32(id[id.utf8.index(after: dot)...])
        guard let mail = mails.find(PackedMail.key(String(id[..<dot]))) else { return [] }
        return parts(of: mail).filter { parts[$0].ordinal == ordinal }
    }

    /// The youngest first: a new part is put in front.
    private func parts(of mail: UInt32) -> [UInt32] {
        var found: [UInt32] = []
        var part = mails[mail].firstPart
        while part != nothing {
            found.append(part)
            part = parts[part].sibling
        }
        return found
    }

    // MARK: - What was packed

    /// Behind key and size.
    private func sender(of mail: UInt32) -> String {
        var reader = PackedMailReader(mails[mail].packed)
        _ = reader.skipKey()
        _ = reader.number()
        return reader.text()
    }

    /// All that the envelope has, behind the sender.
    func recipientCount(of mail: UInt32) -> Int {
        var reader = PackedMailReader(mails[mail].packed)
        _ = reader.skipKey()
        _ = reader.number()
        _ = reader.text()
        return reader.number()
    }

    /// A part's recipients, in order.
    private func users(of part: Part) -> [(number: Int, user: String)] {
        var reader = PackedMailReader(mails[part.mail].packed)
        _ = reader.skipKey()
        _ = reader.number()
        _ = reader.text()
        _ = reader.number()
        // Those of other parts stand between them: they are stepped over.
        var wanted = part.numbers.sorted()[...]
        var users: [(number: Int, user: String)] = []
        while let first = wanted.first, let recipient = reader.recipient() {
            guard recipient.number == first else { continue }
            users.append(recipient)
            wanted.removeFirst()
        }
        return users
    }
}

/// What a filter says of an address. Case does not count, in the local part neither: people type it.
struct AddressPattern {
    private let text: String

    init(_ text: String) {
        let lower = text.lowercased()
        self.text =
            lower.hasPrefix("<") && lower.hasSuffix(">") && lower != "<>" ? String(lower.dropFirst().dropLast()) : lower
    }

    var isAny: Bool { text.isEmpty }

    func fits(_ address: String) -> Bool {
        if text == "<>" { return address.isEmpty }
        let address = address.lowercased()
        return text.hasPrefix("@") ? address.hasSuffix(text) : address == text
    }
}

/// The oldest of many, without keeping or sorting them all: at most twice as many as are wanted, and some.
struct Oldest {
    /// 0: all of them.
    let limit: Int
    private var found: [(time: Int64, number: UInt32)] = []

    init(limit: Int) { self.limit = limit }

    mutating func add(_ number: UInt32, _ time: Int64) {
        found.append((time, number))
        if limit > 0, found.count >= 2 * min(limit, 1_000_000) + 100 { cut() }
    }

    /// Equal times by number, so that the same question has the same answer.
    private mutating func cut() {
        found.sort { ($0.time, $0.number) < ($1.time, $1.number) }
        if limit > 0 { found = Array(found.prefix(limit)) }
    }

    var all: [UInt32] {
        var sorted = self
        sorted.cut()
        return sorted.found.map(\.number)
    }
}

extension Part.State {
    fileprivate var shown: QueueRow.State {
        switch self {
        case .later: .deferred
        case .ready: .ready
        case .active, .ending: .active
        case .held: .held
        }
    }
}
