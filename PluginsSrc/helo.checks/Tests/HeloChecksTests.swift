// What each check says about a greeting.
import HarakaPluginKit
import Testing

@testable import HeloChecks

/// A text that lives as long as the process.
private func text(_ string: String) -> Text {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, string.utf8.count), alignment: 1)
    copy.copyBytes(from: string.utf8)
    return Text(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[..<string.utf8.count]))
}

private func ini(_ sections: [(String, [(String, Item)])]) -> ValueView { lent(.map(sections.map { ($0, .map($1)) })) }

private indirect enum Item {
    case text(String), number(Int64), list([Item]), map([(String, Item)])
}

/// A value in the ABI's form, which lives as long as the process.
private func lent(_ item: Item) -> ValueView {
    let pointer = UnsafeMutablePointer<haraka_value>.allocate(capacity: 1)
    pointer.initialize(to: lay(item))
    return ValueView(pointer)
}

private func lay(_ string: String) -> haraka_str {
    let bytes = text(string).bytes
    return haraka_str(ptr: bytes.assumingMemoryBound(to: CChar.self).baseAddress, len: bytes.count)
}

private func lay(_ item: Item) -> haraka_value {
    switch item {
    case .text(let string): return haraka_text_value(lay(string))
    case .number(let number): return haraka_integer(number)
    case .list(let items):
        let laid = UnsafeMutablePointer<haraka_value>.allocate(capacity: max(1, items.count))
        for (index, item) in items.enumerated() { (laid + index).initialize(to: lay(item)) }
        return haraka_list_value(laid, items.count)
    case .map(let pairs):
        let laid = UnsafeMutablePointer<haraka_entry>.allocate(capacity: max(1, pairs.count))
        for (index, pair) in pairs.enumerated() {
            (laid + index).initialize(to: haraka_entry(key: lay(pair.0), value: lay(pair.1)))
        }
        var value = haraka_null()
        value.type = HARAKA_TYPE_MAP
        value.as.map = haraka_map(entries: laid, count: pairs.count)
        return value
    }
}

private let settings = HeloSettings(
    ini: ini([
        ("skip", [("tlds", .list([.text("Local"), .text(".lan")]))]),
        ("bigco", [("Yahoo.com", .text("yahoo.com, yahoo.co.jp"))]),
    ]), allowed: [text("printer.corp")])

@Suite("Greetings")
struct GreetingTests {
    private func outcome(
        _ check: HeloCheck, _ name: String, ip: String = "192.0.2.77", rdns: String = "mx.example.com",
        before: EarlierGreeting? = nil, isExtended: Bool = true, settings: HeloSettings = settings
    ) -> Outcome {
        Greeting(
            name: text(name), isExtended: isExtended, client: IPAddress(ip), rdns: text(rdns), before: before
        ).outcome(of: check, settings)
    }

    @Test(
        "an IP address wants brackets",
        arguments: [
            ("192.0.2.77", false), ("2001:db8::1", false), ("[192.0.2.77]", true), ("a.example", true), ("1.2.3", true),
        ])
    func bareIP(name: String, passes: Bool) {
        #expect(outcome(.bareIP, name) == (passes ? .pass() : .fail(words: "Invalid address format in HELO")))
    }

    @Test(
        "a name that shows the client's address is dynamic",
        arguments: [
            ("77.2.0.192.example.com", true), ("192-0-2-77.example.com", true), ("dsl-2-77.example.com", true),
            ("p077-002.example.com", true), ("192000002077.example.com", true), ("x192.0-y.example.com", true),
            ("C000024D.example.com", true), ("host-c000024d-x.isp.example.co.uk", true), ("mx77.example.com", false),
            ("mx.2-77.com", false), ("mx-2-77.co.uk", false), ("2-1-77.example.com", false), ("example.com", false),
            ("2-77", false), ("a2-4444-77.example.com", false), ("mx2-770.example.com", false), ("", false),
        ])
    func dynamic(name: String, isDynamic: Bool) {
        #expect(outcome(.dynamic, name) == (isDynamic ? .fail(words: "HELO is dynamic") : .pass()))
    }

