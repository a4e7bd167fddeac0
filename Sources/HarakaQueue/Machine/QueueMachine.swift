// The queue: which mail is tried when, how many at the same time, and what is to be written down. docs/outbound.md
// "Retries".

/// All mail that waits, in memory, and the rules by which it is tried.
///
/// The caller asks ``due(_:)`` for what is to begin now, tells what its hosts are (``sited(_:_:now:)``) and how it
/// ended (``finished(_:_:now:)``), does to the files what it is told, and asks again: after each event, and at
/// ``nextTime(_:)``.
///
/// A *part* is what is delivered in one go: a mail's recipients of one domain, or with `always_split` one recipient.
/// A *site* is a set of MX hosts; each has a window, which is how many deliveries to it may be under way. It opens by
/// one with each success, closes by half when nobody can be reached, and then the site rests, and none of its parts
/// uses up an attempt.
///
/// Nothing here knows a clock, a file or a host. Times are milliseconds since 1970, handed in; the clock may jump.
/// Each event takes O(log n). Memory: about 200 bytes for a mail with one recipient, texts and all.
///
/// What holds between calls: each part is where its state says (``Part/State``), in that one list or heap alone; each
/// mail has a part for everybody who waits; a mail for whom nobody waits is not here.
public struct QueueMachine: ~Copyable {
    var settings: OutboundSettings
    var mails = MailTable()
    var parts = Slab<Part>()
    /// Parts that wait for their time.
    var later = TimeHeap<Part>()
    /// Parts whose time has come.
    var destinations = Destinations()
    /// Parts that are to be reported as failed.
    var ending = Chain<Part>()
    /// Parts by state, recipients who wait, bytes of all mails: kept, so that nobody has to count.
    var counts = [0, 0, 0, 0, 0]
    var recipients = 0
    var bytes = 0
    /// What the clock said last; 0: nothing yet.
    var lastTime: Int64 = 0
    /// It may begin anew after four thousand million parts: ids are not kept that long.
    private var lastSerial: UInt32 = 0

    public init(_ settings: OutboundSettings) { self.settings = settings }

    /// Other rules hold from now on. What is under way goes on, more of it than is allowed now, too. How mail that is
    /// queued is split stays.
    public mutating func changed(_ settings: OutboundSettings) {
        self.settings = settings
        destinations.changed(settings)
    }

    // MARK: - Coming and going

    /// Takes a mail that was stored now, or found after a start. False: it is there already, or nobody waits.
    public mutating func add(_ mail: QueuedMail, _ states: RecipientStates, now: Int64) -> Bool {
        observe(now)
        let waiting = states.waiting.filter { $0 < mail.recipients.count }
        let key = PackedMail.key(mail.uuid)
        guard !waiting.isEmpty, mails.find(key) == nil else { return false }
        let packed = PackedMail.pack(mail, key: key, waiting: waiting)
        let count = UInt32(truncatingIfNeeded: waiting.count)
        let number = mails.insert(
            Mail(packed: packed, queueTime: mail.queueTime, waiting: count, isHeld: states.isHeld))
        recipients += waiting.count
        bytes += mail.size
        for group in groups(mail, waiting) {
            insert(group, of: number, states, now)
        }
        return true
    }

    /// Whether a mail is in the queue.
    public func contains(_ uuid: String) -> Bool { mails.find(PackedMail.key(uuid)) != nil }

    /// Nobody cares for a mail any more: its file is gone, or has been set aside. What is under way of it has lost
    /// its id.
    @discardableResult
    public mutating func forget(_ uuid: String) -> Bool {
        guard let mail = mails.find(PackedMail.key(uuid)) else { return false }
        var part = mails[mail].firstPart
        while part != nothing {
            let after = parts[part].sibling
            withdraw(part)
            drop(part)
            part = after
        }
        removeMail(mail)
        return true
    }

    /// Recipients who are tried together.
    private struct Group {
        var host: String
        var ordinal: Int
        var numbers: [Int]
    }

    /// Recipients who are tried together, and the number of their part: domains count from 1, those without anybody
    /// who waits, too, so that a part has the same uuid after a restart.
    private func groups(_ mail: QueuedMail, _ waiting: [Int]) -> [Group] {
        if mail.recipients.count == 1 {
            return [Group(host: mail.recipients[0].address.host, ordinal: 1, numbers: waiting)]
        }
        if settings.alwaysSplits {
            return waiting.map { Group(host: mail.recipients[$0].address.host, ordinal: $0 + 1, numbers: [$0]) }
        }
        var places: [String: Int] = [:]
        var groups: [Group] = []
        var rest = waiting[...]
        for (number, recipient) in mail.recipients.enumerated() {
            let host = recipient.address.host
            let place = places[host] ?? groups.count
            if place == groups.count {
                places[host] = place
                groups.append(Group(host: host, ordinal: place + 1, numbers: []))
            }
            if rest.first == number {
                groups[place].numbers.append(number)
                rest.removeFirst()
            }
        }
        return groups.filter { !$0.numbers.isEmpty }
    }

