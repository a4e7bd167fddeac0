// What is looked up, and what the answers mean.
import HarakaPluginKit
import Testing

@testable import URIBL

/// An ini file in the ABI's form, which lives as long as the process.
private func ini(_ sections: [(String, [(String, String)])]) -> ValueView {
    let pointer = UnsafeMutablePointer<haraka_value>.allocate(capacity: 1)
    pointer.initialize(to: map(sections.map { ($0.0, map($0.1.map { ($0.0, haraka_text_value(text($0.1))) })) }))
    return ValueView(pointer)
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

private func list(_ keys: [(String, String)]) -> BlockList {
    var list = BlockList("bl.example")
    #expect(list.read(ini([("bl.example", keys)])).isEmpty)
    return list
}

/// As the host's service would say, of the domains that these tests know.
private var rules: DomainRules {
    DomainRules(
        organizational: { name in
            let labels = name.split(separator: ".")
            let count = ("." + name).hasSuffix(".co.uk") ? 3 : 2
            return labels.count < count ? nil : labels.suffix(count).joined(separator: ".")
        },
        hasKnownTop: { name in ["com", "org", "uk", "xn--p1ai"].contains { name.hasSuffix("." + $0) } },
        toASCII: { $0 == "b\u{FC}cher.com" ? "xn--bcher-kva.com" : nil })
}

private func answer(_ texts: [String]) -> DNSAnswer {
    var answer = DNSAnswer("x.bl.example", .a, texts.isEmpty ? .noData : .found)
    answer.records = texts.map { DNSRecord(.a, text: $0) }
    return answer
}

@Suite("Hosts in texts")
struct URIScanTests {
    /// In pieces of every size, which must make no difference.
    private func hosts(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        func scan(_ size: Int) -> [String] {
            var scan = URIScan()
            for start in stride(from: 0, to: bytes.count, by: size) {
                Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { scan.take($0) }
            }
            scan.finish()
            return scan.hosts
        }
        let whole = scan(max(1, bytes.count))
        for size in 1..<max(2, bytes.count) { #expect(scan(size) == whole, "\(size): \(text)") }
        return whole
    }

    @Test(
        "hosts of URIs, and names that stand alone",
        arguments: [
            ("see http://a.com/x and https://B.org.", ["a.com", "B.org."]), ("www.a.com", ["www.a.com"]),
            ("mail bob@a.com, or x@b.org;", ["a.com", "b.org"]), ("(a.com)", ["a.com"]), ("a.com.", ["a.com"]),
            ("<a href=\"http://a.com\">b.org</a>", ["a.com", "b.org"]), ("http://user:pw@a.com:8080/", ["a.com"]),
            ("http://b.org@a.com/", ["a.com"]), ("http://good.com:x@b.org@a.com", ["a.com"]),
            ("http:///a.com", ["a.com"]), ("http:\\\\a.com\\x", ["a.com"]),
            ("http://a.com?b.org#c.com", ["a.com", "b.org", "c.com"]),
            ("http://[2001:db8::1]:80/", ["2001:db8::1"]), ("http://1.2.3.4/", ["1.2.3.4"]),
            ("http://%61.com/", ["a.com"]), ("x%2Fa.com x%252Fb.org", ["a.com", "b.org"]),
            ("http://b\u{FC}cher.com/", ["b\u{FC}cher.com", "b"]),
            ("http://a.com\u{3002}", ["a.com\u{3002}", "a.com"]),
            ("1.2.3.4 x.1 a. .b a..b", ["a..b"].filter { _ in false }), ("no uri here: none", []), ("", []),
            ("mailto:x@a.com", ["a.com"]), ("a.com a.com http://a.com", ["a.com", "a.com"]),
            ("a.xn--p1ai", ["a.xn--p1ai"]),
            ("-a.com- _b.org_", ["a.com", "b.org"]), ("http://a.com&quot;", ["a.com"]), ("http://a.com'", ["a.com"]),
        ] as [(String, [String])])
    func found(text: String, expected: [String]) { #expect(hosts(text) == expected) }

    @Test("URIs come first, whatever stands before them, and nothing grows without end")
    func many() {
        var scan = URIScan()
        let text =
            (0..<2000).map { "x\($0).com" }.joined(separator: " ") + " http://a.org/ "
            + String(repeating: "a", count: 5000) + ".com http://" + String(repeating: "u", count: 5000) + "@b.org/"
        Array(text.utf8).withUnsafeBytes { scan.take($0) }
        scan.finish()
        #expect(scan.hosts.prefix(2) == ["a.org", "b.org"] && scan.hosts.count == 502 && !scan.isFull)
        let more = (0..<2000).map { "http://y\($0).com" }.joined(separator: " ")
        Array(more.utf8).withUnsafeBytes { scan.take($0) }
        scan.finish()
        #expect(scan.isFull && scan.hosts.count == 1000)
    }

    @Test("each text is one of its own")
    func texts() {
        var scan = URIScan()
        for text in ["http://a.", "com x", "http:", "//b.org"] {
            Array(text.utf8).withUnsafeBytes { scan.take($0) }
            scan.finish()
        }
        #expect(scan.hosts == ["a.", "b.org"])
    }
}

@Suite("What lists are asked")
struct SubjectTests {
    @Test(
        "a name is one that somebody can have, an address one that means the same to everybody",
        arguments: [
            ("Example.COM.", .domain("example.com")), ("a.example.co.uk", .domain("a.example.co.uk")), ("co.uk", nil),
            ("localhost", nil), ("a.lan", nil), ("com", nil), ("", nil),
            ("b\u{FC}cher.com", .domain("xn--bcher-kva.com")),
            ("\u{FC}.com", nil), ("10.1.2.3", nil), ("127.0.0.1", nil), ("169.254.1.1", nil), ("192.168.1.1", nil),
            ("fe80::1", nil), ("::1", nil), ("2001:db8::1", .address("2001:db8::1", IPAddress("2001:db8::1")!)),
            ("1.2.3.4", .address("1.2.3.4", IPAddress("1.2.3.4")!)),
            ("16909060", .address("1.2.3.4", IPAddress("1.2.3.4")!)),
            ("0x01.02.0x304", .address("1.2.3.4", IPAddress("1.2.3.4")!)), ("1.2.3.256", nil), ("4294967296", nil),
            ("010.8.8.8", .address("8.8.8.8", IPAddress("8.8.8.8")!)),
            ("4.3.2.1.in-addr.arpa", .address("1.2.3.4", IPAddress("1.2.3.4")!)), ("::ffff:10.0.0.1", nil),
            ("1.2.3.4.5", nil),
        ] as [(String, Subject?)])
    func subjects(host: String, expected: Subject?) { #expect(Subject(host, rules) == expected) }

    @Test("a field's hosts are what follows each @")
    func fields() {
        func hosts(_ string: String) -> [String] { hostsOfAddresses(Text(text(string))) }
        #expect(hosts("\"x@c.com\" <a@b.org>, (y) z@d.com") == ["c.com", "b.org", "d.com"])
        #expect(hosts("<123.456@[1.2.3.4]>") == ["1.2.3.4"] && hosts("nobody") == [] && hosts("a@") == [])
    }

    private func asked(_ list: BlockList, _ hosts: [String], limit: Int = 20) -> [String] {
        let subjects = hosts.compactMap { Subject($0, rules) }.map { (Purpose.body, $0) }
        return list.questions(about: subjects, limit: limit, rules) { $0 + "-reversed." + $1 }.map { $0.name }
    }

    @Test("each list is asked in its own way, each name once, and not for too many")
    func questions() {
        let hosts = ["www.a.com", "a.com", "1.2.3.4", "2001:db8::1", "www.b.co.uk", "www.a.com"]
        #expect(
            asked(list([("body", "1")]), hosts) == [
                "www.a.com.bl.example", "a.com.bl.example", "1.2.3.4-reversed.bl.example",
                "2001:db8::1-reversed.bl.example", "www.b.co.uk.bl.example",
            ])
        #expect(
            asked(list([("body", "yes"), ("strip_to_domain", "1"), ("no_ip_lookups", "true")]), hosts) == [
                "a.com.bl.example", "b.co.uk.bl.example",
            ])
        #expect(
            asked(list([("body", "on"), ("not_ipv6_compatible", "1"), ("dqs_key", "k1")]), hosts, limit: 3) == [
                "www.a.com.k1.bl.example", "a.com.k1.bl.example", "1.2.3.4-reversed.k1.bl.example",
            ])
        #expect(asked(list([("from", "1")]), hosts) == [])
        #expect(asked(list([("body", "1")]), [String(repeating: "a.", count: 124) + "com"]) == [])
    }
}

@Suite("What lists answer")
struct VerdictTests {
    @Test(
        "an answer in 127.0.0.0/8 is a listing, but for those by which a list does not answer",
        arguments: [
            (["127.0.1.2"], .listed), ([], .clean), (["192.0.2.1"], .nonsense("192.0.2.1")),
            (["127.0.0.1"], .nonsense("127.0.0.1")), (["127.255.255.254"], .nonsense("127.255.255.254")),
            (["::1"], .clean),
        ] as [([String], BlockList.Verdict)])
    func plain(texts: [String], expected: BlockList.Verdict) {
        #expect(list([("body", "1")]).verdict(on: answer(texts)) == expected)
    }

    @Test("bits and expressions")
    func conditions() {
        let bits = list([("bitmask", "10")])
        #expect(
            bits.verdict(on: answer(["127.0.0.2"])) == .listed && bits.verdict(on: answer(["127.0.0.8"])) == .listed)
        #expect(bits.verdict(on: answer(["127.0.0.4"])) == .clean)
        #expect(list([("bitmask", "1")]).verdict(on: answer(["127.0.0.1"])) == .listed)
        var tested = list([("validate", "^10")])
        tested.validates = { $0.hasPrefix("10") }
        #expect(tested.verdict(on: answer(["10.0.0.1"])) == .listed)
        #expect(tested.verdict(on: answer(["127.0.0.2"])) == .nonsense("127.0.0.2"))
        #expect(tested.verdict(on: DNSAnswer("x", .a, .timedOut)) == .unknown("timeout"))
        #expect(tested.verdict(on: DNSAnswer("x", .a, .failed)) == .unknown("dns error"))
        #expect(tested.verdict(on: DNSAnswer("x", .a, .noName)) == .clean)
    }

    @Test("what a client is told")
    func words() {
        #expect(list([]).words(about: "a.com") == "a.com blacklisted in bl.example")
        #expect(
            list([("custom_msg", "{uri} is in {zone}: https://x/?{uri}")]).words(about: "a.com")
                == "a.com is in bl.example: https://x/?a.com")
    }
}