    @Test("nothing else than a name from an IPv4 client can be dynamic")
    func notDynamic() {
        #expect(outcome(.dynamic, "[192.0.2.77]") == .skip("literal"))
        #expect(outcome(.dynamic, "192.0.2.77") == .skip("literal"))
        #expect(outcome(.dynamic, "2-77.example.com", ip: "2001:db8::77") == .skip("no IPv4"))
        #expect(outcome(.dynamic, "2-77.example.com", ip: "") == .skip("no IPv4"))
    }

    @Test("a large company's name is for its own hosts")
    func bigCompany() {
        #expect(outcome(.bigCompany, "example.com", rdns: "Unknown") == .pass("not"))
        for rdns in ["yahoo.com", "a.b.YAHOO.com", "mx.yahoo.co.jp"] {
            #expect(outcome(.bigCompany, "YAHOO.com", rdns: rdns) == .pass())
        }
        for rdns in ["", "Unknown", "NXDOMAIN", "DNSERROR"] {
            #expect(
                outcome(.bigCompany, "yahoo.com", rdns: rdns) == .fail("rDNS", words: "Big company w/o rDNS? Unlikely.")
            )
        }
        for rdns in ["notyahoo.com", "yahoo.com.example.org", "com"] {
            #expect(outcome(.bigCompany, "yahoo.com", rdns: rdns) == .fail(words: "You are not who you say you are"))
        }
    }

    @Test(
        "an address literal is as near to the client as the mode wants",
        arguments: [
            (1, "[192.0.2.77]", "192.0.2.77", true), (1, "[192.0.2.78]", "192.0.2.77", false),
            (2, "[192.0.2.78]", "192.0.2.77", true), (2, "[192.0.3.77]", "192.0.2.77", false),
            (2, "[10.0.0.1]", "192.0.2.77", false), (3, "[10.0.0.1]", "192.0.2.77", true),
            (3, "[192.0.2.1]", "192.0.2.77", true), (3, "[198.51.100.1]", "192.0.2.77", false),
            (1, "[IPv6:2001:DB8::1]", "2001:db8:0::1", true), (2, "[ipv6:2001:db8::2]", "2001:db8::1", true),
            (2, "[IPv6:2001:db8:0:1::2]", "2001:db8::1", false), (2, "[IPv6:192.0.2.77]", "192.0.2.77", false),
            (2, "[192.0.2.77", "192.0.2.77", false), (2, "[]", "192.0.2.77", false), (2, "[x]", "192.0.2.77", false),
            (2, "[2001:db8::1]", "2001:db8::1", false),
        ])
    func literal(mode: Int, name: String, ip: String, passes: Bool) {
        let settings = HeloSettings(
            ini: ini([("check", [("literal_mismatch", .number(Int64(mode)))])]), allowed: [])
        switch outcome(.literalMismatch, name, ip: ip, settings: settings) {
        case .pass: #expect(passes)
        case .fail(_, let words):
            #expect(!passes)
            #expect(
                words
                    == (mode == 1
                        ? "HELO IP literal does not match your IP address"
                        : "HELO IP literal not in the same /24 as your IP address"))
        default: Issue.record("neither")
        }
        #expect(outcome(.literalMismatch, "mx.example.com", settings: settings) == .none)
    }

    @Test(
        "a name has labels and a dot",
        arguments: [
            ("mx.example.com", nil), ("MX-1.example.co.uk", nil), ("a.xn--p1ai", nil), ("1.2.example", nil),
            ("localhost", "no_dot"), ("a", "no_dot"), ("mx.example.com.", ""), (".example.com", ""), ("a..com", ""),
            ("a_b.example.com", ""), ("b\u{FC}cher.example", ""), ("-a.example.com", ""), ("a-.example.com", ""),
            ("192.0.2.77", ""), ("a.b1", ""), ("a.b", ""), ("", ""), ("a b.example.com", ""),
            (String(repeating: "a", count: 64) + ".example.com", ""), (String(repeating: "a.", count: 128) + "com", ""),
        ] as [(String, String?)])
    func hostname(name: String, detail: String?) {
        let noDot = "HELO host must be a FQDN or address literal (RFC 5321 2.3.5)"
        #expect(
            outcome(.validHostname, name)
                == (detail.map { .fail($0, words: $0.isEmpty ? "HELO host name invalid" : noDot) } ?? .pass()))
    }

    @Test(
        "names that are exempt may be as they like", arguments: ["pc.LOCAL", "local", "a.lan", "x.printer.corp", "[x]"])
    func exempt(name: String) {
        #expect(outcome(.validHostname, name) == .skip(name == "[x]" ? "literal" : "exempt"))
    }

    @Test("what merely ends like an exempt name is none", arguments: ["notlocal", "notprinter.corp"])
    func notExempt(name: String) {
        #expect(!settings.isExempt(text(name)))
    }

    @Test(
        "the name is the client's own, or in the same domain",
        arguments: [
            ("mx.example.com", "MX.example.com", .pass()), ("example.com", "mx.example.com", .pass("org_dom")),
            ("a.b.example.com", "mx.EXAMPLE.com", .pass("org_dom")),
            ("a.example.co.uk", "b.example.co.uk", .pass("org_dom")),
            ("a.example.co.uk", "b.other.co.uk", .fail(words: "HELO host does not match rDNS")),
            ("a.example.com", "a.example.org", .fail(words: "HELO host does not match rDNS")),
            ("localhost", "a.example.com", .fail(words: "HELO host does not match rDNS")),
            ("a.example.com", "Unknown", .fail("no rDNS", words: "HELO host does not match rDNS")),
            ("a.example.com", "", .fail("no rDNS", words: "HELO host does not match rDNS")),
            ("a.example.com", "DNSERROR", .skip("DNSERROR")), ("[192.0.2.1]", "a.example.com", .skip("literal")),
        ] as [(String, String, Outcome)])
    func rdns(name: String, rdns: String, expected: Outcome) {
        #expect(outcome(.rdnsMatch, name, rdns: rdns) == expected)
    }

    @Test("a second greeting has the first one's name and verb")
    func again() {
        let first = EarlierGreeting(name: "a.example", isExtended: true)
        #expect(outcome(.hostMismatch, "b.example") == .pass())
        #expect(outcome(.hostMismatch, "A.example", before: first) == .pass())
        #expect(
            outcome(.hostMismatch, "b.example", before: first)
                == .fail("a.example / b.example", words: "HELO host host_mismatch(a.example / b.example)"))
        #expect(outcome(.protoMismatch, "a.example") == .pass())
        #expect(outcome(.protoMismatch, "a.example", before: first) == .pass())
        #expect(
            outcome(.protoMismatch, "a.example", before: first, isExtended: false)
                == .fail(words: "HELO protocol mismatch"))
        let plain = EarlierGreeting(name: "a.example", isExtended: false)
        #expect(outcome(.protoMismatch, "a.example", before: plain) == .fail(words: "EHLO protocol mismatch"))
    }
}

