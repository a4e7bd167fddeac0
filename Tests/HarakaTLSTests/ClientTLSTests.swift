// TLS towards other servers: whom a client believes, what it asks for, and what it shows.

import NIOCore
import Testing

@testable import HarakaTLS

@Suite("TLS towards other servers")
struct ClientTLSTests {
    private static let authority = [PEMText(name: "ca.pem", bytes: Made.authority.certificate)]

    private func client(_ change: (inout ClientTLSSettings) -> Void = { _ in }) throws -> ClientTLS {
        var settings = ClientTLSSettings()
        settings.rules.authorities = Self.authority
        change(&settings)
        return try ClientTLS(settings)
    }

    private func pair(
        _ server: TLSContext, _ tls: ClientTLS, host: String = "mx.example.com", ip: String = "192.0.2.7",
        verifies: Bool = false
    ) throws -> Pair {
        let pair = try Pair(
            server: TLSHandler(server: server, limit: .seconds(30)),
            client: tls.makeHandler(host: host, ip: ip, verifies: verifies, limit: .seconds(30)))
        pair.carry()
        return pair
    }

    private func signed(_ names: [String], _ change: (inout CertificateMaker) -> Void = { _ in }) throws -> TLSContext {
        try Made.context([Made.identity(names, signer: Made.authority, change)])
    }

    @Test(
        "a certificate with the name, a wildcard for its first label, or the address is good",
        arguments: [
            (["mx.example.com"], "mx.example.com"), (["mx.example.com"], "MX.Example.com."),
            (["*.example.com"], "mx.example.com"), (["192.0.2.7"], ""), (["2001:db8::7"], "2001:db8::7"),
        ])
    func verified(names: [String], host: String) throws {
        let pair = try pair(try signed(names), try client(), host: host, verifies: true)
        #expect(pair.client.recorder.facts?.isVerified == true)
    }

    @Test(
        "a certificate with another name is none",
        arguments: [
            (["other.example.com"], "mx.example.com"), (["*.example.com"], "a.mx.example.com"),
            (["*.example.com"], "example.com"), (["192.0.2.8"], ""), (["mx.example.com"], ""),
        ])
    func wrongName(names: [String], host: String) throws {
        let server = try signed(names)
        let strict = try pair(server, try client(), host: host, verifies: true)
        #expect(
            strict.client.recorder.failure?.hasPrefix("the server's certificate: ") == true
                && strict.client.recorder.failure?.hasSuffix("mismatch") == true)
        // Who does not insist goes on, and knows it.
        let lenient = try pair(server, try client(), host: host)
        #expect(lenient.client.recorder.facts?.isVerified == false)
        #expect(lenient.client.recorder.facts?.verifyError.hasSuffix("mismatch") == true)
    }

    @Test("an expired certificate and an unknown authority are refused only by those who insist")
    func expiredAndUnknown() throws {
        let expired = try signed(["mx.example.com"]) {
            $0.begins = -10 * 86_400
            $0.days = -1
        }
        let stranger = Made.made(["Other CA"]) { $0.isAuthority = true }
        let unknown = try Made.context([Made.identity(["mx.example.com"], signer: stranger)])
        let itself = try Made.context([Made.identity(["mx.example.com"])])
        let cases = [
            (expired, "certificate has expired"), (unknown, "unknown CA"), (itself, "self-signed"),
        ]
        for (server, reason) in cases {
            let strict = try pair(server, try client(), verifies: true)
            #expect(strict.client.recorder.failure == "the server's certificate: \(reason)")
            let lenient = try pair(server, try client())
            #expect(lenient.client.recorder.facts?.verifyError == reason)
            #expect(lenient.client.recorder.facts?.isVerified == false)
        }
    }

    @Test("with `verifies` every server must be vouched for")
    func always() throws {
        let server = try Made.context([Made.identity(["mx.example.com"])])
        let pair = try pair(server, try client { $0.verifies = true })
        #expect(pair.client.recorder.failure == "the server's certificate: self-signed")
    }

    @Test("a name is asked for, an address never", arguments: ["mx.example.com", "192.0.2.7", "2001:db8::7", ""])
    func serverName(host: String) throws {
        let pair = try pair(try signed(["mx.example.com"]), try client(), host: host)
        #expect(pair.server.recorder.facts?.serverName == (host == "mx.example.com" ? host : ""))
    }

    @Test("each server is shown the certificate that is meant for it")
    func shown() throws {
        let server = try Made.context([Made.identity(["mx.example.com"], signer: Made.authority)]) {
            $0.rules.clientCertificate = .requested
            $0.rules.authorities = Self.authority
        }
        let tls = try client {
            $0.identity = Made.identity(["usual.example.com"], signer: Made.authority)
            $0.identities["Bank.example."] = Made.identity(["bank.example.com"], signer: Made.authority)
            $0.identities["192.0.2.9"] = Made.identity(["nine.example.com"], signer: Made.authority)
            $0.hostsWithoutIdentity = ["shy.example", "192.0.2.10"]
        }
        let shown = { (host: String, ip: String) in
            try self.pair(server, tls, host: host, ip: ip).server.recorder.facts?.peer?.commonName
        }
        #expect(try shown("mx.example.com", "192.0.2.7") == "usual.example.com")
        #expect(try shown("bank.example", "192.0.2.7") == "bank.example.com")
        #expect(try shown("x.example", "192.0.2.9") == "nine.example.com")
        #expect(try shown("shy.example", "192.0.2.7") == nil)
        #expect(try shown("x.example", "192.0.2.10") == nil)
    }

    @Test("a session is resumed once, and never by somebody who wants more than the first one did")
    func resumed() throws {
        let server = try signed(["mx.example.com"])
        let tls = try client()
        let first = try pair(server, tls)
        first.server.write("x")
        first.carry()
        let handler = try #require(first.client.tls)
        tls.keepSession(of: handler, host: "mx.example.com", ip: "192.0.2.7", verifies: false)
        #expect(try pair(server, tls, verifies: true).client.recorder.facts?.isResumed == false)
        #expect(try pair(server, tls, host: "other.example.com").client.recorder.facts?.isResumed == false)
        #expect(try pair(server, tls).client.recorder.facts?.isResumed == true)
        #expect(try pair(server, tls).client.recorder.facts?.isResumed == false)
    }

    @Test("versions are agreed on as they are set")
    func versions() throws {
        let server = try Made.context([Made.identity(["mx.example.com"])]) { $0.rules.maxVersion = .v1_2 }
        #expect(try pair(server, try client()).client.recorder.facts?.version == "TLSv1.2")
        let strict = try pair(server, try client { $0.rules.minVersion = .v1_3 })
        #expect(strict.client.recorder.failure == "the server does not accept our versions of TLS")
        #expect(throws: TLSError.self) { try client { $0.rules.ciphers = "NONSENSE" } }
    }

    @Test("a list of hosts holds names, addresses and networks")
    func hosts() {
        let list = HostList(["Example.COM", "192.0.2.1", "198.51.100.0/24", "2001:db8::/32", "192.0.2.9/99"])
        #expect(list.contains(any: "x.test", "example.com.") && list.contains(any: "192.0.2.1"))
        #expect(list.contains(any: "198.51.100.77") && list.contains(any: "2001:db8:1::2"))
        #expect(!list.contains(any: "mx.example.com", "192.0.2.2", "198.51.101.1", "", "192.0.2.9"))
        #expect(HostList().isEmpty && !HostList().contains(any: "example.com") && !list.isEmpty)
    }
}
