// tls.ini, as far as this plugin reads it, and the memory of failed handshakes.
import HarakaPluginKit
import Testing

@testable import StartTLS

@Suite("tls.ini for STARTTLS")
struct TLSSettingsTests {
    func settings(_ sections: [(String, [(String, Value)])]) throws -> TLSSettings {
        try TLSSettings(.map(sections.map { ($0.0, .map($0.1)) }))
    }

    @Test("nothing is excluded, nothing is remembered, unless it is said")
    func defaults() throws {
        let settings = try settings([("main", [("key", .text("tls_key.pem"))])])
        #expect(settings.excludedPorts.isEmpty && settings.excludedClients.isEmpty)
        #expect(!settings.remembersFailures)
        #expect(settings.memorySeconds == 3600)
        #expect(settings.idleKeys.isEmpty)
    }

    @Test(
        "ports as a list, as words, as one number",
        arguments: [
            Value.list([.integer(25), .text("2525")]), .text("25, 2525"), .list([.text("2525"), .text("25")]),
        ])
    func ports(value: Value) throws {
        #expect(try settings([("main", [("no_starttls_ports", value)])]).excludedPorts == [25, 2525])
        #expect(try settings([("main", [("no_starttls_ports", .integer(25))])]).excludedPorts == [25])
    }

    @Test("networks and addresses, IPv4 and IPv6")
    func networks() throws {
        let hosts: [(String, Value)] = [("192.0.2.0/24", .null), ("2001:db8::1", .null)]
        let excluded = try settings([("no_tls_hosts", hosts)]).excludedClients
        for (address, isExcluded) in [("192.0.2.77", true), ("192.0.3.1", false), ("2001:db8::1", true)] {
            let address = try #require(IPAddress(address))
            #expect(excluded.contains(address) == isExcluded)
        }
    }

    @Test("failures are remembered if it is said, for as long as it is said")
    func memory() throws {
        let memory: [(String, Value)] = [
            ("disable_for_failed_hosts", .text("true")), ("disable_inbound_expiry", .integer(60)),
        ]
        let settings = try settings([("redis", memory)])
        #expect(settings.remembersFailures)
        #expect(settings.memorySeconds == 60)
        #expect(settings.idleKeys.isEmpty)
    }

    @Test("keys that mean nothing are named")
    func idle() throws {
        let redis: [(String, Value)] = [("host", .text("::1")), ("db", .integer(3)), ("disable_expiry", .integer(9))]
        #expect(try settings([("redis", redis)]).idleKeys == ["host", "db", "disable_expiry"])
    }

    @Test(
        "a slip is an error that names it",
        arguments: [
            ("main", "no_starttls_ports", Value.text("25, smtp")), ("main", "no_starttls_ports", .integer(0)),
            ("main", "no_starttls_ports", .list([.integer(65536)])), ("no_tls_hosts", "192.0.2.0/33", .null),
            ("no_tls_hosts", "mx.example.com", .null), ("redis", "disable_for_failed_hosts", .text("ture")),
            ("redis", "disable_for_failed_hosts", .integer(2)), ("redis", "disable_inbound_expiry", .integer(0)),
            ("redis", "disable_inbound_expiry", .text("1h")), ("redis", "disable_inbound_expiry", .integer(31_536_001)),
        ])
    func slips(section: String, key: String, value: Value) {
        do {
            _ = try settings([(section, [(key, value)])])
            Issue.record("it was taken")
        } catch let error as PluginError {
            #expect(error.cause.contains(key))
        } catch {
            Issue.record("another error")
        }
    }
}

@Suite("Failed handshakes")
struct FailedHandshakesTests {
    @Test("an address is known until its time is over")
    func expiry() throws {
        var failures = FailedHandshakes()
        let (one, two) = (try #require(IPAddress("192.0.2.1")), try #require(IPAddress("192.0.2.2")))
        failures.insert(one, at: 1000, for: 500)
        #expect(failures.contains(one, at: 1499))
        #expect(!failures.contains(one, at: 1500))
        #expect(!failures.contains(two, at: 1000))
        failures.insert(two, at: 1500, for: 500)
        #expect(failures.count == 1)
    }

    @Test("one that fails again is known for longer")
    func again() throws {
        var failures = FailedHandshakes()
        let one = try #require(IPAddress("192.0.2.1"))
        failures.insert(one, at: 0, for: 100)
        failures.insert(one, at: 50, for: 100)
        #expect(failures.contains(one, at: 149))
        #expect(failures.count == 1)
        failures.insert(one, at: 0, for: .max)
        failures.insert(one, at: .max, for: 1)
        #expect(failures.count == 1)
    }

    @Test("there are never more than it has room for; the oldest are forgotten")
    func bounded() throws {
        var failures = FailedHandshakes()
        let total = FailedHandshakes.capacity * 3
        for number in 0..<total {
            let address = try #require(IPAddress("10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"))
            failures.insert(address, at: 0, for: 1000)
        }
        #expect(failures.count == FailedHandshakes.capacity)
        let last = total - 1
        let newest = try #require(IPAddress("10.\(last >> 16).\(last >> 8 & 255).\(last & 255)"))
        let oldest = try #require(IPAddress("10.0.0.0"))
        #expect(failures.contains(newest, at: 1))
        #expect(!failures.contains(oldest, at: 1))
        failures.insert(oldest, at: 1000, for: 1)
        #expect(failures.count == 1)
    }
}
