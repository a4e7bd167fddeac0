// tls.ini key by key.

import Testing

@testable import HarakaConfig

@Suite("TLSFile")
struct TLSFileTests {
    private func read(_ text: String) -> (file: TLSFile, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("tls.ini", text)
        let (file, diagnostics) = TLSFile.read(from: folder.directory)
        return (file, diagnostics.brief)
    }

    @Test("without the file all is as built in")
    func defaults() {
        let (file, diagnostics) = TLSFile.read(from: TemporaryFolder().directory)
        #expect(file == TLSFile() && diagnostics.isEmpty)
        #expect(file.main.minVersion == .v1_2 && file.main.honorsCipherOrder && !file.main.asksForCertificate)
        #expect(file.handshakeTimeout == 30 && file.sessionTickets && file.ticketPeriod == 3600)
    }

    @Test("every key is read")
    func everyKey() {
        let (file, findings) = read(
            """
            key=a.key
            cert=a.pem
            dhparam=dh.pem
            ca=ca.pem
            ciphers=ECDHE+AESGCM
            minVersion=TLSv1.3
            ecdhCurve=P-256
            passphrase=0042
            ALPNProtocols=smtp, lmtp
            requestCert=true
            rejectUnauthorized=true
            honorCipherOrder=false
            requireAuthorized[]=465
            requireAuthorized[]=587
            no_starttls_ports[]=2525
            handshake_timeout=10
            session_tickets=no
            ticket_period=7200
            [redis]
            disable_for_failed_hosts=true
            [no_tls_hosts]
            192.0.2.1
            2001:db8::/32
            127.0.0.0/8
            """)
        #expect(findings.isEmpty)
        #expect(file.main.keys == ["a.key"] && file.main.certificates == ["a.pem"] && file.dhParameters == "dh.pem")
        #expect(file.main.authorities == ["ca.pem"] && file.main.ciphers == "ECDHE+AESGCM")
        #expect(file.main.minVersion == .v1_3 && file.main.groups == "P-256" && file.main.passphrase == "0042")
        #expect(file.protocols == ["smtp", "lmtp"])
        #expect(file.main.requestsCertificate == true && file.main.rejectsUnauthorized && !file.main.honorsCipherOrder)
        #expect(file.requireAuthorized == [465, 587] && file.noStartTLSPorts == [2525])
        #expect(file.handshakeTimeout == 10 && !file.sessionTickets && file.ticketPeriod == 7200)
    }

