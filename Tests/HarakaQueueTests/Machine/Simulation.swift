// A queue with everything around it: files, servers that fail, crashes, an administrator, a clock; and a plain model
// of what must never happen.

import HarakaQueue
import SMTPSyntax

/// Runs a queue machine through a life that a seed decides, and compares what it does with a model that knows each
/// recipient.
final class Simulation {
    /// What the model knows of a recipient.
    struct Recipient {
        var isWaiting = true
        var isUnderWay = false
        /// Not before, as the machine was told.
        var notBefore: Int64 = 0
        var failures = 0
        /// In which life of the process he got it, as far as it was written down.
        var deliveredIn: [Int] = []
    }

    /// A file: the mail, what was appended, and how much of that is safe.
    struct File {
        var mail: QueuedMail
        var records: [QueueRecord] = []
        var synced = 0
    }

    struct Attempt {
        var id: PartID
        var part: QueuePart
        var site: String?
        var ends: Int64
    }

    var random: SeededGenerator
    var machine: QueueMachine
    var settings = OutboundSettings()
    var now: Int64 = 1_700_000_000_000
    var files: [String: File] = [:]
    var model: [String: [Recipient]] = [:]
    var held: Set<String> = []
    var attempts: [Attempt] = []
    var down: Set<Int> = []
    /// How many processes there have been.
    var life = 0
    private(set) var made = 0
    private(set) var problems: [String] = []

    init(seed: UInt64) {
        random = SeededGenerator(state: seed)
        settings.schedule = RetrySchedule(maxTempFailures: 6)
        (settings.maxConcurrency, settings.concurrency.start, settings.concurrency.max) = (12, 2, 4)
        settings.concurrency.sites = ["mx3.example": 1]
        settings.alwaysSplits = seed % 3 == 0
        machine = QueueMachine(settings)
    }

    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func check(_ isWell: Bool, _ problem: @autoclosure () -> String) {
        if !isWell, problems.count < 10 { problems.append(problem()) }
    }

    /// Domains share sites; sometimes DNS says something else.
    func site(of domain: String) -> String {
        let digits = Int(domain.utf8.filter { (0x30...0x39).contains($0) }.reduce(0) { $0 * 10 + Int($1) - 0x30 })
        return "mx\((random.once(in: 50) ? number(0...4) : digits % 5)).example"
    }

    // MARK: - Events

    func addMail() {
        made += 1
        let uuid = "\(made)"
        let to = (0..<(random.once(in: 4) ? number(2...9) : 1)).map { "r\($0)@d\(number(0...11)).example" }
        let mail = QueuedMail.test(uuid, at: now, from: random.once(in: 5) ? "" : "s@sender.example", to)
        files[uuid] = File(mail: mail)
        model[uuid] = to.map { _ in Recipient() }
        let isNew = machine.add(mail, RecipientStates(count: to.count), now: now)
        check(isNew, "\(uuid) was not taken")
    }

    /// Begins what the machine says.
    func begin() {
        for id in machine.due(now) {
            guard let part = machine.part(id) else {
                check(false, "a part that begins is nothing")
                continue
            }
            checkBegin(part)
            if part.purpose == .attempt, random.once(in: 20) {
                let until = now + Int64(number(1...60)) * 1000
                machine.delayed(id, until: until)
                for number in part.numbers { model[part.uuid]?[number].notBefore = until }
                continue
            }
            for number in part.numbers { model[part.uuid]?[number].isUnderWay = true }
            attempts.append(Attempt(id: id, part: part, site: nil, ends: now + Int64(number(1...40_000))))
        }
        check(attempts.count <= settings.maxConcurrency, "\(attempts.count) at the same time")
        check(machine.stats.inProgress == attempts.count, "the machine counts \(machine.stats.inProgress)")
        checkSites()
    }

    private func checkBegin(_ part: QueuePart) {
        check(!part.numbers.isEmpty, "\(part.hmailUUID) is for nobody")
        for number in part.numbers {
            let recipient = model[part.uuid]?[number]
            check(recipient?.isWaiting == true, "\(part.hmailUUID): \(number) waits no more")
            check(recipient?.isUnderWay == false, "\(part.hmailUUID): \(number) is under way already")
            guard part.purpose == .attempt else { continue }
            check((recipient?.notBefore ?? 0) <= now, "\(part.hmailUUID): \(number) is too early")
            check(!held.contains(part.uuid), "\(part.hmailUUID) is held")
            check((recipient?.failures ?? 0) <= part.failures, "\(part.hmailUUID): forgot failures")
        }
    }

    private func checkSites() {
        var counts: [String: Int] = [:]
        for attempt in attempts { if let site = attempt.site { counts[site, default: 0] += 1 } }
        for (site, count) in counts { check(count <= (site == "mx3.example" ? 1 : 4), "\(count) to \(site)") }
    }

    /// Hosts become known, attempts end.
    func proceed() {
        for index in attempts.indices.reversed() {
            let attempt = attempts[index]
            if attempt.site == nil, attempt.part.purpose == .attempt, random.once(in: 2) {
                let site = site(of: attempt.part.domain)
                if machine.sited(attempt.id, site, now: now) == .go {
                    attempts[index].site = site
                } else {
                    attempts.remove(at: index)
                    for number in attempt.part.numbers { model[attempt.part.uuid]?[number].isUnderWay = false }
                }
            } else if attempt.ends <= now {
                attempts.remove(at: index)
                end(attempt)
            }
        }
        checkSites()
    }

    /// The next thing happens: time passes until then, or a little.
    func pass(isHurried: Bool = false) {
        let next = min(machine.nextTime(now) ?? now + 1000, attempts.map(\.ends).min() ?? .max)
        now = !isHurried && random.once(in: 3) ? now + Int64(number(1...5000)) : max(next, now + 1)
    }

    /// Everything from the files, as after a start.
    func restart() {
        life += 1
        machine = QueueMachine(settings)
        held = []
        for (uuid, var file) in files.sorted(by: { $0.key < $1.key }) {
            // What was not synced may be there or not.
            file.records = Array(file.records.prefix(max(file.synced, number(0...file.records.count))))
            file.synced = file.records.count
            files[uuid] = file
            var states = RecipientStates(count: file.mail.recipients.count)
            for record in file.records { states.apply(record) }
            remember(uuid, states)
            let isWaited = machine.add(file.mail, states, now: now)
            check(isWaited == !states.isOver, "\(uuid) after a restart")
            if states.isOver { files[uuid] = nil }
        }
        attempts = []
    }

    private func remember(_ uuid: String, _ states: RecipientStates) {
        if states.isHeld { held.insert(uuid) }
        for number in 0..<states.count {
            let isWaiting = states.standing(of: number) == .waiting
            model[uuid]?[number].isWaiting = isWaiting
            model[uuid]?[number].isUnderWay = false
            model[uuid]?[number].failures = states.attempts(of: number)
            let last = states.lastAttempt(of: number)
            let isClockBack = (last?.time ?? 0) > now
            model[uuid]?[number].notBefore = isClockBack ? 0 : states.next(of: number)
        }
    }
}
