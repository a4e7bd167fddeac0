// What a proxy says of its client.
import HarakaPluginKit
import Testing

@testable import XClient

@Suite("XCLIENT's attributes")
struct ClientAttributesTests {
    func attributes(_ line: String) -> ClientAttributes { line.lend { ClientAttributes($0) } }

    @Test("each attribute has its place")
    func all() {
        let said = attributes(
            "NAME=Mail.Example.org ADDR=192.0.2.9 PORT=5025 PROTO=ESMTP HELO=Client.example LOGIN=Ann DESTADDR=198.51.100.1 DESTPORT=25"
        )
        #expect(said.name == "mail.example.org")
        #expect(said.address == "192.0.2.9")
        #expect(said.port == 5025)
        #expect(said.proto == "esmtp")
        #expect(said.hello == "Client.example")
        #expect(said.login == "Ann")
        #expect(said.ownAddress == "198.51.100.1")
        #expect(said.ownPort == 25)
        #expect(said.ignored == [])
        #expect(said.line == "192.0.2.9:5025 name=mail.example.org helo=Client.example proto=esmtp login=Ann")
    }

    @Test("attributes are written in any case, with any number of blanks between them; the last one counts")
    func cases() {
        let said = attributes("  addr=192.0.2.1   AdDr=192.0.2.2 ")
        #expect(said.address == "192.0.2.2")
        #expect(said.ignored == [])
    }

    @Test(
        "addresses",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("IPV6:2001:db8::1", "2001:db8::1"), ("ipv6:2001:DB8::1", "2001:db8::1"),
            ("IPv6:::1", "::1"), ("IPV6:::ffff:192.0.2.1", "192.0.2.1"), ("IPV6+3A2001:db8::1", "2001:db8::1"),
            ("192.0.2+2E1", "192.0.2.1"),
        ])
    func addresses(value: String, address: String) {
        #expect(attributes("ADDR=\(value)").address == address)
        #expect(attributes("DESTADDR=\(value)").ownAddress == address)
    }

    @Test(
        "what is no address",
        arguments: [
            "", "192.0.2", "192.0.2.256", "2001:db8::1", "IPV6:192.0.2.1", "IPV6:", "IPV6:fe80::1%eth0", "localhost",
            "IPV6:[::1]", "192.0.2.1,192.0.2.2", "+",
        ])
    func noAddress(value: String) {
        let said = attributes("ADDR=\(value)")
        #expect(said.address == nil)
        #expect(said.ignored == ["ADDR=\(value)"])
    }

    @Test("what the proxy does not know is as if it were not said", arguments: ["[UNAVAILABLE]", "[tempunavail]"])
    func unavailable(value: String) {
        for key in ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"] {
            #expect(attributes("\(key)=\(value)") == attributes(""))
        }
        #expect(attributes("WHO=\(value)").ignored == ["WHO=\(value)"])
    }

    @Test(
        "what makes no sense is ignored, and noted",
        arguments: [
            "ADDR", "=", "WHO=me", "PORT=x", "PORT=65536", "PORT=-1", "PORT=+2B1", "PROTO=HTTP", "LOGIN=", "LOGIN=+0A",
            "LOGIN=+0", "LOGIN=+zz", "LOGIN=+FF", "NAME=a+20b", "HELO=a+0D+0Ab",
        ])
    func nonsense(word: String) {
        var expected = attributes("")
        expected.ignored = [word]
        #expect(attributes(word) == expected)
    }

    @Test(
        "xtext is undone",
        arguments: [
            ("ann+2Bx+3Dy@example.com", "ann+x=y@example.com"), ("+C3+A4", "ä"), ("+c3+a4", "ä"), ("a+20b", "a b"),
        ])
    func xtext(value: String, login: String) { #expect(attributes("LOGIN=\(value)").login == login) }

    @Test("a name may not be endless")
    func longName() {
        let name = String(repeating: "a", count: 255)
        #expect(attributes("HELO=\(name)").hello == name)
        #expect(attributes("HELO=\(name)a").hello == nil)
    }
}

@Suite("xclient.hosts")
struct TrustedProxiesTests {
    func networks(_ lines: [String]) -> (IPNetworks, [ListMistake]) {
        let kept = lines.map { Array($0.utf8) }
        // Lent as long as the test runs.
        let texts = kept.map { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            copy.copyBytes(from: bytes)
            return Text(UnsafeRawBufferPointer(copy))
        }
        return readProxies(ListLine.counting(texts))
    }

    @Test("this machine is always trusted, nobody else is unless he is named")
    func own() throws {
        let (proxies, mistakes) = networks([])
        #expect(mistakes == [])
        for (address, isTrusted) in [("127.0.0.1", true), ("::1", true), ("127.0.0.2", false), ("192.0.2.1", false)] {
            #expect(proxies.contains(try #require(IPAddress(address))) == isTrusted)
        }
    }

    @Test("addresses and networks; a line that is neither is named")
    func lines() throws {
        let (proxies, mistakes) = networks(["# proxies", "192.0.2.7", "2001:db8::/32", "mx.example.com"])
        #expect(mistakes == [ListMistake(line: 4, why: "mx.example.com: no address or network")])
        for (address, isTrusted) in [("192.0.2.7", true), ("192.0.2.8", false), ("2001:db8:1::1", true)] {
            #expect(proxies.contains(try #require(IPAddress(address))) == isTrusted)
        }
    }
}
