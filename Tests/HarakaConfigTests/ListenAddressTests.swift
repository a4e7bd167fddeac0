// The forms of `listen`.

import Testing

@testable import HarakaConfig

@Suite("ListenAddress")
struct ListenAddressTests {
    @Test(
        "every form of an address is read",
        arguments: [
            ("[::0]:25", ListenAddress.tcp(host: "::0", port: 25)), ("[::1]", .tcp(host: "::1", port: 25)),
            ("[fe80::1%eth0]:2525", .tcp(host: "fe80::1%eth0", port: 2525)),
            ("127.0.0.1:2525", .tcp(host: "127.0.0.1", port: 2525)),
            ("127.0.0.1", .tcp(host: "127.0.0.1", port: 25)),
            ("mail.example.com:587", .tcp(host: "mail.example.com", port: 587)),
            ("localhost", .tcp(host: "localhost", port: 25)), ("2525", .tcp(host: "::", port: 2525)),
            ("0", .tcp(host: "::", port: 0)),
            ("[::0]:0", .tcp(host: "::0", port: 0)), ("/run/haraka.sock", .unix(path: "/run/haraka.sock", mode: nil)),
            ("/run/haraka.sock:660", .unix(path: "/run/haraka.sock", mode: 0o660)),
            ("/a:0777", .unix(path: "/a", mode: 0o777)),
            ("/a:b", .unix(path: "/a:b", mode: nil)), ("/a:999", .unix(path: "/a:999", mode: nil)),
            ("/a:007", .unix(path: "/a", mode: 0o007)),
        ])
    func forms(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress.parse(text) == address)
        #expect(try ListenAddress.parse(address.description) == address)
    }

    @Test("a host alone has the default port that is asked for")
    func defaultPort() throws {
        #expect(try ListenAddress.parse("127.0.0.1", defaultPort: 465) == .tcp(host: "127.0.0.1", port: 465))
    }

    @Test(
        "what is no address says what was expected",
        arguments: [
            ("::1", "expected an IPv6 address in brackets: [::1]:25"),
            ("::0:25", "expected an IPv6 address in brackets: [::1]:25"),
            ("", "expected ip:port, [ipv6]:port, host:port, a port, or /path/socket:mode"),
            ("a b:25", "expected ip:port, [ipv6]:port, host:port, a port, or /path/socket:mode"),
            ("1.2.3:25", "expected ip:port, [ipv6]:port, host:port, a port, or /path/socket:mode"),
            ("256.0.0.1:25", "expected ip:port, [ipv6]:port, host:port, a port, or /path/socket:mode"),
            ("127.0.0.1\0:25", "expected ip:port, [ipv6]:port, host:port, a port, or /path/socket:mode"),
            ("65536", "expected a port, 0 to 65535"), ("host:", "expected a port, 0 to 65535"),
            ("host:+25", "expected a port, 0 to 65535"),
            ("host:smtp", "expected a port, 0 to 65535"), ("[::1", "expected [ipv6]:port"),
            ("[::1]25", "expected [ipv6]:port"),
            ("[127.0.0.1]:25", "expected an IPv6 address within the brackets"),
            ("[]:25", "expected an IPv6 address within the brackets"),
            ("[::1]:99999", "expected a port, 0 to 65535"), ("/run/", "expected the path of a socket"),
            ("/" + String(repeating: "x", count: 107), "expected a socket path of at most 107 bytes"),
        ])
    func malformed(text: String, expected: String) {
        #expect(throws: ListenAddress.Malformed(expected: expected)) { try ListenAddress.parse(text) }
    }

    @Test(
        "networks are addresses, alone or with a prefix length",
        arguments: [
            ("192.0.2.1", true), ("192.0.2.0/24", true), ("0.0.0.0/0", true), ("2001:db8::/64", true), ("::1", true),
            ("192.0.2.0/33", false), ("2001:db8::/129", false), ("192.0.2.0/", false), ("192.0.2.0/+8", false),
            ("host", false), ("", false), ("192.0.2.0/24/1", false), ("[::1]", false), ("1.2.3.4\0", false),
        ])
    func networks(text: String, valid: Bool) {
        #expect(IPText.isNetwork(text) == valid)
    }
}