@Suite("Names and their addresses")
struct ForwardDNSTests {
    /// As the host's service would say.
    private let names = NameRules(
        organizational: { name in
            let labels = name.string.split(separator: ".")
            return labels.count < 3 || labels.last == "com"
                ? (labels.count < 2 ? nil : labels.suffix(2).joined(separator: "."))
                : labels.suffix(3).joined(separator: ".")
        }, hasKnownTop: { !$0.string.hasSuffix(".localnet") })

    private func greeting(_ name: String, ip: String = "192.0.2.77", rdns: String = "mx.example.com") -> Greeting {
        Greeting(
            name: text(name), isExtended: true, client: IPAddress(ip), rdns: text(rdns), before: nil, names: names)
    }

    private func answer(_ type: RecordType, _ texts: [String]) -> DNSAnswer {
        var answer = DNSAnswer("mx.example.com", type, texts.isEmpty ? .noData : .found)
        answer.records = texts.map { DNSRecord(type, text: $0) }
        return answer
    }

    @Test("a name is only looked up if it could be a host's")
    func withoutLookup() {
        let invalid = Outcome.fail("invalid", words: "Invalid HELO host cannot achieve forward DNS match")
        for (name, expected) in [
            ("mx.example.com", nil), ("[192.0.2.77]", .skip("literal")), ("192.0.2.77", .skip("literal")),
            ("pc.lan", .skip("exempt")), ("localhost", invalid), ("a_b.example.com", invalid), ("a.localnet", invalid),
        ] as [(String, Outcome?)] {
            #expect(greeting(name).withoutLookup(settings) == expected, "\(name)")
        }
        #expect(greeting("mx.example.com", ip: "").withoutLookup(settings) == .skip("no IP"))
    }

