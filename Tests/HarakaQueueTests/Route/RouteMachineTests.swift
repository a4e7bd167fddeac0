// Which servers a domain's mail goes to.

import HarakaCore
import HarakaQueue
import Testing

@Suite struct RouteMachineTests {
    @Test("MX go by priority, the addresses of each IPv6 first, and all names are asked for together")
    func byPriority() {
        var world = RouteWorld()
        world.mx("d.example", [(20, "b.example"), (10, "a.example")])
        world.host("a.example", "192.0.2.1", "2001:db8::1")
        world.host("b.example", "192.0.2.2")
        #expect(world.hops("d.example") == ["a.example 2001:db8::1", "a.example 192.0.2.1", "b.example 192.0.2.2"])
        #expect(world.rounds == [1, 4])
        let types = world.asked.map { "\($0.name) \($0.type)" }
        #expect(types == ["d.example 15", "a.example 28", "a.example 1", "b.example 28", "b.example 1"])
    }

    @Test("a hop found by DNS has port 25, its priority, and no other wishes")
    func plainHop() {
        var world = RouteWorld()
        world.mx("d.example", [(10, "a.example")])
        world.host("a.example", "192.0.2.1")
        var hop = Hop()
        (hop.host, hop.ip, hop.port, hop.priority, hop.isFromDNS) = ("a.example", "192.0.2.1", 25, 10, true)
        #expect(world.route("d.example") == .route([hop]))
        #expect(hop.shown == "a.example [192.0.2.1]:25")
    }

    @Test("MX of one priority come in every order, and one seed always gives the same")
    func shuffles() {
        var orders: Set<[String]> = []
        for seed in 0..<100 as Range<UInt64> {
            var world = RouteWorld()
            world.seed = seed
            world.mx("d.example", [(10, "a.example"), (10, "b.example"), (10, "c.example"), (5, "first.example")])
            for (index, name) in ["a", "b", "c", "first"].enumerated() {
                world.host("\(name).example", "192.0.2.\(index)")
            }
            let order = world.hops("d.example")
            #expect(order.first == "first.example 192.0.2.3")
            #expect(world.hops("d.example") == order)
            orders.insert(order)
        }
        #expect(orders.count == 6)
    }

