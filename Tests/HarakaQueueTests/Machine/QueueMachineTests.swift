// The queue machine, event by event: what comes, what begins, how it ends.

import HarakaQueue
import SMTPSyntax
import Testing

@Suite("queue machine")
struct QueueMachineTests {
    private static let usual = "01234567-89AB-CDEF-0123-456789ABCDEF.1"

    @Test(
        "a mail keeps its uuid, whatever it looks like",
        arguments: [
            usual, "01234567-89AB-CDEF-0123-456789ABCDEF.123456789", "01234567-89AB-CDEF-0123-456789ABCDEF",
            "01234567-89ab-cdef-0123-456789abcdef.1", "01234567-89AB-CDEF-0123-456789ABCDEF.01",
            "01234567-89AB-CDEF-0123-456789ABCDEF.", "01234567-89AB-CDEF-0123-456789ABCDEF.1x", "x", "",
            "01234567-89AB-CDEF-0123x456789ABCDEF.1", String(repeating: "ü", count: 200),
        ])
    func uuids(_ uuid: String) {
        let machine = TestQueue(OutboundSettings())
        #expect(machine.add(.test(uuid, "a@x.example")))
        #expect(machine.contains(uuid))
        #expect(!machine.add(.test(uuid, "a@x.example")))
        let part = machine.due(1000).first.flatMap { machine.part($0) }
        #expect(part?.uuid == uuid)
        #expect(part?.hmailUUID == uuid + ".1")
    }

    @Test("recipients of one domain are one part, and parts are numbered as their domains come")
    func groups() {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example", "b@y.example", "c@X.example", "d@z.example"))
        let parts = machine.due(1000).compactMap { machine.part($0) }.sorted { $0.hmailUUID < $1.hmailUUID }
        #expect(parts.map(\.hmailUUID) == ["m.1", "m.2", "m.3"])
        #expect(parts.map(\.domain) == ["x.example", "y.example", "z.example"])
        #expect(parts.map(\.numbers) == [[0, 2], [1], [3]])
        #expect(parts.map(\.failures) == [0, 0, 0])
        #expect(parts.map(\.purpose) == [.attempt, .attempt, .attempt])
        #expect(machine.stats.messages == 1 && machine.stats.recipients == 4 && machine.stats.bytes == 100)
    }

    @Test("with always_split each recipient is a part")
    func alwaysSplit() {
        var settings = OutboundSettings()
        settings.alwaysSplits = true
        let machine = TestQueue(settings)
        machine.add(.test("m", "a@x.example", "b@x.example"))
        #expect(machine.begin(1000).sorted() == ["m.1", "m.2"])
    }

    @Test("after a restart those who wait are tried again when their time has come, under the same uuid")
    func recovery() {
        let mail = QueuedMail.test("m", "a@x.example", "b@y.example", "c@z.example", "d@z.example")
        var states = RecipientStates(count: 4)
        states.apply(.delivered([0, 3]))
        states.apply(.deferred([2], next: 9000, .test(2000, "busy")))
        states.apply(.deferred([2], next: 20_000, .test(9000, "still busy")))
        let machine = TestQueue(OutboundSettings())
        #expect(machine.add(mail, states, now: 10_000))
        #expect(machine.begin(10_000) == ["m.2"])
        #expect(machine.nextTime(10_000) == 20_000)
        #expect(machine.due(19_999).isEmpty)
        let part = machine.due(20_000).first.flatMap { machine.part($0) }
        #expect(part?.hmailUUID == "m.3")
        #expect(part?.numbers == [2])
        #expect(part?.failures == 2)
        #expect(part?.lastError == "still busy")
    }

    @Test("a mail for which nobody waits is not taken")
    func nobodyWaits() {
        var states = RecipientStates(count: 1)
        states.apply(.failed([0]))
        let machine = TestQueue(OutboundSettings())
        let mail = QueuedMail.test("m", "a@x.example")
        #expect(!machine.add(mail, states, now: 1000))
        #expect(!machine.contains("m"))
        #expect(!machine.add(.test("n", from: "", []), now: 1000))
        #expect(machine.nextTime(1000) == nil)
    }