    private mutating func insert(_ group: Group, of mail: UInt32, _ states: RecipientStates, _ now: Int64) {
        var part = Part()
        part.mail = mail
        part.domain = destinations.take(group.host)
        part.ordinal = UInt32(truncatingIfNeeded: group.ordinal)
        part.set(group.numbers)
        // Mails that were found after a start begin in the order in which they came: the folder has none.
        part.time = min(mails[mail].queueTime, now)
        // Who were tried apart before, under other settings, are tried together when the last one's time has come.
        for number in group.numbers {
            part.failures = max(part.failures, UInt16(clamping: states.attempts(of: number)))
            guard let last = states.lastAttempt(of: number) else { continue }
            part.time = max(part.time, Self.time(states.next(of: number), last, now))
            if part.lastError == nothing { part.lastError = destinations.errors.take(last.text) }
        }
        place(part)
    }

    /// When somebody is to be tried who was put off before a restart. If the clock went back meanwhile, the delay
    /// counts.
    private static func time(_ next: Int64, _ last: QueueRecord.Attempt, _ now: Int64) -> Int64 {
        guard last.time > now else { return next }
        let (delay, isWrong) = next.subtractingReportingOverflow(last.time)
        return now &+ (isWrong ? 0 : min(max(delay, 0), 365 * 86_400_000))
    }

    /// A new part of a mail finds its place, which waits for its time. Returns its number.
    @discardableResult
    mutating func place(_ new: Part) -> UInt32 {
        lastSerial &+= 1
        var part = new
        part.serial = lastSerial
        part.sibling = mails[part.mail].firstPart
        let number = parts.insert(part)
        mails[part.mail].firstPart = number
        counts[Int(part.state.rawValue)] += 1
        later.insert(number, &parts)
        if mails[part.mail].isHeld { enter(number, .held) }
        return number
    }

    // MARK: - States

    /// Takes a part out of where it waits, and puts it where it waits now.
    mutating func enter(_ part: UInt32, _ state: Part.State) {
        withdraw(part)
        move(part, to: state)
        switch state {
        case .later: later.insert(part, &parts)
        case .ready: destinations.makeReady(part, &parts, settings)
        case .ending: ending.append(part, &parts)
        case .active, .held: break
        }
    }

    /// As far as counting goes.
    mutating func move(_ part: UInt32, to state: Part.State) {
        counts[Int(parts[part].state.rawValue)] -= 1
        counts[Int(state.rawValue)] += 1
        parts[part].state = state
    }

    /// Out of the list or heap where it waits; an active one gives its site's slot back.
    private mutating func withdraw(_ part: UInt32) {
        switch parts[part].state {
        case .later: later.remove(part, &parts)
        case .ready: destinations.withdraw(part, &parts)
        case .ending: ending.remove(part, &parts)
        case .active where parts[part].site != nothing:
            let news = SiteNews(result: .unknown, now: lastTime)
            _ = destinations.ended(parts[part], news, settings.concurrency)
            parts[part].site = nothing
        case .active, .held: break
        }
    }

    /// Where a part belongs that nobody is busy with: as its time and its mail are.
    mutating func settle(_ part: UInt32, _ now: Int64) {
        parts[part].purpose = .attempt
        enter(part, mails[parts[part].mail].isHeld ? .held : parts[part].time <= now ? .ready : .later)
    }

    /// A part is no more: it waits nowhere, and its mail knows nothing of it.
    private mutating func drop(_ part: UInt32) {
        let gone = parts[part]
        counts[Int(gone.state.rawValue)] -= 1
        destinations.errors.release(gone.lastError)
        destinations.release(gone.domain)
        var before = mails[gone.mail].firstPart
        if before == part {
            mails[gone.mail].firstPart = gone.sibling
        } else {
            while parts[before].sibling != part { before = parts[before].sibling }
            parts[before].sibling = gone.sibling
        }
        parts.remove(part)
    }

    /// Its parts are gone already.
    private mutating func removeMail(_ mail: UInt32) {
        recipients -= Int(mails[mail].waiting)
        bytes -= size(of: mail)
        mails.remove(mail)
    }

    /// Recipients of a part wait no more. Returns whether the mail is over.
    mutating func remove(_ gone: [Int], from part: UInt32) -> Bool {
        let mail = parts[part].mail
        let gone = Set(gone)
        let rest = parts[part].numbers.filter { !gone.contains($0) }
        let count = parts[part].recipientCount - rest.count
        recipients -= count
        mails[mail].waiting -= UInt32(truncatingIfNeeded: count)
        if rest.isEmpty {
            withdraw(part)
            drop(part)
        } else {
            parts[part].set(rest)
        }
        guard mails[mail].waiting == 0 else { return false }
        removeMail(mail)
        return true
    }
}
