// What an administrator does to the queue: flush, hold, release, delete, bounce.

extension QueueMachine {
    /// Their time has come, whatever was said before; and their sites may be tried again at once. Returns how many
    /// parts.
    public mutating func flush(_ filter: QueueFilter, now: Int64) -> Int {
        observe(now)
        // What is under way is being tried, what is held stays so, and what ends is not called back.
        let chosen = select(filter, now) { $0 == .later || $0 == .ready }
        for part in chosen {
            destinations.refresh(parts[part].domain, settings)
            // Counted all the same: it is tried as soon as its site has a slot.
            guard parts[part].state == .later else { continue }
            enter(part, .ready)
            parts[part].time = now
        }
        return chosen.count
    }

    /// Mails that fit, with all their parts, are not tried until released. What is under way goes on, and is not
    /// tried again.
    public mutating func hold(_ filter: QueueFilter, now: Int64) -> [QueueStep] {
        observe(now)
        return change(filter, now, toHeld: true)
    }

    /// Mails that fit and are held are not held any more. Those whose time has come meanwhile begin.
    public mutating func release(_ filter: QueueFilter, now: Int64) -> [QueueStep] {
        observe(now)
        return change(filter, now, toHeld: false)
    }

    private mutating func change(_ filter: QueueFilter, _ now: Int64, toHeld isHeld: Bool) -> [QueueStep] {
        var steps: [QueueStep] = []
        // A filter finds parts, and holding is a matter of mails: of the second part that is found nothing is to be
        // done.
        for chosen in select(filter, now, where: { _ in true }) {
            let mail = parts[chosen].mail
            guard mails[mail].isHeld != isHeld else { continue }
            mails[mail].isHeld = isHeld
            var part = mails[mail].firstPart
            while part != nothing {
                if parts[part].state != .active { settle(part, now) }
                part = parts[part].sibling
            }
            // Synced: a restart must not let go what somebody has stopped.
            steps.append(.append([.held(isHeld)], to: uuid(of: mail), sync: true))
        }
        return steps
    }

    /// Who fits gets nothing, and nobody is told.
    ///
    /// An attempt that is under way is not called back; of a part that fits as a whole it is the last one.
    public mutating func delete(_ filter: QueueFilter, now: Int64) -> [QueueStep] {
        observe(now)
        var steps: [QueueStep] = []
        var failed: [UInt32: [Int]] = [:]
        for part in select(filter, now, where: { _ in true }) {
            let (mail, numbers) = (parts[part].mail, meant(filter, part))
            if parts[part].state == .active {
                // Of some of its recipients nothing can be said before it comes back: they may have it by then.
                if numbers.count == parts[part].recipientCount { parts[part].isDeleted = true }
                continue
            }
            // A mail that is over needs no record: its file goes.
            let uuid = uuid(of: mail)
            if remove(numbers, from: part) {
                failed[mail] = nil
                steps.append(.remove(uuid))
            } else {
                failed[mail, default: []] += numbers
            }
        }
        return steps
            + failed.sorted { $0.key < $1.key }.map { mail, numbers in
                .append([.failed(numbers.sorted())], to: uuid(of: mail), sync: true)
            }
    }

    /// Who fits gets nothing, and the sender is told: ``due(_:)`` gives these parts out for it, before others. Held
    /// ones, too; what is under way is left alone. Returns how many parts.
    public mutating func bounce(_ filter: QueueFilter, now: Int64) -> Int {
        observe(now)
        let chosen = select(filter, now) { $0 != .active && $0 != .ending }
        for part in chosen {
            let numbers = meant(filter, part)
            let own = numbers.count == parts[part].recipientCount ? part : split(numbers, from: part)
            enter(own, .ending)
            parts[own].purpose = .bounce
        }
        return chosen.count
    }

    /// Some of a part's recipients become a part of their own, with its past: failures, last error, domain.
    private mutating func split(_ numbers: [Int], from part: UInt32) -> UInt32 {
        var new = parts[part]
        parts[part].set(new.numbers.filter { !numbers.contains($0) })
        new.set(numbers)
        new.state = .later
        // Domain and text are counted: the new part has its own share of them.
        new.domain = destinations.take(destinations.domains[new.domain].name)
        new.lastError = destinations.errors.take(destinations.errors[new.lastError])
        new.ordinal = highestOrdinal(of: new.mail) &+ 1
        return place(new)
    }

    /// No part of this mail has, or can have, a higher one: domains count up to the number of recipients.
    private func highestOrdinal(of mail: UInt32) -> UInt32 {
        var highest = UInt32(clamping: recipientCount(of: mail))
        var part = mails[mail].firstPart
        while part != nothing {
            highest = max(highest, parts[part].ordinal)
            part = parts[part].sibling
        }
        return highest
    }
}
