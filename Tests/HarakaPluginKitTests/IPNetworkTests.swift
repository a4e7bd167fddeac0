// What is an address, and what is in a network.
import HarakaPluginKit
import Testing

@Suite("IP networks")
struct IPNetworkTests {
    @Test(
        "an IPv4 address is four decimal numbers",
        arguments: [
            ("0.0.0.0", [0, 0, 0, 0]), ("192.0.2.1", [192, 0, 2, 1]), ("255.255.255.255", [255, 255, 255, 255]),
            ("::ffff:192.0.2.1", [192, 0, 2, 1]), ("::FFFF:c000:0201", [192, 0, 2, 1]),
        ] as [(String, [UInt8])])
    func ipv4(text: String, octets: [UInt8]) {
        #expect(IPAddress(text)?.octets == octets)
        #expect(IPAddress(text)?.isIPv4 == true)
    }

    @Test(
        "an IPv6 address is eight groups, some of which may be left out",
        arguments: [
            ("::", [0, 0, 0, 0, 0, 0, 0, 0]), ("::1", [0, 0, 0, 0, 0, 0, 0, 1]), ("1::", [1, 0, 0, 0, 0, 0, 0, 0]),
            ("2001:db8::ff00:42:8329", [0x2001, 0xdb8, 0, 0, 0, 0xff00, 0x42, 0x8329]),
            ("2001:DB8:0:0:0:FF00:42:8329", [0x2001, 0xdb8, 0, 0, 0, 0xff00, 0x42, 0x8329]),
            ("1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]), ("1:2:3:4:5:6:7::", [1, 2, 3, 4, 5, 6, 7, 0]),
            ("::2:3:4:5:6:7:8", [0, 2, 3, 4, 5, 6, 7, 8]), ("fe80::1%eth0", [0xfe80, 0, 0, 0, 0, 0, 0, 1]),
            ("64:ff9b::192.0.2.1", [0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x201]),
            ("1:2:3:4:5:6:192.0.2.1", [1, 2, 3, 4, 5, 6, 0xc000, 0x201]),
        ] as [(String, [Int])])
    func ipv6(text: String, groups: [Int]) {
        #expect(IPAddress(text)?.octets == groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] })
        #expect(IPAddress(text)?.isIPv4 == false)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3", " 1.2.3.4",
            "1.2.3.4 ",
            "1.2.3.+4", "1.2.3.4%eth0", "1.2.3.0004", ":", ":::", ":1", "1:", "1::2::3", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1.2.3.4.5", "::1.2.3.4:1",
            "1:2:3:4:5:6:7:1.2.3.4",
            ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "[::1]", "localhost", "%",
        ])
    func noAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "a network holds the addresses that share its prefix",
        arguments: [
            ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.77/24", "192.0.2.1", true), ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.128/31", "192.0.2.129", true),
            ("0.0.0.0/0", "::1", false), ("::/0", "2001:db8::1", true), ("::/0", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8::/64", "2001:db8::ffff:1:2:3", true), ("2001:db8::1/128", "2001:db8::2", false),
            ("fe80::/10", "fe80::1%eth0", true), ("::ffff:192.0.2.0/120", "192.0.2.9", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true), (" 192.0.2.0/24\t", "192.0.2.9", true),
            ("192.0.2.0/24", "nonsense", false), ("192.0.2.0/24", "", false),
        ])
    func contains(network: String, address: String, isIn: Bool) throws {
        let network = try #require(IPNetwork(network))
        #expect((IPAddress(address).map(network.contains) ?? false) == isIn)
        #expect(lend(address, network.contains) == isIn)
        var networks = IPNetworks()
        networks.insert(network)
        #expect(lend(address, networks.contains) == isIn)
    }

    @Test(
        "what is no network is refused",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0/8",
            "10.0.0.0/255.0.0.0", "::/129", "::ffff:10.0.0.0/8", "10.0.0.0 /8", "10.0.0.0/ 8", "example.com/8",
        ])
    func noNetwork(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test("a prefix longer than the address is no network")
    func length() throws {
        let address = try #require(IPAddress("192.0.2.1"))
        #expect(IPNetwork(address, length: 33) == nil)
        #expect(IPNetwork(address, length: -1) == nil)
        #expect(IPNetwork(address, length: 24) == IPNetwork("192.0.2.0/24"))
    }

    @Test("many networks of several lengths answer as each of them would")
    func many() throws {
        var networks = IPNetworks()
        #expect(networks.isEmpty && !lend("10.0.0.1", networks.contains))
        for third in 0..<200 {
            for text in ["10.0.\(third).0/24", "172.16.\(third).1", "2001:db8:\(third)::/48"] {
                networks.insert(try #require(IPNetwork(text)))
            }
        }
        networks.insert(try #require(IPNetwork("10.0.0.77/24")))
        #expect(networks.count == 600)
        for (address, isIn) in [
            ("10.0.199.9", true), ("10.0.200.9", false), ("172.16.3.1", true), ("172.16.3.2", false),
            ("2001:db8:199::1", true), ("2001:db8:a00::1", false),
        ] {
            #expect(lend(address, networks.contains) == isIn, "\(address)")
        }
    }

    @Test(
        "names of lines that change hands show the address",
        arguments: [
            ("dsl-2-1.", true), ("1.2.pool.", true), ("p192-0.", true), ("host192000002001.", true),
            ("C0000201.x.", true),
            ("xc0000201x", true), ("mail.", false), ("192.", false), ("2.100.1.", false), ("", false),
            ("000192.0", false),
        ] as [(String, Bool)])
    func shown(name: String, isShown: Bool) {
        #expect(IPAddress("192.0.2.1")?.isShown(in: name) == isShown)
        #expect(IPAddress("2001:db8::1")?.isShown(in: name) == false)
    }
}

/// Lends a string as the host would.
private func lend<Result>(_ string: String, _ body: (Text) -> Result) -> Result {
    let bytes = Array(string.utf8)
    return bytes.withUnsafeBytes { body(Text($0)) }
}
