// What each answer leads to.
import HarakaPluginKit
import Testing

@testable import IsResolvable

/// An ini file in the ABI's form, which lives as long as the process.
private func ini(_ section: String, _ keys: [(String, String)]) -> ValueView {
    lent(map: [(section, map(keys.map { ($0.0, haraka_text_value(text($0.1))) }))])
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

private func lent(map pairs: [(String, haraka_value)]) -> ValueView {
    let pointer = UnsafeMutablePointer<haraka_value>.allocate(capacity: 1)
    pointer.initialize(to: map(pairs))
    return ValueView(pointer)
}

private func found(_ type: RecordType, _ texts: [String]) -> DNSAnswer {
    var answer = DNSAnswer("example.com", type, .found)
    answer.records = texts.map { DNSRecord(type, text: $0) }
    return answer
}

private func ended(_ status: DNSAnswer.Status) -> DNSAnswer { DNSAnswer("a.example", .a, status) }

/// With the default's meaning; the expression itself is the host's.
private func rules(addresses: Bool = false) -> Rules {
    var rules = Rules()
    rules.allowsAddresses = addresses
    rules.isBogus = { $0 == "0.0.0.0" || $0 == "255.255.255.255" || $0.utf8.starts(with: "127.".utf8) }
    return rules
}

@Suite("Mail exchangers")
struct ExchangerTests {
    @Test("the answer for MX records leads to hosts, or to a verdict")
    func first() {
        func after(_ answer: DNSAnswer, addresses: Bool = false) -> Exchangers {
            exchangers(answer, rules(addresses: addresses))
        }
        #expect(after(ended(.noName)) == .verdict(.noMX))
        #expect(after(ended(.badName)) == .verdict(.noMX))
        #expect(after(ended(.failed)) == .verdict(.failed("ESERVFAIL")))
        #expect(after(ended(.timedOut)) == .verdict(.failed("ETIMEOUT")))
        #expect(after(ended(.bogus)) == .verdict(.failed("EBOGUS")))
        #expect(
            after(ended(.noData)) == .ask(Hosts(names: ["a.example"], isImplicit: true)))
        #expect(after(found(.mx, ["."])) == .verdict(.nullMX))
        #expect(after(found(.mx, ["mx.example.com", "."])) == .ask(Hosts(names: ["mx.example.com"])))
        #expect(after(found(.mx, ["192.0.2.1"])) == .verdict(.noValidMX))
        #expect(after(found(.mx, ["192.0.2.1"]), addresses: true) == .verdict(.pass("mx_ip")))
        #expect(after(found(.mx, ["127.0.0.1"]), addresses: true) == .verdict(.noValidMX))
        #expect(after(found(.mx, ["192.0.2.1", "b.example"])) == .ask(Hosts(names: ["b.example"])))
    }

    @Test("however many exchangers there are, ten are asked for")
    func many() {
        let names = (0..<30).map { "mx\($0).example.com" }
        #expect(exchangers(found(.mx, names), rules()) == .ask(Hosts(names: Array(names.prefix(10)))))
    }

    @Test(
        "one usable address is enough, and a failure is no verdict for good",
        arguments: [
            ([found(.a, ["192.0.2.1"]), ended(.timedOut)], false, .pass("has_fwd_dns")),
            ([ended(.noData), found(.aaaa, ["2001:db8::1"])], true, .pass("implicit_mx")),
            ([found(.a, ["127.0.0.1", "192.0.2.1"])], false, .pass("has_fwd_dns")),
            ([found(.a, ["127.0.0.1"]), found(.aaaa, ["::1"])], false, .noValidMX),
            ([found(.a, ["0.0.0.0"]), found(.aaaa, ["::"])], true, .noValidMX),
            ([ended(.noName), ended(.noData)], false, .noValidMX),
            ([ended(.noData), ended(.noData)], true, .noMX),
            ([ended(.noData), ended(.failed)], true, .failed("ESERVFAIL")),
            ([found(.a, ["127.0.0.1"]), ended(.timedOut)], false, .failed("ETIMEOUT")),
            ([found(.aaaa, ["::2"])], false, .pass("has_fwd_dns")),
        ] as [([DNSAnswer], Bool, Verdict)])
    func second(answers: [DNSAnswer], isImplicit: Bool, expected: Verdict) {
        #expect(judge(answers, of: Hosts(names: ["h.example"], isImplicit: isImplicit), rules()) == expected)
    }

    @Test(
        "what a client is told",
        arguments: [
            (.pass("x"), .deny, .continue, nil), (.noMX, .deny, .deny, "No MX for your FROM address"),
            (.noMX, .defer, .denySoft, "No MX for your FROM address"), (.noMX, .no, .continue, nil),
            (.noValidMX, .deny, .deny, "No valid MX for your FROM address"),
            (.noValidMX, .defer, .denySoft, "No valid MX for your FROM address"),
            (.nullMX, .deny, .deny, "Null MX: d.example does not send mail"),
            (.nullMX, .defer, .deny, "Null MX: d.example does not send mail"), (.nullMX, .no, .continue, nil),
            (.failed("ETIMEOUT"), .deny, .denySoft, "Temp. resolver error (ETIMEOUT)"),
            (.failed("ESERVFAIL"), .defer, .denySoft, "Temp. resolver error (ESERVFAIL)"),
            (.failed("ESERVFAIL"), .no, .continue, nil),
        ] as [(Verdict, Refusal, Code, String?)])
    func told(verdict: Verdict, refusal: Refusal, code: Code, words: String?) {
        let answer = answer(to: verdict, "d.example", refusal)
        #expect(answer.code == code && answer.reply?.text == words)
        #expect(verdict != .nullMX || answer.reply == nil || answer.reply?.code == 550)
    }

    @Test(
        "an address in brackets is no name",
        arguments: [
            ("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::1]", "2001:db8::1"), ("[x]", "x"), ("[", ""),
            ("example.com", nil),
        ] as [(String, String?)])
    func literal(domain: String, address: String?) { #expect(literalAddress(domain) == address) }

    @Test("an address in brackets counts if addresses do")
    func usable() {
        #expect(!rules().isUsable(literal: "192.0.2.1") && rules(addresses: true).isUsable(literal: "192.0.2.1"))
        #expect(!rules(addresses: true).isUsable(literal: "x") && !rules(addresses: true).isUsable(literal: "::1"))
    }
}

@Suite("mail_from.is_resolvable.ini")
struct RuleTests {
    @Test("by default nothing but the documented values")
    func defaults() {
        var rules = Rules()
        #expect(rules.read(ini("main", [])).isEmpty)
        #expect(!rules.allowsAddresses && rules.refusal == .deny && rules.limit == 5000)
    }

    @Test(
        "no_mx is one of three words",
        arguments: [
            ("deny", .deny), ("Defer", .defer), ("no", .no), ("true", .deny), ("0", .no), ("perhaps", nil),
        ] as [(String, Refusal?)])
    func refusal(word: String, expected: Refusal?) {
        var rules = Rules()
        let mistakes = rules.read(ini("reject", [("no_mx", word)]))
        #expect(rules.refusal == expected ?? .deny)
        #expect(mistakes == (expected == nil ? ["[reject] no_mx is none of deny, defer, no"] : []))
    }

    @Test("what makes no sense is named")
    func mistakes() {
        var rules = Rules()
        #expect(
            rules.read(ini("main", [("allow_mx_ip", "maybe"), ("timeout_ms", "0"), ("re_bogus_ip", "^x")])) == [
                "[main] allow_mx_ip is neither true nor false",
                "[main] timeout_ms is no number of milliseconds up to 300000",
            ])
        #expect(rules.bogusSource == "^x" && rules.limit == 5000)
        #expect(rules.read(ini("main", [("allow_mx_ip", "true"), ("timeout_ms", "250")])).isEmpty)
        #expect(rules.allowsAddresses && rules.limit == 250)
    }
}
