// Whose turn it is, and who is left in peace.

import HarakaQueue
import Testing

@Suite("queue machine: sites")
struct QueueSiteTests {
    private func settings(_ change: (inout OutboundSettings) -> Void = { _ in }) -> OutboundSettings {
        var settings = OutboundSettings()
        (settings.concurrency.start, settings.concurrency.max, settings.maxConcurrency) = (2, 4, 10)
        (settings.concurrency.rest, settings.concurrency.maxRest) = (10, 50)
        change(&settings)
        return settings
    }

    /// Begins what can, tells its site, and hands back what may go on.
    private func go(_ machine: TestQueue, _ now: Int64, _ site: (String) -> String = { "mx.\($0)" }) -> [PartID] {
        machine.due(now).filter { id in
            machine.part(id).map { machine.sited(id, site($0.domain), now: now) == .go } ?? false
        }
    }

    @Test("a site begins small, grows by success to its maximum, and never beyond")
    func growth() {
        let machine = TestQueue(settings())
        for number in 0..<40 { machine.add(.test("m\(number)", "a@x.example")) }
        var widths: [Int] = []
        for _ in 0..<4 {
            let ids = go(machine, 1000)
            widths.append(ids.count)
            for id in ids { machine.finished(id, AttemptEnd(delivered: [0], site: .reached), now: 1000) }
        }
        #expect(widths == [2, 4, 4, 4])
    }

    @Test("all together are never more than concurrency_max")
    func overall() {
        let machine = TestQueue(settings())
        for number in 0..<40 { machine.add(.test("m\(number)", "a@x\(number).example")) }
        let ids = machine.due(1000)
        #expect(ids.count == 10)
        #expect(machine.due(1000).isEmpty)
        #expect(machine.nextTime(1000) == 61_000)
        machine.finished(ids[0], AttemptEnd(delivered: [0]), now: 1000)
        #expect(machine.nextTime(1000) == 1000)
        #expect(machine.due(1000).count == 1)
    }

    @Test("a site with very many mails lets the others have their turn")
    func fairness() {
        let machine = TestQueue(settings { ($0.maxConcurrency, $0.concurrency.start) = (3, 3) })
        for number in 0..<500 { machine.add(.test("big\(number)", "a@big.example")) }
        for number in 0..<5 { machine.add(.test("small\(number)", at: 2000, "a@small\(number).example"), now: 2000) }
        var seen: [String] = []
        for _ in 0..<4 {
            for id in go(machine, 2000) {
                seen.append(machine.part(id)?.domain ?? "")
                machine.finished(id, AttemptEnd(delivered: [0], site: .reached), now: 2000)
            }
        }
        #expect(seen.count == 12)
        #expect(Set(seen).count == 6)
    }

    @Test("domains of one site share its slots, and take turns")
    func sharedSite() {
        let machine = TestQueue(settings { $0.concurrency.max = 2 })
        for number in 0..<20 { machine.add(.test("a\(number)", "a@one.example")) }
        for number in 0..<20 { machine.add(.test("b\(number)", "a@two.example")) }
        var seen: [String] = []
        for _ in 0..<6 {
            let ids = go(machine, 1000) { _ in "mx.shared.example" }
            #expect(ids.count <= 2)
            for id in ids {
                seen.append(machine.part(id)?.domain ?? "")
                machine.finished(id, AttemptEnd(delivered: [0], site: .reached), now: 1000)
            }
        }
        #expect(seen.count == 12 || seen.count == 11)
        #expect(abs(seen.count { $0 == "one.example" } * 2 - seen.count) <= 2)
    }

    @Test("who finds his site full is put back, and comes first when there is room")
    func full() throws {
        let machine = TestQueue(settings { $0.concurrency.start = 1 })
        machine.add(.test("m1", "a@one.example"))
        machine.add(.test("m2", "a@two.example"))
        let ids = machine.due(1000)
        try #require(ids.count == 2)
        #expect(machine.sited(ids[0], "mx", now: 1000) == .go)
        #expect(machine.sited(ids[1], "mx", now: 1000) == .wait)
        #expect(machine.stats.inProgress == 1 && machine.stats.waiting == 1)
        #expect(machine.due(1000).isEmpty)
        machine.finished(ids[0], AttemptEnd(delivered: [0], site: .reached), now: 1000)
        let again = try #require(machine.due(1000).first)
        #expect(again == ids[1])
        #expect(machine.part(again)?.failures == 0)
        #expect(machine.part(again)?.site == "mx")
    }

