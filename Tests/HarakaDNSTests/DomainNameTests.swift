// Domain names: what is one, and how it is written.

import Testing

@testable import HarakaDNS

@Suite("Domain names")
struct DomainNameTests {
    private static let label63 = String(repeating: "a", count: 63)
    private static let name253 = [label63, label63, label63, String(repeating: "b", count: 61)].joined(separator: ".")

    @Test(
        "a name is asked for in lower case and without a dot at its end",
        arguments: [
            ("example.com", "example.com"), ("Example.COM.", "example.com"), (".", "."), ("com", "com"),
            ("_25._tcp.mx.example.com", "_25._tcp.mx.example.com"),
            ("4.2.0.192.in-addr.arpa", "4.2.0.192.in-addr.arpa"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("a@b.example", "a@b.example"),
        ])
    func normal(_ name: String, _ expected: String) { #expect(DomainName.normal(name) == expected) }

    @Test(
        "what is no name is not asked for",
        arguments: [
            "", "..", ".com", "a..b", "example..", "a b.example", "a\n.example", "a\0.example", "a\u{7f}.example",
            "bücher.example", "a\\.b.example", label63 + "a.example", name253 + "b", "x." + name253,
        ])
    func none(_ name: String) { #expect(DomainName.normal(name) == nil) }

    @Test("the longest label and the longest name are names, with the dot at the end or without it")
    func longest() {
        #expect(DomainName.normal(Self.name253) == Self.name253)
        #expect(DomainName.normal(Self.name253 + ".") == Self.name253)
        #expect(Self.name253.utf8.count == 253)
    }

    @Test("a name on the wire becomes text in lower case, the root a dot")
    func text() {
        #expect(DomainName.text([2, 0x4d, 0x58, 3, 0x63, 0x6f, 0x6d, 0]) == "mx.com")
        #expect(DomainName.text([0]) == ".")
        #expect(DomainName.text([4, 0x61, 0x2e, 0x0a, 0xff, 0]) == "a\\046\\010\\255")
    }

    @Test(
        "a name that ends too early, or is compressed, is none",
        arguments: [[], [2, 0x61], [1, 0x61], [0xc0, 0x0c], [64] + [UInt8](repeating: 0x61, count: 64) + [0]])
    func broken(_ wire: [UInt8]) { #expect(DomainName.text(wire[...]) == nil) }

    @Test(
        "the name of an address, for a reverse lookup",
        arguments: [
            ("192.0.2.4", "4.2.0.192.in-addr.arpa"),
            ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
            ("fe80::1%eth0", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa"),
        ])
    func reverse(_ address: String, _ expected: String) { #expect(DomainName.reverse(address) == expected) }

    @Test("what is no address has no reverse name", arguments: ["", "192.0.2", "host", "192.0.2.4.5", "::g"])
    func noReverse(_ address: String) { #expect(DomainName.reverse(address) == nil) }
}
