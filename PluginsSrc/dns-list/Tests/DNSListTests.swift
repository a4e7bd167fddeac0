// What is made of the lists' answers.
import HarakaPluginKit
import Testing

@testable import DNSList

/// An ini file in the ABI's form, which lives as long as the process. A key with `[]` is a list.
private func ini(_ sections: [(String, [(String, String)])]) -> ValueView {
    let pointer = UnsafeMutablePointer<haraka_value>.allocate(capacity: 1)
    pointer.initialize(to: map(sections.map { ($0.0, map($0.1.map { ($0.0, value($0.0, $0.1)) })) }))
    return ValueView(pointer)
}

private func value(_ key: String, _ string: String) -> haraka_value {
    guard key == "zones" else { return haraka_text_value(text(string)) }
    let items = string.split(separator: " ").map { haraka_text_value(text(String($0))) }
    let copy = UnsafeMutablePointer<haraka_value>.allocate(capacity: max(1, items.count))
    for (index, item) in items.enumerated() { (copy + index).initialize(to: item) }
    return haraka_list_value(copy, items.count)
}

private func text(_ string: String) -> haraka_str {
    let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, string.utf8.count))
    for (index, byte) in string.utf8.enumerated() { copy[index] = CChar(bitPattern: byte) }
    return haraka_str(ptr: copy.baseAddress, len: string.utf8.count)
}

private func map(_ pairs: [(String, haraka_value)]) -> haraka_value {
    let entries = UnsafeMutablePointer<haraka_entry>.allocate(capacity: max(1, pairs.count))
    for (index, pair) in pairs.enumerated() {
        (entries + index).initialize(to: haraka_entry(key: text(pair.0), value: pair.1))
    }
    var value = haraka_null()
    value.type = HARAKA_TYPE_MAP
    value.as.map = haraka_map(entries: entries, count: pairs.count)
    return value
}

private func found(_ texts: [String]) -> DNSAnswer {
    var answer = DNSAnswer("4.3.2.1.bl.example", .a, .found)
    answer.records = texts.map { DNSRecord(.a, text: $0) }
    return answer
}

private func ended(_ status: DNSAnswer.Status) -> DNSAnswer { DNSAnswer("4.3.2.1.bl.example", .a, status) }

private func zone(_ name: String, _ kind: Kind = .block, number: Int = 0) -> Zone {
    var zone = Zone(name, number)
    zone.kind = kind
    return zone
}

@Suite("Answers of lists")
struct ListingTests {
    @Test(
        "an answer in 127.0.0.0/8 is a listing, any other is nonsense",
        arguments: [
            (found(["127.0.0.2"]), .listed(["127.0.0.2"])), (found(["127.3.0.9"]), .listed(["127.3.0.9"])),
            (found(["192.0.2.1"]), .nonsense("answers 192.0.2.1, not 127.0.0.0/8")),
            (found(["127.0.0.2", "10.0.0.1"]), .nonsense("answers 10.0.0.1, not 127.0.0.0/8")),
            (found([]), .clean), (ended(.noName), .clean), (ended(.noData), .clean), (ended(.timedOut), .timedOut),
            (ended(.failed), .failed("ESERVFAIL")), (ended(.badName), .failed("ESERVFAIL")),
            // Of other lists these are listings.
            (found(["127.255.255.254"]), .listed(["127.255.255.254"])),
            (found(["127.0.0.255"]), .listed(["127.0.0.255"])),
        ] as [(DNSAnswer, Listing)])
    func answers(answer: DNSAnswer, expected: Listing) {
        #expect(Listing(answer, zone("bl.example")) == expected)
    }

    @Test(
        "some lists say in 127.0.0.0/8 that they do not answer",
        arguments: [
            ("zen.spamhaus.org", "127.255.255.252", false), ("zen.spamhaus.org", "127.255.255.254", false),
            ("key.zen.dq.spamhaus.net", "127.255.255.255", false), ("list.dnswl.org", "127.0.0.255", false),
            ("zen.spamhaus.org", "127.0.0.4", true), ("notspamhaus.org", "127.255.255.254", true),
            ("list.dnswl.org", "127.0.5.2", true),
        ])
    func errors(name: String, address: String, isListed: Bool) {
        let listing = Listing(found([address]), zone(name))
        if isListed {
            #expect(listing == .listed([address]))
        } else if case .nonsense = listing {
        } else {
            Issue.record("\(listing)")
        }
    }

    @Test("who is on an allow list is not refused, and karma lists refuse nobody")
    func tally() {
        var tally = Tally()
        tally.add(zone("b.example", number: 1), .listed(["127.0.0.2"]))
        tally.add(zone("k.example", .karma), .listed(["127.0.0.2"]))
        tally.add(zone("a.example", number: 0), .listed(["127.0.0.2"]))
        tally.add(zone("c.example"), .clean)
        #expect(tally.refusing == ["a.example", "b.example"] && !tally.isAllowed && tally.isDecided)
        tally.add(zone("w.example", .allow), .listed(["127.0.5.1"]))
        #expect(tally.isAllowed && tally.isDecided)
    }

