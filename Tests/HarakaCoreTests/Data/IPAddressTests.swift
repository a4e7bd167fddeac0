// Addresses of clients: what is one, and which are private or local. docs/objects.md "Connection".

import HarakaCore
import Testing

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "addresses are read",
        arguments: [
            ("192.0.2.1", [192, 0, 2, 1]), ("0.0.0.0", [0, 0, 0, 0]), ("255.255.255.255", [255, 255, 255, 255]),
            ("::", [UInt8](repeating: 0, count: 16)), ("::1", [UInt8](repeating: 0, count: 15) + [1]),
            ("2001:DB8::a:0", [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0A, 0, 0]),
            ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
            ("1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]),
            ("1:2:3:4:5:6:1.2.3.4", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4]),
            ("64:ff9b::192.0.2.33", [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]),
            ("fe80::1%eth0", [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("::ffff:192.0.2.1", [192, 0, 2, 1]), ("::FFFF:c000:201", [192, 0, 2, 1]),
        ] as [(String, [UInt8])])
    func read(text: String, bytes: [UInt8]) { #expect(IPAddress(text)?.bytes == bytes) }

    @Test(
        "everything else is refused",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.+4", "1.2.3.", ".1.2.3", "1..2.3",
            "1.2.3.4 ",
            "01.2.3.4", "1.2.3.004", "0x1.2.3.4", "1.2.3.٤", "1.2.3.4%eth0", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::", "g::", "::-1",
            "+1::",
            "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%", "%eth0", "[::1]",
            "192.0.2.1/24", "example.com", "::\u{0}", String(repeating: ":", count: 100),
            String(repeating: "1:", count: 10_000),
        ])
    func refused(text: String) { #expect(IPAddress(text) == nil) }

    /// First and last address of each network, and the neighbours that are outside.
    static let local: [(String, Bool)] = [
        ("0.0.0.0", true), ("0.0.0.1", false), ("126.255.255.255", false), ("127.0.0.0", true), ("127.0.0.1", true),
        ("127.255.255.255", true), ("128.0.0.0", false), ("169.253.255.255", false), ("169.254.0.0", true),
        ("169.254.255.255", true), ("169.255.0.0", false), ("::", true), ("::1", true), ("::2", false),
        ("fe7f:ffff::", false), ("fe80::", true), ("febf:ffff::1", true), ("fec0::", false), ("::ffff:127.0.0.1", true),
        ("10.0.0.1", false),
    ]
    static let notPublic: [(String, Bool)] = [
        ("9.255.255.255", false), ("10.0.0.0", true), ("10.255.255.255", true), ("11.0.0.0", false),
        ("172.15.255.255", false), ("172.16.0.0", true), ("172.31.255.255", true), ("172.32.0.0", false),
        ("192.167.255.255", false), ("192.168.0.0", true), ("192.168.255.255", true), ("192.169.0.0", false),
        ("192.0.1.255", false), ("192.0.2.0", true), ("192.0.2.255", true), ("192.0.3.0", false),
        ("198.51.99.255", false), ("198.51.100.0", true), ("198.51.100.255", true), ("198.51.101.0", false),
        ("203.0.112.255", false), ("203.0.113.0", true), ("203.0.113.255", true), ("203.0.114.0", false),
        ("fbff::", false), ("fc00::", true), ("fdff:ffff::", true), ("fe00::", false), ("::ffff:10.1.2.3", true),
        ("2001:db8::1", false), ("8.8.8.8", false), ("100.64.0.1", false),
    ]

    @Test("local addresses are these, and they are private", arguments: local)
    func isLocal(text: String, expected: Bool) {
        #expect(IPAddress(text)?.isLocal == expected)
        if expected { #expect(IPAddress(text)?.isPrivate == true) }
    }

    @Test("private addresses are these", arguments: notPublic)
    func isPrivate(text: String, expected: Bool) {
        #expect(IPAddress(text)?.isPrivate == expected)
        #expect(IPAddress(text)?.isLocal == false)
    }

    @Test(
        "an address is in a network by its first bits",
        arguments: [(-5, true), (0, true), (23, true), (24, false), (32, false), (99, false)])
    func networks(prefix: Int, expected: Bool) throws {
        let address = try #require(IPAddress("192.0.3.1"))
        let network = try #require(IPAddress("192.0.2.1"))
        #expect(address.isIn(network, prefix: prefix) == expected)
        #expect(network.isIn(network, prefix: prefix))
        #expect(!address.isIn(try #require(IPAddress("::")), prefix: 0))
    }
}