    @Test(
        "inet_prefer counts within one priority only",
        arguments: [
            (OutboundSettings.AddressFamily.v4, ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]),
            (.v6, ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]),
        ])
    func prefers(_ family: OutboundSettings.AddressFamily, _ addresses: [String]) {
        var world = RouteWorld()
        world.settings.preferredFamily = family
        world.mx("d.example", [(10, "four.example"), (10, "six.example"), (20, "both.example")])
        world.host("four.example", "192.0.2.1")
        world.host("six.example", "2001:db8::1")
        world.host("both.example", "2001:db8::2", "192.0.2.2")
        for seed in 0..<10 as Range<UInt64> {
            world.seed = seed
            #expect(world.hops("d.example").map { $0.split(separator: " ").last.map(String.init) } == addresses)
        }
    }

    // MARK: no MX

    @Test("without MX the domain is its own, whether the name server says no data or no name")
    func implicit() {
        for status in [NameAnswer.Status.noData, .noName] {
            var world = RouteWorld()
            world.fails("d.example", [15], status)
            world.host("d.example", "192.0.2.1", "2001:db8::1")
            #expect(world.hops("d.example") == ["d.example 2001:db8::1", "d.example 192.0.2.1"])
        }
    }

    @Test("a domain that does not exist, and one without any address, fail for good in different words")
    func nothing() {
        var world = RouteWorld()
        #expect(world.hops("d.example") == ["550 5.1.2 No Such Domain: d.example"])
        world.fails("d.example", [15, 1, 28], .noData)
        #expect(world.hops("d.example") == ["550 5.1.2 Nowhere to deliver mail to for domain: d.example"])
        world.fails("d.example", [15], .badName)
        #expect(world.hops("d.example") == ["550 5.1.2 No Such Domain: d.example"])
        #expect(world.hops("") == ["550 5.1.2 Nowhere to deliver mail to for domain: "])
    }

    @Test("a null MX fails for good with 556 5.1.10, but counts for nothing beside another MX")
    func nullMX() {
        var world = RouteWorld()
        world.mx("d.example", [(0, ".")])
        world.host("d.example", "192.0.2.1")
        #expect(world.hops("d.example") == ["556 5.1.10 Domain d.example sends and receives no email (NULL MX)"])
        world.mx("d.example", [(0, "."), (10, "a.example")])
        world.host("a.example", "192.0.2.7")
        #expect(world.hops("d.example") == ["a.example 192.0.2.7"])
    }

    @Test("an address where the MX's name must stand is passed over; with nothing else it fails for good")
    func addressAsExchange() {
        var world = RouteWorld()
        world.mx("d.example", [(0, "192.0.2.9"), (10, "a.example")])
        world.host("a.example", "192.0.2.7")
        #expect(world.hops("d.example") == ["a.example 192.0.2.7"])
        #expect(!world.asked.contains { $0.name == "192.0.2.9" })
        world.mx("d.example", [(0, "192.0.2.9"), (10, "2001:db8::9")])
        let words = "550 5.4.4 The MX of domain d.example is an address where a name must stand"
        #expect(world.hops("d.example") == [words])
    }

    // MARK: failures of the name system

    @Test(
        "a failed, late or forged answer to the MX question is temporary, with the reason for the log only",
        arguments: [
            (NameAnswer.Status.failed, "could not be looked up"), (.timedOut, "timed out"),
            (.bogus, "is signed wrongly (DNSSEC)"),
        ])
    func lookupFailures(_ status: NameAnswer.Status, _ words: String) {
        var world = RouteWorld()
        world.fails("d.example", [15], status, reason: "server 192.0.2.53 said SERVFAIL")
        world.host("d.example", "192.0.2.1")
        guard case .fail(let failure) = world.route("d.example") else {
            Issue.record("it did not fail")
            return
        }
        #expect(!failure.isPermanent && failure.code == 450)
        #expect(failure.status.description == "4.4.3")
        #expect(failure.text == "DNS lookup failure: d.example \(words)")
        #expect(failure.cause == "d.example type 15: server 192.0.2.53 said SERVFAIL")
    }

    @Test("one exchange that cannot be looked up is passed over; if none can, it is temporary")
    func partialFailure() {
        var world = RouteWorld()
        world.mx("d.example", [(10, "a.example"), (20, "b.example"), (30, "gone.example")])
        world.fails("a.example", [1, 28], .failed)
        world.host("b.example", "192.0.2.2")
        #expect(world.hops("d.example") == ["b.example 192.0.2.2"])
        world.fails("b.example", [1], .timedOut)
        #expect(world.hops("d.example") == ["450 4.4.3 DNS lookup failure: a.example could not be looked up"])
    }

    @Test("an address of one family is enough when the question for the other fails")
    func halfAnswer() {
        var world = RouteWorld()
        world.mx("d.example", [(10, "a.example")])
        world.host("a.example", "192.0.2.1")
        world.fails("a.example", [28], .failed)
        #expect(world.hops("d.example") == ["a.example 192.0.2.1"])
        world.fails("a.example", [1], .noData)
        #expect(world.hops("d.example") == ["450 4.4.3 DNS lookup failure: a.example could not be looked up"])
    }

    @Test("exchanges that do not exist are passed over; with nothing else it fails for good")
    func unknownExchanges() {
        var world = RouteWorld()
        world.mx("d.example", [(10, "gone.example"), (20, "b.example")])
        world.host("b.example", "192.0.2.2")
        #expect(world.hops("d.example") == ["b.example 192.0.2.2"])
        world.mx("d.example", [(10, "gone.example")])
        #expect(world.hops("d.example") == ["550 5.1.2 Nowhere to deliver mail to for domain: d.example"])
    }

    // MARK: order of events

    @Test("it waits for all answers, and ignores what it has not asked for")
    func waits() {
        var machine = RouteMachine(domain: "d.example", settings: .init(), own: .init(), seed: 1)
        #expect(machine.next() == .lookup([NameQuestion("d.example", 15)]))
        #expect(machine.next() == .lookup([]))
        machine.answered(NameAnswer(NameQuestion("d.example", 1), .found))
        #expect(machine.next() == .lookup([]))
        machine.answered(NameAnswer(NameQuestion("d.example", 15), .noData))
        #expect(machine.next() == .lookup([NameQuestion("d.example", 28), NameQuestion("d.example", 1)]))
        machine.answered(NameAnswer(NameQuestion("d.example", 28), .noData))
        #expect(machine.next() == .lookup([]))
        var answer = NameAnswer(NameQuestion("d.example", 1), .found)
        answer.records = [NameRecord(type: 1, ttl: 1, text: "192.0.2.1", data: [])]
        machine.answered(answer)
        guard case .route(let hops) = machine.next() else {
            Issue.record("no route")
            return
        }
        #expect(hops.map(\.ip) == ["192.0.2.1"])
        machine.answered(answer)
        #expect(machine.next() == .route(hops))
    }
}
