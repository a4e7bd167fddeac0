// What a rate is, and whose.
import HarakaPluginKit
import Testing

@testable import Limit

@Suite("Rates")
struct RateTests {
    @Test(
        "a rate is a number and perhaps a time",
        arguments: [
            (.integer(5), Rate(count: 5, seconds: 60)), (.integer(0), Rate(count: 0, seconds: 60)),
            (.text("50/5m"), Rate(count: 50, seconds: 300)), (.text("1/15M"), Rate(count: 1, seconds: 900)),
            (.text("7/30"), Rate(count: 7, seconds: 30)), (.text("7/30s"), Rate(count: 7, seconds: 30)),
            (.text("2/1h"), Rate(count: 2, seconds: 3600)), (.text("9/2D"), Rate(count: 9, seconds: 172_800)),
            (.text("12"), Rate(count: 12, seconds: 60)),
        ] as [(Value, Rate)])
    func rates(value: Value, rate: Rate) throws {
        #expect(try Rate(value, of: "x") == rate)
    }

    @Test(
        "anything else is a mistake",
        arguments: [
            .null, .integer(-1), .integer(1_000_000_001), .number(1.5), .boolean(true), .text(""), .text("/5m"),
            .text("5/"), .text("5/0"), .text("5/m"), .text("5/5x"), .text("5/-5m"), .text("5/5m/1"), .text("5 /5m"),
            .text("-5/5m"), .text("5/367d"), .text("5/99999999999999999999"), .text("99999999999999999999/5"),
            .list([.integer(5)]),
        ] as [Value])
    func mistakes(value: Value) {
        #expect(throws: PluginError.self) { _ = try Rate(value, of: "x") }
    }

    private let rates = Rates(
        byKey: [
            "127": Rate(count: 0), "1.2.3": Rate(count: 9), "example.com": Rate(count: 4), "2001:db8": Rate(count: 8),
        ],
        default: Rate(count: 5))

    @Test(
        "the most specific key decides; whom it fits share a count, the others are counted alone",
        arguments: [
            ("127.0.0.1", "localhost", nil, nil), ("1.2.3.4", "mx.example.com", "1.2.3", 9),
            ("1.2.4.4", "mx.Example.com", "example.com", 4), ("1.2.4.4", "example.com.test", " 1.2.4.4", 5),
            ("1.2.4.4", "NXDOMAIN", " 1.2.4.4", 5), ("2001:db8::7", "", "2001:db8", 8),
            ("2001:db9::7", "", " 2001:db9:0:0/64", 5), ("2001:db9::1:2:3:4", "", " 2001:db9:0:0/64", 5),
        ] as [(String, String, String?, Int64?)])
    func hosts(address: String, name: String, key: String?, count: Int64?) throws {
        let host = try #require(HostKeys(address: address, name: name))
        let match = rates.match(host.all, alone: host.alone)
        #expect(match?.key == key)
        #expect(match?.rate.count == count)
    }

    @Test("without default only the keys count")
    func noDefault() {
        let rates = Rates(byKey: ["a": Rate(count: 1)])
        #expect(rates.match(["b"], alone: "b") == nil)
        #expect(rates.match(["b", "a"], alone: "b")?.key == "a")
    }

    @Test("a client is looked up by address, its beginnings, name and the domains above it")
    func hostKeys() throws {
        let host = try #require(HostKeys(address: "1.2.3.4", name: "Host.part.example.com"))
        #expect(
            host.all == [
                "1.2.3.4", "1.2.3", "1.2", "1", "host.part.example.com", "part.example.com", "example.com", "com",
            ])
        #expect(HostKeys(address: "", name: "localhost") == nil)
        for none in ["", "Unknown", "NXDOMAIN", "DNSERROR"] {
            #expect(HostKeys(address: "1.2.3.4", name: none)?.all.count == 4)
        }
        #expect(HostKeys(address: "1.2.3", name: "") == nil)
    }

    @Test("IPv6 addresses are looked up as they are, and by their groups without leading zeros")
    func groups() throws {
        let host = try #require(HostKeys(address: "fe80::202:B3FF:fe1e:8329", name: "DNSERROR"))
        #expect(host.all.count == 9)
        #expect(host.all.first == "fe80::202:b3ff:fe1e:8329")
        #expect(host.all.dropFirst().first == "fe80:0:0:0:202:b3ff:fe1e:8329")
        #expect(host.all.suffix(2) == ["fe80:0", "fe80"])
        #expect(host.alone == "fe80:0:0:0/64")
        #expect(try #require(HostKeys(address: "::1", name: "")).all.first == "::1")
    }

    @Test("a mailbox is looked up by itself, its domain and the domains above")
    func mailboxes() {
        #expect(
            mailboxKeys("u@a.example.com", host: "a.example.com") == [
                "u@a.example.com", "a.example.com", "example.com", "com",
            ])
        #expect(mailboxKeys("postmaster@", host: "") == ["postmaster@"])
        #expect(domains("a..b") == ["a..b", ".b", "b"])
        #expect(domains("a.") == ["a."])
    }
}
