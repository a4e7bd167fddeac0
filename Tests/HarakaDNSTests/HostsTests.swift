// The system's files: hosts and resolv.conf.

import HarakaCore
import NIOCore
import Testing

@testable import HarakaDNS

@Suite("The system's files")
struct HostsTests {
    private static let text = """
        # a comment
        127.0.0.1\tlocalhost  Localhost.Example.COM # and more
        ::1 localhost
        192.0.2.7 mail.example.com mail
        192.0.2.8 mail.example.com
        not-an-address host
        192.0.2.9
        2001:db8::7 mail.example.com bad..name
        """

    private func answer(_ name: String, _ type: UInt16) -> NameAnswer? {
        let file = TemporaryFile(Self.text)
        var table = HostsTable(file.path)
        return table.answer(NameQuestion(name, type))
    }

    @Test(
        "addresses and names of the hosts file, all of them, and the first name of the first line of an address",
        arguments: [
            ("localhost", 1, ["127.0.0.1"]), ("localhost", 28, ["::1"]), ("localhost.example.com", 1, ["127.0.0.1"]),
            ("mail.example.com", 1, ["192.0.2.7", "192.0.2.8"]), ("mail.example.com", 28, ["2001:db8::7"]),
            ("1.0.0.127.in-addr.arpa", 12, ["localhost"]), ("7.2.0.192.in-addr.arpa", 12, ["mail.example.com"]),
            ("8.2.0.192.in-addr.arpa", 12, ["mail.example.com"]),
        ] as [(String, UInt16, [String])])
    func found(_ name: String, _ type: UInt16, _ expected: [String]) {
        let answer = answer(name, type)
        #expect(answer?.status == .found)
        #expect(answer?.records.map(\.text) == expected)
        #expect(answer?.ttl == 5)
    }

    @Test("a host of the file without an address of that family has none; for all else the network is asked")
    func others() {
        #expect(answer("mail", 28)?.status == .noData)
        #expect(answer("mail.example.com", 15) == nil)
        #expect(answer("other.example.com", 1) == nil)
        #expect(answer("host", 1) == nil)
        #expect(answer("9.2.0.192.in-addr.arpa", 12) == nil)
    }

    @Test("without a file, or with one that is not there, nothing is known")
    func noFile() {
        var none = HostsTable(nil)
        #expect(none.answer(NameQuestion("localhost", 1)) == nil)
        var absent = HostsTable("/nonexistent/hosts")
        #expect(absent.answer(NameQuestion("localhost", 1)) == nil)
    }

    @Test("a resolver gives what the hosts file has without asking anybody")
    func resolver() async throws {
        let file = TemporaryFile(Self.text)
        try await Asking.with({ $0.hostsFile = file.path }) { asking, server in
            let answer = try await asking.ask("mail.example.com")
            #expect(answer.records.map(\.text) == ["192.0.2.7", "192.0.2.8"])
            let known = try await asking.onLoop { $0.remembered(NameQuestion("Mail", 1), strict: true) }
            #expect(known?.status == .found)
            #expect(server.count("mail.example.com") == 0)
        }
    }

    @Test(
        "the resolvers of resolv.conf; this machine if there are none",
        arguments: [
            ("nameserver 192.0.2.1\nsearch example.com\n nameserver\t::1 # x\n", ["192.0.2.1", "::1"]),
            ("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver\n", ["127.0.0.1"]), ("", ["127.0.0.1"]),
        ])
    func resolvers(_ text: String, _ expected: [String]) {
        let file = TemporaryFile(text)
        #expect(SystemFile.nameServers(file.path) == expected)
        var settings = DNSSettings()
        settings.systemResolvers = file.path
        #expect(settings.forwarders == expected)
        settings.resolvers = ["192.0.2.3@5353"]
        #expect(settings.forwarders == ["192.0.2.3@5353"])
        settings.recursion = true
        #expect(settings.forwarders.isEmpty)
    }

    @Test("without a resolv.conf this machine is asked")
    func noResolvConf() { #expect(SystemFile.nameServers("/nonexistent/resolv.conf") == ["127.0.0.1"]) }
}
