// Own hosts, literals, what get_mx has given, and hostile zones.

import HarakaCore
import HarakaQueue
import Testing

@Suite struct RouteOwnTests {
    static let loop = "550 5.4.6 Mail for domain d.example would come back to this server (routing loop)"

    @Test(
        "an MX that is this server goes, with all of its priority and worse",
        arguments: [
            (["me.example"], "192.0.2.9"), (["x.example"], "198.51.100.1"), (["x.example"], "127.0.0.1"),
            (["x.example"], "::1"), (["x.example"], "::ffff:127.0.0.1"), (["x.example"], "0.0.0.0"),
            (["x.example"], "169.254.169.254"), (["x.example"], "2001:db8::5"),
        ])
    func cuts(_ names: [String], _ address: String) {
        var world = RouteWorld()
        world.mx("d.example", [(10, "a.example"), (20, names[0]), (20, "same.example"), (30, "worse.example")])
        world.host("a.example", "192.0.2.1")
        world.host(names[0], "192.0.2.77", address)
        world.host("same.example", "192.0.2.2")
        world.host("worse.example", "192.0.2.3")
        #expect(world.hops("d.example") == ["a.example 192.0.2.1"])
        world.mx("d.example", [(10, names[0]), (10, "same.example"), (30, "worse.example")])
        #expect(world.hops("d.example") == [RouteOwnTests.loop])
    }

    @Test("with local_mx_ok nothing is left out")
    func localAllowed() {
        var world = RouteWorld()
        world.settings.allowsLocalMX = true
        world.mx("d.example", [(10, "me.example"), (20, "b.example")])
        world.host("me.example", "127.0.0.1")
        world.host("b.example", "192.0.2.2")
        #expect(world.hops("d.example") == ["me.example 127.0.0.1", "b.example 192.0.2.2"])
    }

    @Test("an own name is not even looked up")
    func ownNameIsNotAsked() {
        var world = RouteWorld()
        world.mx("d.example", [(10, "a.example"), (20, "me.example")])
        world.host("a.example", "192.0.2.1")
        _ = world.hops("d.example")
        #expect(world.rounds == [1, 2])
    }

    @Test("a domain whose own address is this server is a loop; behind a failed lookup it is not known yet")
    func implicitAndFailed() {
        var world = RouteWorld()
        world.host("d.example", "127.0.0.1")
        #expect(world.hops("d.example") == [RouteOwnTests.loop])
        world.mx("d.example", [(10, "a.example"), (20, "me.example")])
        world.fails("a.example", [1, 28], .timedOut)
        #expect(world.hops("d.example") == ["450 4.4.3 DNS lookup failure: a.example timed out"])
    }

    // MARK: literals

    @Test(
        "an address literal needs no lookup",
        arguments: [("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::1]", "2001:db8::1"), ("[ipv6:::2]", "::2")])
    func literals(_ domain: String, _ address: String) {
        var world = RouteWorld()
        var hop = Hop()
        (hop.host, hop.ip) = (address, address)
        #expect(world.route(domain) == .route([hop]))
        #expect(world.asked.isEmpty)
    }

    @Test(
        "a literal that nobody can reach fails for good",
        arguments: ["[x400:a]", "[]", "[", "[192.0.2.1", "[2001:db8::1]", "[IPv6:192.0.2.1]", "[IPv6:]"])
    func badLiterals(_ domain: String) {
        var world = RouteWorld()
        #expect(world.hops(domain) == ["550 5.1.2 Nobody knows how to reach the address literal \(domain)"])
    }

    @Test("a literal of this server is a loop")
    func ownLiteral() {
        var world = RouteWorld()
        let words = "550 5.4.6 Mail for domain [127.0.0.1] would come back to this server (routing loop)"
        #expect(world.hops("[127.0.0.1]") == [words])
        world.settings.allowsLocalMX = true
        #expect(world.hops("[127.0.0.1]") == ["127.0.0.1 127.0.0.1"])
    }

    // MARK: what get_mx has given

