// Lookups in real zones, from a real name server.

import HarakaCore
import HarakaDNS
import NIOCore
import Testing

@Suite(
    "Zones", .enabled(if: ZoneServer.shared != nil, "nsd is not installed: Scripts/setup"), .timeLimit(.minutes(1)))
struct ZoneTests {
    private func asking(
        _ change: (inout DNSSettings) -> Void = { _ in }, _ body: (Asking) async throws -> Void
    ) async throws {
        let server = try #require(ZoneServer.shared)
        var settings = Asking.settings(server.address)
        change(&settings)
        try await Asking.with(settings, body)
    }

    private func validating(
        _ validation: DNSSettings.Validation, _ body: (Asking) async throws -> Void
    ) async throws {
        let anchor = try #require(ZoneServer.shared).anchor
        try await asking(
            {
                $0.validation = validation
                $0.trustAnchorFile = anchor
            }, body)
    }

    @Test(
        "records of each type become text",
        arguments: [
            ("mx.example.com", 1, ["192.0.2.1", "192.0.2.2"]), ("mx.example.com", 28, ["2001:db8::1"]),
            ("example.com", 2, ["ns.example.com"]), ("one.example.com", 5, ["mx.example.com"]),
            ("1.2.0.192.in-addr.arpa", 12, ["mx.example.com"]),
            ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", 12, ["mx.example.com"]),
            ("strings.example.com", 16, ["v=spf1 include:example.net -all"]),
            ("long.example.com", 16, [String(repeating: "a", count: 200) + String(repeating: "b", count: 200)]),
        ] as [(String, UInt16, [String])])
    func text(_ name: String, _ type: UInt16, _ expected: [String]) async throws {
        try await asking { asking in
            let answer = try await asking.ask(name, type)
            #expect(answer.status == .found)
            #expect(answer.records.map(\.text).sorted() == expected)
            #expect(answer.records.allSatisfy { $0.type == type && (290...300).contains($0.ttl) })
            #expect(answer.canonical == name)
        }
    }

    @Test("mail exchangers come by priority, in lower case")
    func mailExchangers() async throws {
        try await asking { asking in
            let answer = try await asking.ask("example.com", 15)
            #expect(answer.records.map(\.priority) == [10, 10, 20])
            #expect(Set(answer.records.prefix(2).map(\.text)) == ["mx.example.com", "mx2.example.com"])
            #expect(answer.records.last?.text == "backup.example.com")
        }
    }

    @Test("the null MX is a dot")
    func nullMX() async throws {
        try await asking { asking in
            let answer = try await asking.ask("null.example.com", 15)
            #expect(answer.records.map(\.text) == ["."])
            #expect(answer.records.map(\.priority) == [0])
            #expect(answer.records.map(\.data) == [[0, 0, 0]])
        }
    }

    @Test("a type without a text has its data")
    func otherType() async throws {
        try await asking { asking in
            let answer = try await asking.ask("_25._tcp.mx.example.com", 52)
            #expect(answer.records.map(\.data) == [[3, 1, 1] + (0...31).map { UInt8($0) }])
            #expect(answer.records.first?.text == "")
        }
    }

    @Test("a chain of CNAMEs leads to the records at its end, whose name is the canonical one")
    func chain() async throws {
        try await asking { asking in
            let answer = try await asking.ask("www.example.com")
            #expect(answer.status == .found)
            #expect(answer.canonical == "mx.example.com")
            #expect(answer.records.map(\.text).sorted() == ["192.0.2.1", "192.0.2.2"])
        }
    }

    @Test("a loop of CNAMEs is a failure")
    func loop() async throws {
        try await asking { asking in
            let answer = try await asking.ask("round.example.com")
            #expect(answer.status == .failed)
            #expect(answer.records.isEmpty)
        }
    }

    @Test("a name that is not there, one without such records, and a zone that the server refuses")
    func nothing() async throws {
        try await asking { asking in
            let noName = try await asking.ask("nobody.example.com")
            #expect(noName.status == .noName)
            #expect((55...60).contains(noName.ttl))
            let noData = try await asking.ask("strings.example.com")
            #expect(noData.status == .noData)
            let refused = try await asking.ask("example.org")
            #expect(refused.status == .failed)
        }
    }

    // MARK: DNSSEC

    @Test("what is signed well is secure, the absence of a name too")
    func secure() async throws {
        try await validating(.permissive) { asking in
            for strict in [false, true] {
                let answer = try await asking.ask("mx.signed.example", strict: strict)
                #expect(answer.status == .found)
                #expect(answer.security == .secure)
                let chain = try await asking.ask("alias.signed.example", strict: strict)
                #expect(chain.security == .secure)
                #expect(chain.canonical == "mx.signed.example")
                let noName = try await asking.ask("nobody.signed.example", strict: strict)
                #expect(noName.status == .noName)
                #expect(noName.security == .secure)
                let noData = try await asking.ask("mx.signed.example", 28, strict: strict)
                #expect(noData.status == .noData)
                #expect(noData.security == .secure)
            }
        }
    }

    @Test("what is not signed is insecure, and found by those who insist too")
    func insecure() async throws {
        try await validating(.permissive) { asking in
            for strict in [false, true] {
                let answer = try await asking.ask("mx.example.com", strict: strict)
                #expect(answer.status == .found)
                #expect(answer.security == .insecure)
            }
        }
    }

    @Test("what was changed after it was signed is bogus: given with that mark, and kept from those who insist")
    func bogus() async throws {
        try await validating(.permissive) { asking in
            for _ in 0..<2 {
                let answer = try await asking.ask("broken.signed.example")
                #expect(answer.status == .found)
                #expect(answer.security == .bogus)
                #expect(answer.records.map(\.text) == ["192.0.2.99"])
                let strict = try await asking.ask("broken.signed.example", strict: true)
                #expect(strict.status == .bogus)
                #expect(strict.security == .bogus)
                #expect(strict.records.isEmpty)
                #expect(strict.reason.contains("signature"))
            }
        }
    }

    @Test("with strict settings nobody gets what is bogus")
    func strictSettings() async throws {
        try await validating(.strict) { asking in
            let answer = try await asking.ask("broken.signed.example")
            #expect(answer.status == .bogus)
            let known = try await asking.onLoop {
                $0.remembered(NameQuestion("broken.signed.example", 1), strict: false)
            }
            #expect(known?.status == .bogus)
            let other = try await asking.ask("mx.signed.example")
            #expect(other.security == .secure)
        }
    }

    @Test("without validation nobody looks at signatures")
    func off() async throws {
        try await validating(.off) { asking in
            let answer = try await asking.ask("broken.signed.example", strict: true)
            #expect(answer.status == .found)
            #expect(answer.security == .insecure)
        }
    }

    @Test("behind a resolver without DNSSEC names are found as ever, and those who insist get nothing")
    func stripped() async throws {
        // The root's keys are not to be had from this server.
        let folder = try #require(ZoneServer.shared).folder
        let root = ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
        let file = folder + "/root"
        ZoneServer.write(root, file)
        try await asking({
            $0.validation = .permissive
            $0.trustAnchorFile = file
        }) { asking in
            for name in ["mx.example.com", "mx.signed.example", "www.example.com"] {
                let answer = try await asking.ask(name)
                #expect(answer.status == .found)
                #expect(answer.security == .insecure)
                let strict = try await asking.ask(name, strict: true)
                #expect(strict.status == .bogus)
            }
        }
    }
}
