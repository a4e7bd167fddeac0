// What an administrator does and sees; and a clock that jumps.

import HarakaQueue
import Testing

@Suite("queue machine: operation")
struct QueueOperatorTests {
    /// Two mails: `m` of news@a.example to x and y, `n` of <> to x; m.1 and n.1 have failed once.
    private func filled() -> TestQueue {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", at: 1000, from: "News@a.example", "A@x.example", "b@x.example", "c@y.example"))
        machine.add(.test("n", at: 2000, from: "", "d@x.example"), now: 2000)
        for id in machine.due(2000) {
            let numbers = machine.part(id)?.numbers ?? []
            machine.finished(id, .deferred(numbers, at: 2000), now: 2000)
        }
        return machine
    }

    private func filter(_ change: (inout QueueFilter) -> Void) -> QueueFilter {
        var filter = QueueFilter()
        change(&filter)
        return filter
    }

    @Test("a list shows all that is known, the oldest first")
    func list() throws {
        let machine = filled()
        let rows = machine.list(QueueFilter(), now: 3000)
        #expect(Set(rows.prefix(2).map(\.hmailUUID)) == ["m.1", "m.2"])
        #expect(rows.map(\.uuid) == ["m", "m", "n"])
        let row = try #require(rows.first { $0.hmailUUID == "m.1" })
        #expect(row.recipients == ["A@x.example", "b@x.example"])
        #expect(row.sender == "News@a.example" && row.domain == "x.example")
        #expect(row.queueTime == 1000 && row.next == 66_000 && row.size == 100)
        #expect(row.failures == 1 && row.lastError == "450 later" && row.state == .deferred)
        #expect(rows.last?.sender == "")
    }