    @Test("given hosts keep their order and may be this server; ports, LMTP, login, source and TLS arrive")
    func given() {
        var world = RouteWorld()
        world.host("b.example", "192.0.2.2", "2001:db8::2")
        var first = MX("b.example", port: 26)
        (first.authUser, first.authPassword, first.authType) = ("u", "p", "PLAIN")
        (first.bind, first.bindHelo, first.tls, first.priority) = ("192.0.2.9", "out.example", .required, 50)
        var second = MX("127.0.0.1")
        second.usesLMTP = true
        var third = MX()
        third.path = "/run/s"
        guard case .route(let hops) = world.route("d.example", given: [first, second, third]) else {
            Issue.record("no route")
            return
        }
        #expect(
            hops.map(\.shown) == [
                "b.example [2001:db8::2]:26", "b.example [192.0.2.2]:26", "[127.0.0.1]:24", "/run/s",
            ])
        #expect(hops.map(\.isFromDNS) == [false, false, false, false])
        #expect(hops.map(\.isLMTP) == [false, false, true, false])
        #expect(hops[0].auth == HopAuth(user: "u", password: "p", type: "PLAIN") && hops[2].auth == nil)
        #expect(hops[0].bind == "192.0.2.9" && hops[0].helo == "out.example" && hops[0].tls == .required)
        #expect(hops[0].priority == 50)
        // What is written to a log has no password.
        #expect("\(HopAuth(user: "u", password: "secret"))" == "u ")
        #expect(!"\(HopAuth(user: "u", password: "secret") as HopAuth?)".contains("secret"))
    }

    @Test("a given host may be this server, by name and by address")
    func givenOwn() {
        var world = RouteWorld()
        world.host("me.example", "127.0.0.1")
        #expect(world.hops("d.example", given: [MX("me.example")]) == ["me.example 127.0.0.1"])
        #expect(world.hops("d.example", given: [MX("198.51.100.1")]) == ["198.51.100.1 198.51.100.1"])
    }

    @Test("inet_prefer orders the addresses of one given host, not the hosts")
    func givenPreference() {
        var world = RouteWorld()
        world.settings.preferredFamily = .v4
        world.host("a.example", "2001:db8::1")
        world.host("b.example", "2001:db8::2", "192.0.2.2")
        let hops = world.hops("d.example", given: [MX("a.example"), MX("b.example")])
        #expect(hops == ["a.example 2001:db8::1", "b.example 192.0.2.2", "b.example 2001:db8::2"])
    }

    @Test("a given host that nobody knows is temporary: it is not the sender's fault")
    func givenUnknown() {
        var world = RouteWorld()
        guard case .fail(let failure) = world.route("d.example", given: [MX("typo.example")]) else {
            Issue.record("it did not fail")
            return
        }
        #expect(!failure.isPermanent && failure.status.description == "4.4.4")
        #expect(failure.cause == "get_mx: no address of typo.example")
        #expect(!failure.text.contains("typo"))
    }

    // MARK: hostile zones

    @Test("a zone with thousands of MX and addresses costs forty lookups and forty hops")
    func hostileZone() {
        var world = RouteWorld()
        world.mx("d.example", (0..<2000).map { (UInt16($0 % 7), "h\($0).example") })
        for index in 0..<2000 {
            world.host("h\(index).example", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1")
        }
        guard case .route(let hops) = world.route("d.example") else {
            Issue.record("no route")
            return
        }
        #expect(world.rounds == [1, 40])
        #expect(hops.count == 40)
        #expect(Set(hops.map(\.priority)) == [0])
    }

    @Test("hundreds of addresses of one host become eight of each family; an own one among them is still seen")
    func manyAddresses() {
        var world = RouteWorld()
        world.mx("d.example", [(10, "a.example")])
        let addresses = (1...200).map { "192.0.2.\($0)" }
        var answer = NameAnswer(NameQuestion("a.example", 1), .found)
        answer.records = addresses.map { NameRecord(type: 1, ttl: 1, text: $0, data: []) }
        world.answers[answer.question] = answer
        #expect(world.hops("d.example").count == 8)
        answer.records.append(NameRecord(type: 1, ttl: 1, text: "127.0.0.1", data: []))
        world.answers[answer.question] = answer
        #expect(world.hops("d.example") == [RouteOwnTests.loop])
    }

    @Test("one name in several records counts once, with its best priority")
    func duplicates() {
        var world = RouteWorld()
        world.mx("d.example", [(30, "a.example"), (10, "a.example"), (20, "b.example")])
        world.host("a.example", "192.0.2.1")
        world.host("b.example", "192.0.2.2")
        #expect(world.hops("d.example") == ["a.example 192.0.2.1", "b.example 192.0.2.2"])
    }
}