    @Test("nothing is decided by lists that have nothing, fail or rave")
    func undecided() {
        var tally = Tally()
        for listing in [.clean, .failed("x"), .timedOut, .nonsense("x")] as [Listing] {
            tally.add(zone("a.example"), listing)
            tally.add(zone("w.example", .allow), listing)
        }
        #expect(!tally.isDecided && tally.refusing.isEmpty && !tally.isAllowed)
    }

    @Test("a list that is silent while others answer is at fault itself")
    func silence() {
        var tally = Tally()
        tally.add(zone("s.example"), .timedOut)
        #expect(tally.troubles.map { $0.why } == [.unheard])
        tally.add(zone("a.example"), .clean)
        #expect(tally.troubles.map { $0.why } == [.silent] && tally.answering.map { $0.name } == ["a.example"])
        tally.add(zone("n.example"), .nonsense("raves"))
        #expect(tally.troubles.map { $0.why } == [.silent, .nonsense("raves")])
    }

    @Test(
        "a list that is well has 127.0.0.2 and not 127.0.0.1",
        arguments: [
            (.listed(["127.0.0.2"]), .clean, .well), (.clean, .clean, .sick("does not list 127.0.0.2")),
            (.listed(["127.0.0.2"]), .listed(["127.0.0.2"]), .sick("lists 127.0.0.1")),
            (.timedOut, .clean, .sick("does not answer")), (.failed("x"), .clean, .sick("does not answer: x")),
            (.nonsense("raves"), .clean, .sick("raves")), (.listed(["127.0.0.2"]), .nonsense("raves"), .sick("raves")),
            (.listed(["127.0.0.2"]), .timedOut, .well),
        ] as [(Listing, Listing, Health)])
    func health(listed: Listing, loopback: Listing, expected: Health) {
        #expect(Health(listed, loopback, zone("a.example")) == expected)
    }

    @Test("a list may have something to say about 127.0.0.1 if the file says so")
    func loopback() {
        var zone = zone("k.example", .karma)
        zone.listsLoopback = true
        #expect(Health(.listed(["127.0.0.2"]), .listed(["127.0.0.1"]), zone) == .well)
    }
}

@Suite("dns-list.ini")
struct SettingsTests {
    @Test("lists and their sections")
    func zones() {
        let settings = Settings(
            ini([
                ("main", [("zones", "A.example b.example,c.example A.example ips.backscatterer.org")]),
                ("a.example", [("type", "allow"), ("ipv6", "false"), ("127.0.0.2", "good")]),
                ("b.example", [("reject", "no"), ("loopback_is_rejected", "true")]),
            ]))
        #expect(settings.mistakes.isEmpty)
        #expect(
            settings.zones.map { $0.name } == ["a.example", "b.example", "c.example", "ips.backscatterer.org"])
        #expect(settings.zones.map { $0.kind } == [.allow, .block, .block, .backscatterer])
        #expect(settings.zones.map { $0.refuses } == [false, false, true, true])
        #expect(settings.zones.map { $0.hasIPv6 } == [false, true, true, true])
        #expect(settings.zones.map { $0.listsLoopback } == [false, true, false, false])
        #expect(settings.zones[0].meaning(of: "127.0.0.2") == "good")
        #expect(settings.zones[0].meaning(of: "127.0.0.3") == "127.0.0.3")
    }

    @Test("by default all lists are heard, every half an hour looked at, and OK is said at connect")
    func defaults() {
        let settings = Settings(ini([]))
        #expect(settings.zones.isEmpty && !settings.endsWithFirst && settings.periodicChecks == 30)
        #expect(settings.limit == 5000 && settings.acceptingHooks == ["connect"] && !settings.wantsStatistics)
        let other = Settings(
            ini([
                (
                    "main",
                    [("search", "first"), ("periodic_checks", "0"), ("timeout", "0.5"), ("accept", "helo, mail")]
                ),
                ("stats", [("enable", "true")]),
            ]))
        #expect(other.endsWithFirst && other.periodicChecks == 0 && other.limit == 500)
        #expect(other.acceptingHooks == ["helo", "mail"] && other.wantsStatistics && other.mistakes.isEmpty)
    }

    @Test("what makes no sense is named")
    func mistakes() {
        let settings = Settings(
            ini([
                (
                    "main",
                    [
                        ("zones", "a.example b..example localhost"), ("search", "some"), ("periodic_checks", "often"),
                        ("timeout", "-1"), ("accept", "rcpt"),
                    ]
                ), ("a.example", [("type", "grey"), ("reject", "perhaps")]),
            ]))
        #expect(
            settings.mistakes == [
                "[a.example] reject is neither true nor false",
                "[a.example] type is none of block, allow, karma, backscatterer",
                "[main] zones: b..example is no domain", "[main] zones: localhost is no domain",
                "[main] search is neither first nor all",
                "[main] periodic_checks is no number of minutes up to 10080",
                "[main] timeout is no number of seconds up to 300", "[main] accept: none of connect, helo, ehlo, mail",
            ])
    }
}