    @Test("each condition of a filter is kept")
    func filters() {
        let machine = filled()
        func uuids(_ change: (inout QueueFilter) -> Void) -> [String] {
            machine.list(filter(change), now: 3000).map(\.hmailUUID).sorted()
        }
        #expect(uuids { $0.id = "m" } == ["m.1", "m.2"])
        #expect(uuids { $0.id = "m.2" } == ["m.2"])
        #expect(uuids { $0.id = "m.3" } == [] && uuids { $0.id = "q.1" } == [] && uuids { $0.id = "m." } == [])
        #expect(uuids { $0.domain = "X.example" } == ["m.1", "n.1"])
        #expect(uuids { $0.domain = "example" } == [])
        #expect(uuids { $0.sender = "<>" } == ["n.1"])
        #expect(uuids { $0.sender = "news@A.example" } == ["m.1", "m.2"])
        #expect(uuids { $0.sender = "<news@a.example>" } == ["m.1", "m.2"])
        #expect(uuids { $0.sender = "@a.example" } == ["m.1", "m.2"])
        #expect(uuids { $0.recipient = "a@X.example" } == ["m.1"])
        #expect(uuids { $0.recipient = "d@x.example" } == ["n.1"])
        #expect(uuids { $0.recipient = "@x.example" } == ["m.1", "n.1"])
        #expect(uuids { $0.olderThan = 2 } == ["m.1", "m.2"])
        #expect(uuids { $0.olderThan = .max } == [])
        #expect(uuids { $0.limit = 2 } == ["m.1", "m.2"])
        #expect(
            uuids {
                $0.sender = "<>"; $0.domain = "y.example"
            } == [])
    }

    @Test("flushed, they begin at once, and their sites are tried again")
    func flush() {
        let machine = filled()
        #expect(machine.flush(filter { $0.domain = "y.example" }, now: 3000) == 1)
        #expect(machine.begin(3000) == ["m.2"])
        #expect(machine.flush(QueueFilter(), now: 3000) == 2)
        for id in machine.due(3000) { machine.finished(id, .unreachable([0, 1], at: 3000), now: 3000) }
        #expect(machine.stats.restingSites == 1)
        #expect(machine.flush(QueueFilter(), now: 4000) == 2)
        #expect(machine.stats.restingSites == 0)
        #expect(machine.begin(4000).count == 2)
    }

    @Test("held mail is not tried until it is released, and then when its time has come")
    func hold() throws {
        let machine = filled()
        #expect(machine.flush(filter { $0.id = "m.1" }, now: 3000) == 1)
        let id = try #require(machine.due(3000).first)
        #expect(machine.hold(filter { $0.id = "m" }, now: 3000) == [.append([.held(true)], to: "m", sync: true)])
        #expect(machine.hold(filter { $0.id = "m" }, now: 3000) == [])
        machine.finished(id, .deferred([0, 1], at: 3000), now: 3000)
        #expect(machine.stats.held == 2)
        #expect(machine.flush(filter { $0.id = "m" }, now: 3000) == 0)
        #expect(machine.begin(1_000_000) == ["n.1"])
        #expect(machine.release(QueueFilter(), now: 1_000_000) == [.append([.held(false)], to: "m", sync: true)])
        #expect(machine.begin(1_000_000).sorted() == ["m.1", "m.2"])
        var states = RecipientStates(count: 1)
        states.apply(.held(true))
        #expect(machine.add(.test("h", "a@x.example"), states, now: 1_000_000))
        #expect(machine.stats.held == 1)
    }

    @Test("deleted, a mail goes, or those who were meant of it")
    func delete() {
        let machine = filled()
        #expect(
            machine.delete(filter { $0.recipient = "b@x.example" }, now: 3000) == [
                .append([.failed([1])], to: "m", sync: true)
            ])
        #expect(machine.list(filter { $0.id = "m.1" }, now: 3000).first?.recipients == ["A@x.example"])
        #expect(
            machine.delete(filter { $0.domain = "x.example" }, now: 3000) == [
                .remove("n"), .append([.failed([0])], to: "m", sync: true),
            ])
        #expect(machine.delete(QueueFilter(), now: 3000) == [.remove("m")])
        #expect(machine.stats == QueueStats())
    }

    @Test("what is deleted while under way is not tried again")
    func deleteActive() throws {
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", "a@x.example", "b@x.example"))
        let id = try #require(machine.due(1000).first)
        #expect(machine.delete(filter { $0.recipient = "a@x.example" }, now: 1000) == [])
        #expect(machine.delete(QueueFilter(), now: 1000) == [])
        #expect(
            machine.finished(id, AttemptEnd(delivered: [0], deferred: [.init([1], .test(1000))]), now: 1000)
                == .remove("m"))
    }

    @Test("bounced, parts come out as such, before others, and also those that are held, or while all is disabled")
    func bounce() throws {
        let machine = filled()
        _ = machine.hold(filter { $0.id = "m" }, now: 3000)
        #expect(machine.bounce(filter { $0.recipient = "b@x.example" }, now: 3000) == 1)
        #expect(machine.stats.waiting == 1)
        var settings = OutboundSettings()
        settings.isDisabled = true
        machine.changed(settings)
        let id = try #require(machine.due(3000).first)
        let part = try #require(machine.part(id))
        #expect(part.purpose == .bounce && part.numbers == [1] && part.hmailUUID == "m.4")
        #expect(part.lastError == "450 later" && part.failures == 1)
        #expect(
            machine.finished(id, AttemptEnd(failed: [1]), now: 3000) == .append([.failed([1])], to: "m", sync: true))
        #expect(machine.bounce(QueueFilter(), now: 3000) == 3)
        let all = machine.due(3000).compactMap { machine.part($0) }
        #expect(all.map(\.hmailUUID).sorted() == ["m.1", "m.2", "n.1"])
        #expect(all.allSatisfy { $0.purpose == .bounce })
    }

    @Test("a clock that is put back puts nobody off, and one that is put forward tries each once")
    func clock() throws {
        let year: Int64 = 365 * 86_400_000
        let machine = TestQueue(OutboundSettings())
        machine.add(.test("m", at: year, "a@x.example"), now: year)
        let id = try #require(machine.due(year).first)
        machine.finished(id, .deferred([0], at: year), now: year)
        #expect(machine.due(5000).isEmpty)
        #expect(machine.nextTime(5000) == 65_000)
        #expect(machine.nextTime(60_000) == 69_000)
        let again = try #require(machine.due(69_000).first)
        machine.finished(again, .deferred([0], at: 69_000), now: 69_000)
        let third = try #require(machine.due(year).first)
        machine.finished(third, .deferred([0], at: year), now: year)
        #expect(machine.due(year).isEmpty)
    }

    @Test("what was put off before a restart by a clock that has been put back since waits for its delay only")
    func clockAcrossRestart() {
        var states = RecipientStates(count: 1)
        states.apply(.deferred([0], next: 1_064_000, .test(1_000_000)))
        let machine = TestQueue(OutboundSettings())
        _ = machine.add(.test("m", at: 999_000, "a@x.example"), states, now: 5000)
        #expect(machine.due(68_999).isEmpty)
        #expect(machine.begin(69_000) == ["m.1"])
        var odd = RecipientStates(count: 1)
        odd.apply(.deferred([0], next: .min, .test(.max)))
        #expect(machine.add(.test("odd", at: .max, "a@y.example"), odd, now: 69_000))
        #expect(machine.begin(69_000) == ["odd.1"])
    }
}
