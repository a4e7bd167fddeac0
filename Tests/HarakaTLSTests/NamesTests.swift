// Which certificate a client gets to see.

import Testing

@testable import HarakaTLS

@Suite("Names")
struct NamesTests {
    /// The common name that a client sees which asks for `name`.
    private func shown(_ server: TLSContext, _ name: String?, rsa: Bool = false) throws -> String? {
        let client = try Made.client {
            guard rsa else { return }
            $0.rules.maxVersion = .v1_2
            $0.rules.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
        }
        let pair = try Pair(server, client, name: name)
        pair.carry()
        #expect(pair.server.recorder.facts?.serverName == (name ?? "").lowercased())
        return pair.client.recorder.facts?.peer?.commonName
    }

    private static func server() throws -> TLSContext {
        try Made.context([
            Made.identity(["mail.example.com"]), Made.identity(["*.example.com"]),
            Made.identity(["b.example.net", "c.example.net"]),
            Made.identity(["exact.example.com"]),
        ])
    }

    @Test(
        "the exact name, then a wildcard for one label, then the default",
        arguments: [
            (nil, "mail.example.com"), ("mail.example.com", "mail.example.com"),
            ("exact.example.com", "exact.example.com"), ("EXACT.Example.COM", "exact.example.com"),
            ("other.example.com", "*.example.com"), ("a.b.example.com", "mail.example.com"),
            ("example.com", "mail.example.com"), ("b.example.net", "b.example.net"),
            ("c.example.net", "b.example.net"), ("nobody.example.org", "mail.example.com"),
        ] as [(String?, String)])
    func table(name: String?, expected: String) throws {
        #expect(try shown(try Self.server(), name) == expected)
    }

    @Test("certificates of two kinds of key for one name: each client gets what it can check")
    func twoKinds() throws {
        let rsa = Made.identity(["rsa.example.com", "two.example.com"]) { $0.kind = .rsa(2048) }
        let server = try Made.context([
            Made.identity(["default.example.com"]), Made.identity(["ec.example.com", "two.example.com"]), rsa,
        ])
        #expect(try shown(server, "two.example.com") == "ec.example.com")
        #expect(try shown(server, "two.example.com", rsa: true) == "rsa.example.com")
        #expect(try shown(server, nil) == "default.example.com")
        #expect(try shown(server, nil, rsa: true) == "rsa.example.com")
    }

    @Test("a host may have rules and certificates of its own")
    func ownRules() throws {
        let server = try Made.context {
            var rules = $0.rules
            rules.maxVersion = .v1_2
            rules.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"
            $0.hosts["old.example.com"] = .init(rules: rules, identities: [Made.identity(["old.example.com"])])
            $0.hosts["same.example.com"] = .init(rules: rules)
        }
        let old = try Pair(server, try Made.client(), name: "old.example.com")
        old.carry()
        #expect(old.client.recorder.facts?.peer?.commonName == "old.example.com")
        #expect(old.server.recorder.facts?.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
        #expect(old.server.recorder.facts?.version == "TLSv1.2")
        #expect(try shown(server, "same.example.com") == "mail.example.com")
        let new = try Pair(server, try Made.client(), name: "mail.example.com")
        new.carry()
        #expect(new.server.recorder.facts?.version == "TLSv1.3")
    }

    @Test("names given with an identity count instead of those in it")
    func givenNames() throws {
        var identity = Made.identity(["a.example.com"])
        identity.names = ["z.example.com"]
        let server = try Made.context([Made.server, identity])
        #expect(try shown(server, "z.example.com") == "a.example.com")
        #expect(try shown(server, "a.example.com") == "mail.example.com")
    }

    @Test("a ClientHello's names and versions are read within their bounds")
    func bounds() {
        func name(_ bytes: [UInt8]) -> String? { bytes.withUnsafeBytes(ClientHello.name) }
        func highest(_ bytes: [UInt8]) -> UInt16? { bytes.withUnsafeBytes(ClientHello.highest) }
        #expect(name([0, 4, 0, 0, 1, 0x41]) == "a")
        #expect(name([0, 4, 0, 0, 2, 0x41]) == nil)
        #expect(name([0, 4, 1, 0, 1, 0x41]) == nil)
        #expect(name([0, 4, 0, 0, 1, 0]) == nil)
        #expect(name([0, 3, 0, 0, 0]) == nil)
        #expect(name([]) == nil)
        #expect(highest([]) == nil)
        #expect(highest([2]) == nil)
        #expect(highest([2, 3]) == nil)
        #expect(highest([4, 0x0A, 0x0A, 3, 3]) == 0x0303)
        #expect(highest([6, 3, 3, 3, 4, 3]) == 0x0304)
    }

    @Test("mistakes in what it is made of are named with their file")
    func mistakes() {
        func message(_ identity: TLSIdentity, _ change: (inout TLSSettings) -> Void = { _ in }) -> String {
            do {
                _ = try Made.context([identity], change)
                return ""
            } catch { return "\(error)" }
        }
        let (a, b) = (Made.identity(["a.example"]), Made.identity(["b.example"]))
        var mixed = a
        mixed.chain = b.chain
        #expect(message(mixed) == "b.example.pem: no certificate in it belongs to the key in a.example-key.pem")
        mixed = a
        mixed.key = a.chain
        #expect(message(mixed) == "a.example.pem: there is no private key in it")
        mixed = a
        mixed.chain = a.key
        #expect(message(mixed) == "a.example-key.pem: there is no certificate in it")
        #expect(message(a) { $0.rules.ciphers = "NONSENSE" } == "OpenSSL knows no cipher of \"NONSENSE\"")
        #expect(message(a) { $0.rules.ciphers = "TLS_NO" } == "OpenSSL does not know a cipher of \"TLS_NO\"")
        #expect(message(a) { $0.rules.groups = "P-25519" } == "OpenSSL does not know a group of \"P-25519\"")
        #expect(
            message(a) { $0.rules.authorities = [PEMText(name: "ca.pem", bytes: [])] }
                == "ca.pem: there is no certificate in it")
        #expect(
            message(a) { $0.dhParameters = PEMText(name: "dh.pem", bytes: [1]) }.hasPrefix("dh.pem: no Diffie-Hellman"))
    }
}
