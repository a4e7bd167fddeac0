// How things end in the simulation: attempts, by chance; and what an administrator does.

import HarakaQueue

extension Simulation {
    /// An attempt ends as chance and the state of its site will have it, and the file is brought up to date.
    func end(_ attempt: Attempt) {
        let (uuid, numbers) = (attempt.part.uuid, attempt.part.numbers)
        for number in numbers { model[uuid]?[number].isUnderWay = false }
        var end = AttemptEnd()
        if attempt.part.purpose != .attempt {
            end.failed = numbers
        } else if let site = attempt.site, let digit = site.utf8.dropFirst(2).first, down.contains(Int(digit) - 0x30) {
            end.site = .unreachable
            fail(attempt, numbers, &end)
        } else {
            end.site = random.once(in: 10) ? .pushedBack : .reached
            let lots = numbers.map { (number: $0, lot: number(0...9)) }
            end.delivered = lots.filter { $0.lot < 6 }.map(\.number)
            end.failed = lots.filter { $0.lot == 6 }.map(\.number)
            fail(attempt, lots.filter { $0.lot > 6 }.map(\.number), &end)
        }
        for number in end.delivered {
            check(
                model[uuid]?[number].deliveredIn.contains(life) == false, "\(uuid): \(number) got it twice in one life")
            model[uuid]?[number].deliveredIn.append(life)
        }
        carryOut(machine.finished(attempt.id, end, now: now))
        check(
            !(end.delivered + end.failed).contains { model[uuid]?[$0].isWaiting == true }, "\(uuid): somebody waits on")
    }

    /// These failed for now.
    private func fail(_ attempt: Attempt, _ numbers: [Int], _ end: inout AttemptEnd) {
        guard !numbers.isEmpty else { return }
        switch machine.failedForNow(attempt.id) {
        case .giveUp: end.failed += numbers
        case .again(let delay):
            end.next = now + (random.once(in: 10) ? 1000 : delay)
            for number in numbers { model[attempt.part.uuid]?[number].notBefore = end.next }
            end.deferred = [.init(numbers, .test(now))]
        }
    }

    /// What the machine wants is done to the file, and the model learns of it.
    func carryOut(_ step: QueueStep) {
        switch step {
        case .nothing: break
        case .remove(let uuid):
            check(files[uuid] != nil, "\(uuid) is removed twice")
            files[uuid] = nil
            for number in (model[uuid] ?? []).indices { model[uuid]?[number].isWaiting = false }
        case .append(let records, let uuid, let isSynced):
            check(files[uuid] != nil, "\(uuid) is gone, and is written to")
            for record in records { apply(record, uuid, isSynced) }
            files[uuid]?.records += records
            if isSynced, let count = files[uuid]?.records.count { files[uuid]?.synced = count }
        }
    }

    private func apply(_ record: QueueRecord, _ uuid: String, _ isSynced: Bool) {
        switch record {
        case .delivered(let numbers), .failed(let numbers):
            check(isSynced, "\(uuid): not synced")
            for number in numbers { model[uuid]?[number].isWaiting = false }
        case .deferred(let numbers, let next, _):
            for number in numbers {
                check(model[uuid]?[number].notBefore == next, "\(uuid): \(number) is put off to another time")
                model[uuid]?[number].failures += 1
            }
        case .held(let isHeld): if isHeld { held.insert(uuid) } else { held.remove(uuid) }
        }
    }

    /// The process dies, anywhere. Some of what was under way had been taken by the other side.
    func crash() {
        for attempt in attempts where attempt.part.purpose == .attempt && random.once(in: 3) {
            for number in attempt.part.numbers { model[attempt.part.uuid]?[number].deliveredIn.append(life) }
        }
        restart()
    }

