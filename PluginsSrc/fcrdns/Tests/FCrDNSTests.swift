// What the answers tell about a client.
import HarakaPluginKit
import Testing

@testable import FCrDNS

/// An ini file in the ABI's form, which lives as long as the process.
private func ini(_ section: String, _ keys: [(String, String)]) -> ValueView {
    let pointer = UnsafeMutablePointer<haraka_value>.allocate(capacity: 1)
    pointer.initialize(to: map([(section, map(keys.map { ($0.0, haraka_text_value(text($0.1))) }))]))
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

private func found(_ texts: [String]) -> DNSAnswer {
    var answer = DNSAnswer("a.example", .a, texts.isEmpty ? .noData : .found)
    answer.records = texts.map { DNSRecord(.a, text: $0) }
    return answer
}

private func ended(_ status: DNSAnswer.Status) -> DNSAnswer { DNSAnswer("a.example", .a, status) }

private func address(_ text: String) -> IPAddress { IPAddress(text) ?? IPAddress("192.0.2.255")! }

/// Names with their A records.
private func findings(_ ip: String, _ names: [(String, DNSAnswer)]) -> Findings {
    var findings = Findings(names.map { $0.0 }, names.flatMap { [$0.1, ended(.noData)] }, address(ip))
    findings.look(
        at: address(ip),
        organizational: { name in name.split(separator: ".").suffix(2).joined(separator: ".") },
        hasKnownTop: { !$0.hasSuffix(".lan") })
    return findings
}

private let all = Settings(
    ini("reject", [("no_rdns", "1"), ("no_fcrdns", "1"), ("invalid_tld", "1"), ("generic_rdns", "1")]))
private let none = Settings(ini("reject", []))

@Suite("Forward-confirmed names")
struct FindingsTests {
    @Test("each name counts once, and ten are enough")
    func names() {
        #expect(reverseNames(found(["a.example", "b.example", "a.example", "."])) == ["a.example", "b.example"])
        #expect(reverseNames(found((0..<40).map { "h\($0).example" })).count == 10)
        #expect(reverseNames(ended(.noName)).isEmpty)
    }

    @Test(
        "a name is confirmed by the client's address, or by one in the same IPv4 /24",
        arguments: [
            ("1.2.3.4", ["1.2.3.4"], true), ("1.2.3.4", ["1.2.3.99"], true), ("1.2.3.4", ["1.2.4.4"], false),
            ("1.2.3.4", ["9.9.9.9", "1.2.3.4"], true), ("1.2.3.4", [], false), ("1.2.3.4", ["nonsense"], false),
            ("2001:db8::1", ["2001:db8:0::1"], true), ("2001:db8::1", ["2001:db8::2"], false),
        ])
    func confirmed(ip: String, addresses: [String], isConfirmed: Bool) {
        let findings = findings(ip, [("mx.example.com", found(addresses))])
        #expect(findings.confirmed == (isConfirmed ? ["mx.example.com"] : []))
        #expect(findings.iprev == (isConfirmed ? "pass" : "fail"))
    }

    @Test("one name of several is enough, and the other addresses are told")
    func several() {
        let findings = findings(
            "1.2.3.4", [("a.example.com", found(["5.6.7.8"])), ("b.example.com", found(["1.2.3.4", "5.6.7.8"]))])
        #expect(findings.confirmed == ["b.example.com"] && findings.others == ["5.6.7.8"])
        #expect(findings.addresses == [["5.6.7.8"], ["1.2.3.4", "5.6.7.8"]])
    }

    @Test("without a name it is an error for good or for now")
    func withoutNames() {
        for (status, iprev, answer) in [
            (.noName, "permerror", Answer.deny("client [1.2.3.4] rejected; no rDNS")),
            (.noData, "permerror", .deny("client [1.2.3.4] rejected; no rDNS")),
            (.timedOut, "temperror", .denySoft("client [1.2.3.4] rDNS lookup timeout")),
            (.failed, "temperror", .denySoft("client [1.2.3.4] rDNS lookup error (ESERVFAIL)")),
        ] as [(DNSAnswer.Status, String, Answer)] {
            let findings = Findings(withoutNames: ended(status))
            #expect(findings.iprev == iprev)
            let refusal = findings.refusal(of: "1.2.3.4", all)
            #expect(refusal?.code == answer.code && refusal?.reply?.text == answer.reply?.text)
            #expect(findings.refusal(of: "1.2.3.4", none) == nil)
        }
        let only = Settings(ini("reject", [("no_fcrdns", "true")]))
        #expect(
            Findings(withoutNames: ended(.noName)).refusal(of: "1.2.3.4", only)?.reply?.text
                == "Sorry, no FCrDNS match found")
        #expect(Findings(withoutNames: ended(.failed)).refusal(of: "1.2.3.4", only)?.code == .denySoft)
    }

    @Test("what is not known of a name refuses for now, unless another name is confirmed")
    func failures() {
        let unknown = findings("1.2.3.4", [("a.example.com", ended(.timedOut))])
        #expect(unknown.iprev == "temperror" && unknown.failure == .timeout)
        #expect(unknown.refusal(of: "1.2.3.4", all)?.code == .denySoft)
        let known = findings("1.2.3.4", [("a.example.com", ended(.failed)), ("b.example.com", found(["1.2.3.4"]))])
        #expect(known.iprev == "pass" && known.failure == nil)
        #expect(known.refusal(of: "1.2.3.4", all) == nil)
    }

    @Test(
        "what a client is refused for, in this order",
        arguments: [
            ("mx.example.lan", ["1.2.3.4"], "client [1.2.3.4] rejected; invalid TLD in rDNS (mx.example.lan)"),
            ("mx.example.com", ["5.6.7.8"], "Sorry, no FCrDNS match found"),
            (
                "dsl-3-4.example.com", ["1.2.3.4"],
                "client dsl-3-4.example.com [1.2.3.4] rejected; generic rDNS, please use your ISPs SMTP relay"
            ),
            ("mx.example.com", ["1.2.3.4"], nil),
        ] as [(String, [String], String?)])
    func refused(name: String, addresses: [String], words: String?) {
        let findings = findings("1.2.3.4", [(name, found(addresses))])
        let refusal = findings.refusal(of: "1.2.3.4", all)
        #expect(refusal?.code == (words == nil ? nil : .deny) && refusal?.reply?.text == words)
        #expect(findings.refusal(of: "1.2.3.4", none) == nil)
    }

    @Test(
        "a name that shows the address is generic, unless it is said to be static",
        arguments: [
            ("4.3.2.1.example.com", true, true), ("c-1-2-3-4.dyn.example.com", true, true),
            ("static-3-4.example.com", true, false), ("3-4.business.example.com", true, false),
            ("x01020304.example.com", true, true), ("001002003004.example.com", true, true),
            ("mx4.example.com", false, false), ("mx.3-4.com", false, false), ("mx1234-5.example.com", false, false),
        ])
    func generic(name: String, shows: Bool, isGeneric: Bool) {
        let findings = findings("1.2.3.4", [(name, found([]))])
        #expect((findings.showing == [name]) == shows && (findings.generic == [name]) == isGeneric)
    }
}

@Suite("fcrdns.ini")
struct SettingsTests {
    @Test("by default nobody is refused")
    func defaults() {
        #expect(none.mistakes.isEmpty && none.limit == 29_000)
        #expect(!none.rejectsNoRDNS && !none.rejectsNoFCrDNS && !none.rejectsInvalidTLD && !none.rejectsGeneric)
    }

    @Test("what makes no sense is named")
    func mistakes() {
        #expect(Settings(ini("main", [("timeout", "2.5")])).limit == 2500)
        #expect(
            Settings(ini("main", [("timeout", "0")])).mistakes == ["[main] timeout is no number of seconds up to 300"])
        #expect(
            Settings(ini("reject", [("no_rdns", "x")])).mistakes == ["[reject] no_rdns is neither true nor false"])
    }
}