    @Test("the client's address, or at least the client's domain")
    func match() {
        let none = Outcome.fail("no address", words: "HELO host has no forward DNS match")
        let other = Outcome.fail(words: "HELO host has no forward DNS match")
        let words = "DNS timeout resolving your HELO hostname"
        func outcome(_ name: String, _ answers: [DNSAnswer]) -> Outcome { greeting(name).forwardMatch(answers) }
        #expect(outcome("a.example.org", [answer(.a, ["1.1.1.1", "192.0.2.77"]), answer(.aaaa, [])]) == .pass())
        #expect(outcome("a.example.org", [answer(.a, ["1.1.1.1"]), answer(.aaaa, [])]) == other)
        #expect(outcome("a.example.com", [answer(.a, ["1.1.1.1"]), answer(.aaaa, [])]) == .pass("domain"))
        #expect(outcome("a.example.com", [answer(.a, []), answer(.aaaa, [])]) == none)
        let late = DNSAnswer("a.example.org", .a, .timedOut), broken = DNSAnswer("a.example.org", .a, .failed)
        #expect(outcome("a.example.org", [late, answer(.aaaa, [])]) == .unknown("timeout", words: words))
        #expect(outcome("a.example.org", [broken, answer(.aaaa, ["::1"])]) == .unknown("dns error", words: words))
        #expect(outcome("a.example.org", [answer(.a, ["192.0.2.77"]), late]) == .pass())
    }

    @Test("a top level domain must exist, and a name must be one that somebody can have")
    func tops() {
        func valid(_ name: String) -> Outcome { greeting(name).outcome(of: .validHostname, settings) }
        #expect(valid("a.localnet") == .fail("tld", words: "HELO host name invalid"))
        #expect(valid("a.example.com") == .pass())
        #expect(
            greeting("a.example.co.uk", rdns: "b.example.co.uk").outcome(of: .rdnsMatch, settings) == .pass("org_dom"))
    }
}

@Suite("helo.checks.ini")
struct HeloSettingsTests {
    @Test("by default all checks are made, none refuses, private and trusted clients are left alone")
    func defaults() {
        let settings = HeloSettings(ini: ini([]), allowed: [])
        #expect(HeloCheck.allCases.allSatisfy { settings.isMade($0) && !settings.isRefused($0) })
        #expect(settings.literalMode == 2 && settings.mistakes.isEmpty && settings.lookupLimit == 30_000)
        #expect(settings.skips(isPrivate: true, isRelaying: false) == "private_ip")
        #expect(settings.skips(isPrivate: false, isRelaying: true) == "relaying")
        #expect(settings.skips(isPrivate: false, isRelaying: false) == nil)
    }

    @Test("switches are read in Haraka's words")
    func switches() {
        let settings = HeloSettings(
            ini: ini([
                (
                    "check",
                    [("dynamic", .text("false")), ("literal_mismatch", .number(0)), ("forward_dns", .text("Yes"))]
                ),
                ("reject", [("bare_ip", .text("true")), ("match_re", .number(1))]),
                ("skip", [("private_ip", .text("off")), ("relaying", .text("no"))]),
            ]), allowed: [])
        #expect(HeloCheck.allCases.filter { !settings.isMade($0) } == [.dynamic, .literalMismatch])
        #expect(HeloCheck.allCases.filter(settings.isRefused) == [.matchRE, .bareIP])
        #expect(settings.skips(isPrivate: true, isRelaying: true) == nil)
        #expect(settings.mistakes.isEmpty)
    }

    @Test("what makes no sense is named")
    func mistakes() {
        let settings = HeloSettings(
            ini: ini([
                ("check", [("dynamic", .text("flase")), ("literal_mismatch", .number(4))]),
                ("reject", [("bare_ip", .number(2))]), ("skip", [("tlds", .text("local"))]),
                ("bigco", [("x", .text(" , "))]), ("main", [("dns_timeout", .text("0"))]),
            ]), allowed: [])
        #expect(
            settings.mistakes == [
                "[reject] bare_ip is neither true nor false", "[check] dynamic is neither true nor false",
                "[check] literal_mismatch is none of 0, 1, 2, 3", "[skip] tlds is no list: write tlds[]=...",
                "[bigco] x has no domains", "[main] dns_timeout is no number of seconds up to 300",
            ])
    }
}