    /// Somebody does something to some of the queue.
    func administer() {
        var filter = QueueFilter()
        switch number(0...3) {
        case 0: filter.domain = "d\(number(0...11)).example"
        case 1: filter.sender = "<>"
        case 2: filter.recipient = "r\(number(0...3))@d\(number(0...11)).example"
        default: filter.id = "\(number(1...max(made, 1)))"
        }
        filter.limit = random.once(in: 2) ? number(1...5) : 0
        switch number(0...9) {
        case 0: for step in machine.delete(filter, now: now) { carryOut(step) }
        case 1: _ = machine.bounce(filter, now: now)
        case 2, 3: for step in machine.hold(filter, now: now) { carryOut(step) }
        case 4, 5, 6: for step in machine.release(filter, now: now) { carryOut(step) }
        default: flush(filter)
        }
    }

    func flush(_ filter: QueueFilter) {
        var filter = filter
        filter.limit = 0
        for row in machine.list(filter, now: now) where row.state == .deferred {
            guard let mail = files[row.uuid]?.mail else { continue }
            for number in mail.recipients.indices where mail.recipients[number].address.host == row.domain {
                model[row.uuid]?[number].notBefore = 0
            }
        }
        _ = machine.flush(filter, now: now)
    }

    func changeSettings() {
        settings.maxConcurrency = random.once(in: 2) ? 12 : 20
        settings.alwaysSplits.toggle()
        settings.isDisabled = random.once(in: 4)
        // The check of how many there are begins when those that were begun under the old rules are over.
        if settings.maxConcurrency < attempts.count { settings.maxConcurrency = attempts.count }
        machine.changed(settings)
    }

    /// The clock is put back, or forward.
    func jump() {
        _ = machine.nextTime(now)
        begin()
        if random.once(in: 2) {
            now += Int64(number(1...10)) * 86_400_000
        } else {
            let back = Int64(number(61...864_000)) * 1000
            now -= back
            for uuid in model.keys {
                for number in (model[uuid] ?? []).indices { model[uuid]?[number].notBefore -= back }
            }
            for index in attempts.indices { attempts[index].ends -= back }
        }
    }

    // MARK: - A life

    /// So many events, then all is well, and everything must end. Returns what went wrong.
    func run(events: Int, mails: Int) -> [String] {
        for _ in 0..<events where problems.isEmpty {
            if made < mails, random.once(in: 2) { addMail() }
            switch number(0...199) {
            case 0: crash()
            case 1...8: administer()
            case 9: changeSettings()
            case 10: jump()
            case 11...16: down.formSymmetricDifference([number(0...4)])
            default: break
            }
            pass()
            begin()
            proceed()
            if random.once(in: 50) { count() }
        }
        comeToAnEnd()
        return problems
    }

    /// What the machine counts is what there is.
    private func count() {
        let waiting = files.keys.reduce(0) { $0 + (model[$1] ?? []).count(where: \.isWaiting) }
        check(machine.stats.messages == files.count, "\(machine.stats.messages) mails, and \(files.count) files")
        check(machine.stats.recipients == waiting, "\(machine.stats.recipients) wait, and it should be \(waiting)")
        check(machine.stats.bytes == files.count * 100, "\(machine.stats.bytes) bytes")
        let stats = machine.stats
        let rows = machine.list(QueueFilter(), now: now)
        check(rows.count == stats.inProgress + stats.waiting + stats.deferred + stats.held, "\(rows.count) parts")
    }

    private func comeToAnEnd() {
        down = []
        settings.isDisabled = false
        machine.changed(settings)
        for step in machine.release(QueueFilter(), now: now) { carryOut(step) }
        var rounds = 0
        while problems.isEmpty, rounds < 200_000, machine.stats.messages > 0 || !attempts.isEmpty {
            pass(isHurried: true)
            begin()
            proceed()
            rounds += 1
        }
        check(machine.stats == QueueStats(), "the queue is not empty: \(machine.stats)")
        check(files.isEmpty, "files are left: \(files.keys.sorted().prefix(5))")
        let forgotten = model.filter { $0.value.contains(where: \.isWaiting) }.keys.sorted()
        check(forgotten.isEmpty, "forgotten: \(forgotten.prefix(5))")
    }
}