    @Test("keys and certificates may be lists of the same length")
    func lists() {
        let (file, findings) = read("key[]=a.key\nkey[]=b.key\ncert[]=a.pem\ncert[]=b.pem\necdhCurve=auto")
        #expect(findings.isEmpty && file.main.groups == nil)
        #expect(file.main.keys == ["a.key", "b.key"] && file.main.certificates == ["a.pem", "b.pem"])
        let (bad, problems) = read("key[]=a.key\nkey[]=b.key\ncert=a.pem")
        #expect(bad.main.keys.isEmpty)
        #expect(
            problems == ["2:7: error: main.key is \"b.key\": expected as many as main.cert: 2 keys, 1 certificates"])
        #expect(
            read("cert=a.pem").findings == [
                "1:6: error: main.cert is \"a.pem\": expected as many as main.key: 0 keys, 1 certificates"
            ])
    }

    @Test("clients are asked for certificates where somebody shows that they are wanted")
    func asks() {
        #expect(!read("").file.main.asksForCertificate)
        #expect(read("ca=ca.pem").file.main.asksForCertificate)
        #expect(read("rejectUnauthorized=true").file.main.asksForCertificate)
        #expect(read("requestCert=true").file.main.asksForCertificate)
        #expect(!read("ca=ca.pem\nrequestCert=false").file.main.asksForCertificate)
        let (_, findings) = read("requestCert=false\nrejectUnauthorized=true")
        #expect(
            findings == [
                "2:1: warning: main.rejectUnauthorized refuses nobody, since main.requestCert is false"
            ])
    }

    @Test("a section with a host's name says what is different for it")
    func hosts() {
        let (file, findings) = read(
            "minVersion=TLSv1.3\nkey=a.key\ncert=a.pem\n[Old.example.com]\nminVersion=TLSv1\nciphers=AES128-SHA\n[*.example.net]\nca=x.pem"
        )
        #expect(findings.isEmpty)
        #expect(Set(file.hosts.keys) == ["old.example.com", "*.example.net"])
        #expect(file.hosts["old.example.com"]?.minVersion == .v1_0)
        #expect(file.hosts["old.example.com"]?.ciphers == "AES128-SHA")
        #expect(file.hosts["old.example.com"]?.keys == [])
        #expect(file.hosts["*.example.net"]?.minVersion == .v1_3)
        #expect(file.hosts["*.example.net"]?.asksForCertificate == true)
    }

    @Test("[outbound] is as [main], but for what [main] demands of clients")
    func outbound() {
        let main = """
            key=a.key
            cert=a.pem
            ca=clients.pem
            rejectUnauthorized=true
            minVersion=TLSv1.3
            ciphers=ECDHE+AESGCM

            """
        let (inherited, findings) = read(main)
        #expect(findings.isEmpty)
        let options = inherited.outbound.options
        #expect(options.keys == ["a.key"] && options.certificates == ["a.pem"])
        #expect(options.minVersion == .v1_3 && options.ciphers == "ECDHE+AESGCM")
        // Servers show certificates of the authorities that the system trusts.
        #expect(options.authorities.isEmpty && !options.rejectsUnauthorized)
        let (own, none) = read(
            main + """
                mutual_tls=yes
                [outbound]
                key=o.key
                cert=o.pem
                ca=servers.pem
                rejectUnauthorized=true
                minVersion=TLSv1.2
                force_tls_hosts[]=bank.example
                force_tls_hosts[]=192.0.2.0/24
                no_tls_hosts=old.example, 2001:db8::/32
                [mutual_auth_hosts]
                Partner.example
                other.example=our.example
                [mutual_auth_hosts_exclude]
                rude.example
                """)
        #expect(none.isEmpty)
        #expect(own.outbound.options.keys == ["o.key"] && own.outbound.options.certificates == ["o.pem"])
        #expect(own.outbound.options.authorities == ["servers.pem"] && own.outbound.options.rejectsUnauthorized)
        #expect(own.outbound.options.minVersion == .v1_2 && own.outbound.options.ciphers == "ECDHE+AESGCM")
        #expect(own.outbound.forcedHosts == ["bank.example", "192.0.2.0/24"])
        #expect(own.outbound.hostsWithoutTLS == ["old.example", "2001:db8::/32"])
        #expect(own.outbound.showsCertificate && own.outbound.mutualExceptions == ["rude.example"])
        // The partner is shown the usual one.
        #expect(own.outbound.mutualHosts.compactMapValues { $0 } == ["other.example": "our.example"])
        #expect(own.outbound.mutualHosts.keys.sorted() == ["other.example", "partner.example"])
        #expect(own.main.authorities == ["clients.pem"] && own.main.rejectsUnauthorized)
    }

    @Test(
        "mistakes are told with their place, and the rest counts",
        arguments: [
            (
                "minVersion=SSLv3",
                "1:12: error: main.minVersion is \"SSLv3\": expected tlsv1, tlsv1.1, tlsv1.2, tlsv1.3"
            ),
            (
                "requireAuthorized[]=465\nrequireAuthorized[]=smtps",
                "2:21: error: main.requireAuthorized is \"smtps\": expected a port, 1 to 65535"
            ),
            ("no_starttls_ports=0", "1:19: error: main.no_starttls_ports is \"0\": expected a port, 1 to 65535"),
            ("handshake_timeout=0", "1:19: error: main.handshake_timeout is \"0\": expected seconds, 1 to 600"),
            ("session_tickets=maybe", "1:17: error: main.session_tickets is \"maybe\": expected true or false"),
            ("minversion=TLSv1", "1:1: warning: minversion is no key of [main]; did you mean minVersion?"),
            (
                "[outbund]\nkey=a", "1:1: warning: [outbund] is no section of this file; did you mean [outbound]?"
            ),
            (
                "[no_tls_hosts]\nmail.example.com",
                "2:1: error: \"mail.example.com\" is no client: expected an address, alone or with a prefix length"
            ),
            (
                "[no_tls_hosts]\n1.2.3.4/33",
                "2:1: error: \"1.2.3.4/33\" is no client: expected an address, alone or with a prefix length"
            ),
        ])
    func mistakes(text: String, expected: String) {
        #expect(read(text).findings == [expected])
    }

    @Test(
        "keys of Haraka's that do nothing say so",
        arguments: [
            (
                "secureProtocol=TLSv1_2_method",
                "main.secureProtocol has no effect: minVersion says which versions are spoken"
            ),
            (
                "secureOptions=1",
                "main.secureOptions has no effect: what is unsafe is off; see minVersion, ciphers and honorCipherOrder"
            ),
            (
                "pfx=a.pfx",
                "main.pfx has no effect: keys and certificates are read as PEM (openssl pkcs12 -in FILE -nodes makes it)"
            ),
            ("crl=a.crl", "main.crl has no effect: lists of revoked certificates are not read"),
            ("session=x", "main.session has no effect: it is a client's"),
            (
                "sessionIdContext=x",
                "main.sessionIdContext has no effect: sessions are told apart by the rules they were made under"
            ),
            ("requestOCSP=true", "main.requestOCSP has no effect: OCSP answers are not stapled"),
            ("enableOCSPStapling=true", "main.enableOCSPStapling has no effect: OCSP answers are not stapled"),
        ])
    func idle(text: String, expected: String) {
        #expect(read(text).findings == ["1:1: warning: \(expected)"])
    }
}