    @Test("a site that nobody reaches rests, longer each time, and its mail uses up no attempt")
    func rest() throws {
        let machine = TestQueue(settings())
        for number in 0..<20 { machine.add(.test("m\(number)", "a@x.example")) }
        var now: Int64 = 1000
        var widths: [Int] = []
        var waits: [Int64] = []
        for _ in 0..<5 {
            let ids = go(machine, now)
            widths.append(ids.count)
            // Both fail together: that is one failure.
            for id in ids { machine.finished(id, .unreachable([0], at: now), now: now) }
            #expect(machine.due(now).isEmpty)
            let end = try #require(machine.list(QueueFilter(), now: now).first?.siteRestsUntil)
            waits.append(end - now)
            #expect(machine.stats.restingSites == 1)
            #expect(machine.due(end - 1).isEmpty)
            now = end
        }
        #expect(widths == [2, 1, 1, 1, 1])
        #expect(waits == [10_000, 20_000, 40_000, 50_000, 50_000])
        #expect(machine.list(QueueFilter(), now: now).count { $0.failures > 0 } == 6)
        let id = try #require(go(machine, now).first)
        machine.finished(id, AttemptEnd(delivered: [0], site: .reached), now: now)
        #expect(go(machine, now).count == 2)
        #expect(machine.stats.restingSites == 0)
    }

    @Test("who says that it is too much gets half, after the shortest rest")
    func pushBack() {
        let machine = TestQueue(settings { $0.concurrency.start = 4 })
        for number in 0..<20 { machine.add(.test("m\(number)", "a@x.example")) }
        var now: Int64 = 1000
        var widths: [Int] = []
        for _ in 0..<3 {
            let ids = go(machine, now)
            widths.append(ids.count)
            for id in ids { machine.finished(id, .deferred([0], at: now, next: now + 900_000, .pushedBack), now: now) }
            #expect(machine.nextTime(now) == now + 10_000)
            now += 10_000
        }
        #expect(widths == [4, 2, 1])
    }

    @Test("an attempt that ends without a word about the site changes nothing for it")
    func unknown() {
        let machine = TestQueue(settings())
        for number in 0..<9 { machine.add(.test("m\(number)", "a@x.example")) }
        for id in go(machine, 1000) { machine.finished(id, .deferred([0], at: 1000, .unknown), now: 1000) }
        #expect(go(machine, 1000).count == 2)
    }

    @Test("other settings hold at once, also while much is under way")
    func changes() {
        let machine = TestQueue(settings { $0.concurrency.start = 4 })
        for number in 0..<20 { machine.add(.test("m\(number)", "a@x.example")) }
        let ids = go(machine, 1000)
        #expect(ids.count == 4)
        machine.changed(settings { $0.concurrency.sites = ["x.example": 1] })
        for id in ids.dropLast() {
            machine.finished(id, AttemptEnd(delivered: [0], site: .reached), now: 1000)
            #expect(machine.due(1000).isEmpty)
        }
        machine.finished(ids[3], AttemptEnd(delivered: [0], site: .reached), now: 1000)
        #expect(go(machine, 1000).count == 1)
        machine.changed(settings())
        #expect(go(machine, 1000).isEmpty)
        machine.changed(settings { $0.maxConcurrency = 1 })
        #expect(go(machine, 1000).isEmpty)
    }

    @Test("a number for a domain, or for the domain of MX hosts, counts; of several the smallest")
    func siteNumbers() {
        let named = settings { settings in
            settings.concurrency.start = 9
            settings.concurrency.sites = ["google.example": 3, "one.example": 1, "x.example": 8]
        }
        let machine = TestQueue(named)
        for number in 0..<20 { machine.add(.test("x\(number)", "a@sub.x.example")) }
        #expect(machine.due(1000).count == 8)
        let other = TestQueue(named)
        other.add(.test("first", "a@two.example"))
        #expect(go(other, 1000) { _ in "mx1.google.example mx2.google.example" }.count == 1)
        for number in 0..<20 { other.add(.test("m\(number)", "a@two.example")) }
        #expect(go(other, 1000) { _ in "mx1.google.example mx2.google.example" }.count == 2)
        let third = TestQueue(named)
        for number in 0..<20 { third.add(.test("m\(number)", "a@one.example")) }
        #expect(third.due(1000).count == 1)
    }

    @Test("mail for a site that is not there for days ends, and each says why")
    func expiry() throws {
        let machine = TestQueue(settings { $0.schedule = RetrySchedule(maxTempFailures: 8) })
        for number in 0..<2000 { machine.add(.test("m\(number)", "a@dead.example")) }
        var now: Int64 = 1000
        var (attempts, expired) = (0, 0)
        var steps = 0
        while machine.stats.messages > 0, steps < 100_000 {
            for id in machine.due(now) {
                let part = try #require(machine.part(id))
                if part.purpose == .expired {
                    expired += 1
                    #expect(part.lastError == "450 later")
                    machine.finished(id, AttemptEnd(failed: [0]), now: now)
                    continue
                }
                attempts += 1
                let isOver = machine.failedForNow(id) == .giveUp
                let end = isOver ? AttemptEnd(failed: [0], site: .unreachable) : AttemptEnd.unreachable([0], at: now)
                machine.finished(id, end, now: now)
            }
            now = machine.nextTime(now) ?? now
            steps += 1
        }
        #expect(machine.stats.messages == 0)
        // The schedule takes 64 + ... + 4096 seconds. The last ones, for which there is time, go through it one by one.
        #expect(now < 5 * 8_128_000)
        #expect(expired + attempts >= 2000)
        #expect(expired > 1700)
        #expect(attempts < 1000)
    }
}