@Suite("uribl.ini")
struct SettingsTests {
    @Test("every section but main is a list")
    func lists() {
        var settings = Settings()
        let sections = [
            ("main", [("timeout", "3"), ("max_uris_per_list", "5"), ("skip_relaying", "1")]),
            ("a.example", [("body", "1"), ("validate", "(")]), ("b.example", [("from", "true")]), ("c.example", []),
        ]
        #expect(settings.read(ini(sections)).isEmpty)
        #expect(settings.lists.map { $0.name } == ["a.example", "b.example"] && settings.limit == 3000)
        #expect(settings.mostNames == 5 && settings.skipsRelaying && !settings.skipsPrivate)
        #expect(settings.wants(.body) && settings.wants(.from) && !settings.wants(.helo))
        settings.compile { _ in nil }
        #expect(settings.lists.map { $0.name } == ["b.example"])
    }

    @Test("what makes no sense is named")
    func mistakes() {
        var settings = Settings()
        let mistakes = settings.read(
            ini([
                ("main", [("timeout", "x"), ("max_uris_per_list", "0"), ("skip_private", "?")]),
                ("a.example", [("body", "perhaps"), ("bitmask", "256")]),
            ]))
        #expect(
            mistakes == [
                "[main] skip_private is neither true nor false", "[main] timeout is no number of seconds up to 300",
                "[main] max_uris_per_list is none of 1 to 200", "[a.example] body is neither true nor false",
                "[a.example] bitmask is none of 0 to 255",
            ])
        #expect(settings.limit == 28_000 && settings.mostNames == 20)
    }
}
