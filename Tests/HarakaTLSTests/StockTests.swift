// Keys and certificates in files, and what is said about them.

import Glibc
import Testing

@testable import HarakaTLS

@Suite("CertificateStock")
struct StockTests {
    private static let now = Int64(time(nil))

    private func stock(_ files: [(String, [UInt8])], passphrase: String = "", days: Int64 = 0)
        -> (stock: CertificateStock, findings: [String])
    {
        var stock = CertificateStock(now: Self.now + days * 86_400)
        stock.add(folder: files.map { PEMText(name: $0.0, bytes: $0.1) }, passphrase: passphrase)
        return (stock, Self.texts(stock))
    }

    private static func texts(_ stock: CertificateStock) -> [String] {
        stock.findings.map { "\($0.isError ? "error" : "warning") \($0.file):\($0.line): \($0.message)" }
    }

    private func names(_ stock: CertificateStock) -> [[String]] { stock.items.map(\.identity.names) }

    private static let one = Made.made(["a.example.com", "b.example.com"])
    private static let two = Made.made(["*.example.net"])

    @Test("keys find their certificates in files of any name")
    func anyNames() throws {
        let (stock, findings) = stock([
            ("tls/1", Self.two.certificate + Self.one.certificate), ("tls/x/2.key", Self.one.key),
            ("tls/3", Self.two.key),
        ])
        #expect(findings.isEmpty)
        #expect(Set(names(stock)) == [["a.example.com", "b.example.com"], ["*.example.net"]])
        let context = try Made.context(stock.items.map(\.identity))
        #expect(context.host("x.example.net") != nil && context.host("b.example.com") != nil)
        #expect(stock.items[0].certificate.keyKind == "EC prime256v1" && stock.items[0].certificate.isSelfSigned)
    }

    @Test("a file may hold several keys with their certificates")
    func together() throws {
        let (stock, findings) = stock([
            ("tls/all.pem", Self.one.key + Self.one.certificate + Self.two.key + Self.two.certificate)
        ])
        #expect(findings.isEmpty && stock.items.count == 2)
        _ = try Made.context(stock.items.map(\.identity))
    }

    @Test(
        "a file of a key alone adds the host that it is named for",
        arguments: [
            ("tls/mail.example.org.key", "mail.example.org"), ("tls/_.example.org.pem", "*.example.org"),
            ("tls/Mail.Example.Org", "mail.example.org"), ("tls/privkey.pem", nil), ("tls/_.pem", nil),
            ("tls/a b.example.key", nil),
        ] as [(String, String?)])
    func namedFile(file: String, host: String?) {
        let (stock, _) = stock([(file, Self.one.key), ("tls/c.pem", Self.one.certificate)])
        #expect(names(stock) == [["a.example.com", "b.example.com"] + (host.map { [$0] } ?? [])])
    }

    @Test("the folder of a certificate program: the file with the chain counts, nothing is said")
    func liveFolder() throws {
        let leaf = Made.made(["mail.example.com"], signer: Made.authority)
        let (stock, findings) = stock([
            ("live/cert.pem", leaf.certificate), ("live/chain.pem", Made.authority.certificate),
            ("live/fullchain.pem", leaf.certificate + Made.authority.certificate), ("live/privkey.pem", leaf.key),
        ])
        #expect(findings.isEmpty)
        #expect(stock.items.map(\.identity.chain.name) == ["live/fullchain.pem"])
    }

    @Test("after a renewal the new pair counts, and the old one's end is not told")
    func renewed() {
        let old = Made.made(["mail.example.com"]) { $0.days = 1 }
        let new = Made.made(["mail.example.com"]) { $0.days = 90 }
        let (stock, findings) = stock(
            [("1.pem", old.key + old.certificate), ("2.pem", new.key + new.certificate)], days: 2)
        #expect(findings.isEmpty && stock.items.map(\.identity.chain.name) == ["2.pem"])
        // The same key with a new certificate.
        let (same, _) = self.stock([("1.pem", Self.one.key + Self.one.certificate), ("2.pem", Self.one.certificate)])
        #expect(same.items.count == 1)
    }