    @Test("who has it is written down before the others are tried again, and with the last one the file goes")
    func partialSuccess() throws {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example", "b@x.example", "c@x.example"))
        let first = try #require(machine.due(1000).first)
        #expect(machine.failedForNow(first) == .again(64_000))
        let attempt = QueueRecord.Attempt.test(2000)
        let end = AttemptEnd(delivered: [1], failed: [2], deferred: [.init([0], attempt)], next: 66_000, site: .reached)
        #expect(
            machine.finished(first, end, now: 2000)
                == .append([.delivered([1]), .failed([2]), .deferred([0], next: 66_000, attempt)], to: "m", sync: true))
        #expect(machine.finished(first, end, now: 2000) == .nothing)
        #expect(machine.due(65_999).isEmpty)
        let second = try #require(machine.due(66_000).first)
        #expect(machine.part(second)?.numbers == [0])
        #expect(machine.part(second)?.failures == 1)
        #expect(machine.failedForNow(second) == .again(128_000))
        #expect(machine.finished(second, AttemptEnd(delivered: [0]), now: 67_000) == .remove("m"))
        #expect(machine.part(second) == nil)
        #expect(machine.stats == QueueStats())
        #expect(machine.nextTime(67_000) == nil)
    }

    @Test("a deferral is written without sync, at the time that the schedule says")
    func deferral() throws {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example"))
        let id = try #require(machine.due(1000).first)
        #expect(
            machine.finished(id, .deferred([0], at: 3000), now: 3000)
                == .append([.deferred([0], next: 67_000, .test(3000))], to: "m", sync: false))
        #expect(machine.nextTime(3000) == 63_000)
        #expect(machine.nextTime(60_000) == 67_000)
        #expect(machine.stats.deferred == 1)
    }

    @Test("of two parts of a mail only the last one takes the file along")
    func twoParts() throws {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example", "b@y.example"))
        let ids = machine.due(1000)
        try #require(ids.count == 2)
        let numbers = ids.map { machine.part($0)?.numbers ?? [] }
        #expect(
            machine.finished(ids[0], AttemptEnd(delivered: numbers[0]), now: 1000)
                == .append([.delivered(numbers[0])], to: "m", sync: true))
        #expect(machine.finished(ids[1], AttemptEnd(failed: numbers[1]), now: 1000) == .remove("m"))
    }

    @Test("numbers of others, or said twice, do nothing, and who is not named waits on")
    func oddNumbers() throws {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example", "b@y.example", "c@x.example"))
        let id = try #require(machine.due(1000).first { machine.part($0)?.domain == "x.example" })
        let end = AttemptEnd(delivered: [2, 1, 2, 77, -1], failed: [2])
        #expect(machine.finished(id, end, now: 1000) == .append([.delivered([2])], to: "m", sync: true))
        let again = try #require(machine.due(65_000).first)
        #expect(machine.part(again)?.numbers == [0])
        #expect(machine.part(again)?.failures == 1)
    }

    @Test("attempts are used up as the domain's schedule says")
    func giveUp() throws {
        var settings = OutboundSettings()
        settings.schedule = try RetrySchedule("5s*2")
        settings.schedules = ["once.example": .once]
        let machine = TestQueue(settings)
        machine.add(.test("m", "a@x.example", "b@sub.once.example"))
        var decisions: [String: [RetryDecision]] = [:]
        for now in stride(from: Int64(1000), through: 11_000, by: 5000) {
            for id in machine.due(now) {
                let part = try #require(machine.part(id))
                let decision = machine.failedForNow(id)
                decisions[part.domain, default: []].append(decision)
                let end = decision == .giveUp ? AttemptEnd(failed: part.numbers) : .deferred(part.numbers, at: now)
                machine.finished(id, end, now: now)
            }
        }
        #expect(decisions["x.example"] == [.again(5000), .again(5000), .giveUp])
        #expect(decisions["sub.once.example"] == [.giveUp])
        #expect(!machine.contains("m"))
    }

    @Test("a hook's own delay counts, but nobody is tried again within a second")
    func hookDelays() throws {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example"))
        let id = try #require(machine.due(1000).first)
        machine.finished(id, .deferred([0], at: 1000, next: 500), now: 1000)
        #expect(machine.due(1999).isEmpty)
        let second = try #require(machine.due(2000).first)
        machine.delayed(second, until: 9000)
        #expect(machine.stats.inProgress == 0)
        #expect(machine.due(8999).isEmpty)
        let third = try #require(machine.due(9000).first)
        #expect(machine.part(third)?.failures == 1)
    }

    @Test("disabled, nothing begins; enabled again, all does")
    func disabled() {
        var settings = OutboundSettings()
        settings.isDisabled = true
        let machine = TestQueue(settings)
        machine.add(.test("m", "a@x.example"))
        #expect(machine.due(1000).isEmpty)
        #expect(machine.nextTime(1000) == 61_000)
        settings.isDisabled = false
        machine.changed(settings)
        #expect(machine.nextTime(1000) == 1000)
        #expect(machine.begin(1000) == ["m.1"])
    }

    @Test("a mail that is forgotten is gone, with what is under way of it")
    func forget() throws {
        var settings = OutboundSettings()
        settings.maxConcurrency = 1
        let machine = TestQueue(settings)
        machine.add(.test("m", "a@x.example", "b@y.example"))
        let id = try #require(machine.due(1000).first)
        #expect(machine.forget("m"))
        #expect(!machine.forget("m"))
        #expect(machine.stats == QueueStats())
        machine.add(.test("n", "a@x.example"))
        #expect(machine.begin(1000) == ["n.1"])
        #expect(machine.finished(id, AttemptEnd(delivered: [0]), now: 1000) == .nothing)
        #expect(machine.stats.inProgress == 1)
    }

    @Test("many mails come, are found, and go")
    func many() {
        var settings = OutboundSettings()
        (settings.maxConcurrency, settings.concurrency.start, settings.concurrency.max) = (5000, 5000, 5000)
        let machine = TestQueue(settings)
        for number in 0..<5000 { machine.add(.test("m\(number)", "a@x\(number % 70).example")) }
        #expect((0..<5000).allSatisfy { machine.contains("m\($0)") })
        #expect(machine.stats.messages == 5000 && machine.stats.bytes == 500_000 && machine.stats.domains == 70)
        let ids = machine.due(1000)
        #expect(ids.count == 5000)
        for id in ids.reversed() { machine.finished(id, AttemptEnd(delivered: [0]), now: 1000) }
        #expect(machine.stats == QueueStats())
        #expect(!machine.contains("m17"))
    }

    @Test("when some of many go, the others are still found, and come at their time")
    func someGo() {
        var settings = OutboundSettings()
        (settings.maxConcurrency, settings.concurrency.start, settings.concurrency.max) = (5000, 5000, 5000)
        let machine = TestQueue(settings)
        var random = SeededGenerator(state: 7)
        var times: [String: Int64] = [:]
        for number in 0..<600 {
            let next = Int64.random(in: 2000..<9000, using: &random)
            var states = RecipientStates(count: 1)
            states.apply(.deferred([0], next: next, .test(1000)))
            _ = machine.add(.test("m\(number)", "a@x.example"), states, now: 1000)
            times["m\(number)"] = next
        }
        for number in stride(from: 0, to: 600, by: 3) {
            #expect(machine.forget("m\(number)"))
            times["m\(number)"] = nil
        }
        #expect(times.keys.allSatisfy { machine.contains($0) })
        for now in stride(from: Int64(2000), through: 9000, by: 500) {
            let begun = machine.due(now).compactMap { machine.part($0)?.uuid }
            #expect(Set(begun) == Set(times.filter { $0.value <= now }.keys))
            for uuid in begun { times[uuid] = nil }
        }
        #expect(times.isEmpty)
    }
}
