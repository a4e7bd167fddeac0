// dns.ini.

import Testing

@testable import HarakaConfig

@Suite("dns.ini")
struct DNSSettingsTests {
    private func read(_ text: String) -> (settings: DNSFile, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("dns.ini", text)
        let (settings, diagnostics) = DNSFile.read(from: folder.directory)
        return (settings, diagnostics.brief)
    }

    @Test("without a file all is as built in")
    func defaults() {
        let (settings, findings) = DNSFile.read(from: TemporaryFolder().directory)
        #expect(settings == DNSFile())
        #expect(findings.isEmpty)
        #expect(settings.timeout == 5)
        #expect(settings.servers.isEmpty)
        #expect(settings.resolvConf == "/etc/resolv.conf")
        #expect(settings.hosts == "/etc/hosts")
        #expect(!settings.recursion)
        #expect(settings.dnssec == .permissive)
        #expect(settings.cacheEntries == 10_000)
        #expect(settings.maxQueries == 1000)
    }

    @Test("every key is read")
    func everyKey() {
        let (settings, findings) = read(
            """
            timeout=2.5
            servers[]=192.0.2.1
            servers[]=192.0.2.2:5353
            resolv_conf=/run/resolv.conf
            hosts=none
            recursion=false
            trust_anchor=/etc/root.key
            dnssec=Strict
            cache_entries=0
            max_queries=50
            """)
        var expected = DNSFile()
        expected.timeout = 2.5
        expected.servers = ["192.0.2.1", "192.0.2.2@5353"]
        expected.resolvConf = "/run/resolv.conf"
        expected.hosts = nil
        expected.trustAnchor = "/etc/root.key"
        expected.dnssec = .strict
        expected.cacheEntries = 0
        expected.maxQueries = 50
        #expect(settings == expected)
        #expect(findings.isEmpty)
    }

    @Test(
        "a server is an address with or without a port",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("192.0.2.1@5353", "192.0.2.1@5353"), ("192.0.2.1:53", "192.0.2.1@53"),
            ("::1", "::1"), ("::1@5353", "::1@5353"), ("[::1]:5353", "::1@5353"), ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::5353", "2001:db8::5353"), ("fe80::1%eth0@53", "fe80::1%eth0@53"),
        ])
    func server(_ text: String, _ expected: String) {
        let (settings, findings) = read("servers[]=\(text)")
        #expect(settings.servers == [expected])
        #expect(findings.isEmpty)
    }

    @Test(
        "what is no address is refused, and the others count",
        arguments: [
            "dns.example.com", "192.0.2", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1@65536", "[192.0.2.1]:53", "[::1]53",
        ])
    func noServer(_ text: String) {
        let (settings, findings) = read("servers[]=192.0.2.7\nservers[]=\(text)")
        #expect(settings.servers == ["192.0.2.7"])
        #expect(
            findings == [
                "2:11: error: main.servers is \"\(text)\": expected an address: ip, ip@port, ip:port or [ipv6]:port"
            ])
    }

    @Test("one server may stand without brackets")
    func oneServer() {
        #expect(read("servers=127.0.0.1:5353").settings.servers == ["127.0.0.1@5353"])
    }

    @Test("mistakes are named, and the defaults count")
    func mistakes() {
        let (settings, findings) = read(
            "timeout=0\nhosts=hosts\nresolv_conf=x\ndnssec=maybe\nmax_queries=0\ntimout=3\n")
        #expect(settings == DNSFile())
        #expect(
            findings == [
                "1:9: error: main.timeout is \"0\": expected seconds, 0.1 to 60",
                "2:7: error: main.hosts is \"hosts\": expected the path of a file, from / on, or none",
                "3:13: error: main.resolv_conf is \"x\": expected the path of a file, from / on",
                "4:8: error: main.dnssec is \"maybe\": expected permissive, strict, off",
                "5:13: error: main.max_queries is \"0\": expected a whole number, 1 to 100000",
                "6:1: warning: timout is no key of [main]; did you mean timeout?",
            ])
    }

    @Test("servers mean nothing with recursion")
    func recursion() {
        let (settings, findings) = read("recursion=true\nservers[]=192.0.2.1\n")
        #expect(settings.recursion)
        #expect(findings == ["2:1: warning: servers is not used: recursion asks the authoritative servers"])
    }
}