    @Test("an end that is near or past is told, with its day")
    func expiry() {
        let files = [("t.pem", Self.two.key + Self.two.certificate)]
        #expect(stock(files, days: 15).findings.isEmpty)
        let end = Day.text(Self.now + 30 * 86_400)
        let line = Self.two.key.count(where: { $0 == 10 }) + 1
        #expect(
            stock(files, days: 17).findings == [
                "warning t.pem:\(line): the certificate for *.example.net expires on \(end)"
            ])
        #expect(
            stock(files, days: 31).findings == [
                "warning t.pem:\(line): the certificate for *.example.net expired on \(end)"
            ])
        #expect(stock(files, days: 31).stock.items.count == 1)
        let begin = Day.text(Self.now - 3600)
        #expect(
            stock(files, days: -2).findings == [
                "warning t.pem:\(line): the certificate for *.example.net does not hold before \(begin)"
            ])
        #expect(Day.text(0) == "1970-01-01" && Day.text(1_772_323_200) == "2026-03-01")
    }

    @Test("keys and certificates that are alone or do not fit are told")
    func orphans() {
        #expect(stock([("k.pem", Self.one.key)]).findings == ["warning k.pem:1: no certificate belongs to this key"])
        #expect(
            stock([("c.pem", Self.one.certificate)]).findings
                == ["warning c.pem:1: there is no key to the certificate for a.example.com, b.example.com"])
        #expect(stock([("ca.pem", Made.authority.certificate)]).findings.isEmpty)
        let (none, findings) = stock([("a.example.com.key", Self.two.key), ("c.pem", Self.one.certificate)])
        #expect(none.items.isEmpty)
        #expect(
            findings.first
                == "error a.example.com.key:1: this key belongs to another certificate than that for a.example.com, b.example.com in c.pem"
        )
    }

    @Test("a weak key is told and not used")
    func weak() {
        let weak = Made.made(["old.example.com"]) { $0.kind = .rsa(1024) }
        let (stock, findings) = stock([("w.pem", weak.certificate + weak.key)])
        #expect(stock.items.isEmpty)
        #expect(
            findings == [
                "error w.pem:1: the key RSA 1024 of the certificate for old.example.com is too weak: RSA has 2048 bits at least"
            ])
    }

    @Test("a chain in the wrong order is told, and sent in the right one")
    func order() throws {
        let leaf = Made.made(["mail.example.com"], signer: Made.authority)
        let between = Made.made(["Between"], signer: Made.authority) { $0.isAuthority = true }
        let deep = Made.made(["deep.example.com"], signer: between)
        let (stock, findings) = stock([("c.pem", Made.authority.certificate + leaf.certificate), ("k.pem", leaf.key)])
        #expect(findings.isEmpty)
        #expect(stock.items.count == 1)
        let (second, problems) = self.stock([("c.pem", between.certificate + deep.certificate), ("k.pem", deep.key)])
        #expect(
            problems == [
                "warning c.pem:1: the chain is out of order: the certificate for deep.example.com comes first, then its issuer's"
            ])
        let pair = try Pair(
            try Made.context(second.items.map(\.identity)),
            try Made.client {
                $0.rules.clientCertificate = .required
                $0.rules.authorities = [PEMText(name: "ca", bytes: Made.authority.certificate)]
            }, name: "deep.example.com")
        pair.carry()
        #expect(pair.client.recorder.facts?.isVerified == true)
    }

    @Test(
        "damaged PEM is told with its line",
        arguments: [
            ("junk\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 2, "CERTIFICATE cannot be read: "),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 1, "PRIVATE KEY cannot be read: "),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n", 1, "BEGIN PRIVATE KEY has no END"),
            ("\n\n-----BEGIN CERTIFICATE-----\nAA!A\n-----END CERTIFICATE-----", 4, "not base64, within CERTIFICATE"),
            ("-----END CERTIFICATE-----\n", 1, "END CERTIFICATE without its BEGIN"),
            ("-----BEGIN A-----\n-----BEGIN B-----\n-----END B-----\n", 1, "BEGIN A has no END"),
        ])
    func damaged(text: String, line: Int, message: String) {
        let (stock, findings) = stock([("d.pem", Array(text.utf8))])
        #expect(stock.items.isEmpty)
        #expect(findings.first?.hasPrefix("error d.pem:\(line): \(message)") == true)
    }

    @Test("every cut of a PEM file, and every damaged byte, is only a finding")
    func cuts() {
        let bytes = Self.one.certificate + Self.one.key
        for index in stride(from: 0, to: bytes.count, by: 3) {
            _ = PEMContent(Array(bytes[..<index]))
            var damaged = bytes
            damaged[index] ^= 0x15
            _ = PEMContent(damaged).problems
        }
    }

    @Test("a pair that tls.ini names: what is wrong is told, and the next one counts")
    func named() {
        var stock = CertificateStock(now: Self.now)
        func text(_ name: String, _ bytes: [UInt8]) -> PEMText { PEMText(name: name, bytes: bytes) }
        let (key, chain) = (text("k.pem", Self.one.key), text("c.pem", Self.two.certificate))
        #expect(stock.add(key: key, chain: chain, passphrase: "") == nil)
        #expect(stock.add(key: chain, chain: chain, passphrase: "") == nil)
        #expect(stock.add(key: key, chain: key, passphrase: "") == nil)
        #expect(stock.add(key: key, chain: text("c.pem", Self.one.certificate), passphrase: "") != nil)
        #expect(
            Self.texts(stock) == [
                "error c.pem:1: the key in k.pem belongs to another certificate than that for *.example.net",
                "error c.pem:0: there is no private key in it", "error k.pem:0: there is no certificate in it",
            ])
        #expect(stock.items.count == 1)
    }

    @Test("names for a self-signed certificate are hosts or addresses")
    func makerNames() throws {
        for name in ["a,DNS:b", "", "a b", "x\n"] {
            #expect(throws: TLSError.self) { try CertificateMaker(names: [name], days: 1).selfSigned() }
        }
        let made = try CertificateMaker(
            names: ["mail.example.com", "*.example.com", "192.0.2.1", "2001:db8::1"], days: 10
        ).selfSigned()
        let certificate = try #require(PEMContent(made.certificate).certificates.first)
        #expect(certificate.names.alternatives == ["mail.example.com", "*.example.com", "192.0.2.1", "2001:db8::1"])
        #expect(certificate.names.hosts == ["mail.example.com", "*.example.com"])
    }
}
