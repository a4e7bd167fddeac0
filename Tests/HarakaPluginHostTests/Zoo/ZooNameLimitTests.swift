// dns/1: limits, turns, what makes no sense, and names for reverse lookups. plugin.h.

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests.NameTests {
    @Test("too many lookups are HARAKA_E_LIMIT, whether the resolver says so or the plugin asks for more than 4096")
    func limits() throws {
        try withZoo { zoo in
            let (client, resolver) = try open(zoo, "x")
            zoo.loop.run { resolver.isBusy = true }
            client.command("ALONE", "x.example")
            #expect(zoo.heard() == ["n: LIMIT"])
            client.command("MANY")
            #expect(zoo.heard().filter { $0.hasPrefix("n: x: 0") }.count == 4096)
        }
    }

    @Test("a plugin that asks for ever for what is known leaves others their turn")
    func fair() throws {
        try withZoo { zoo in
            let (client, _) = try open(zoo, "quiet")
            zoo.loop.run {
                #expect(
                    zoo.host.ask(.unrecognizedCommand(word: "ASK", rest: "known.example"), client.connection) == nil
                )
                // A thousand rounds are not through in one turn.
                #expect(client.verdicts.isEmpty)
            }
            #expect(client.lateVerdicts == [Verdict(.ok)])
        }
    }

    @Test("a resolver that answers before it has returned does no harm")
    func rash() throws {
        try withZoo { zoo in
            let (client, resolver) = try open(zoo)
            zoo.loop.run { resolver.isRash = true }
            client.command("ASK", "x.example")
            #expect(client.lateVerdicts == [Verdict(.deny)])
            #expect(
                zoo.heard() == [
                    "n: SUCCESS", "n: bound: 2 0 x.example 15 ttl 0 -> x.example 'rash'", "n: destroyed bound",
                ])
        }
    }

    @Test("what makes no sense is a status")
    func misuse() throws {
        try withZoo { zoo in
            let (client, resolver) = try open(zoo)
            client.command("ASK", "known.example")
            _ = zoo.heard()
            client.command("MISUSE")
            let statuses = Array(repeating: "ARGUMENT", count: 7) + ["ANSWERED", "HANDLE", "HANDLE", "ARGUMENT"]
            #expect(zoo.heard() == statuses.map { "n: \($0)" })
            #expect(resolver.lookups.isEmpty)
        }
    }

    @Test(
        "names for reverse lookups",
        arguments: [
            ("192.0.2.1", "SUCCESS 1.2.0.192.in-addr.arpa", "SUCCESS 1.2.0.192.zen.example.org"),
            ("::ffff:192.0.2.1", "SUCCESS 1.2.0.192.in-addr.arpa", "SUCCESS 1.2.0.192.zen.example.org"),
            (
                "2001:db8::567:89ab",
                "SUCCESS b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                "SUCCESS b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example.org"
            ), ("192.0.2", "ARGUMENT ?", "ARGUMENT ?"), ("", "ARGUMENT ?", "ARGUMENT ?"),
        ])
    func reverse(address: String, plain: String, inZone: String) throws {
        try withZoo { zoo in
            let (client, _) = try open(zoo)
            client.command("REVERSE", address)
            client.command("ZONE", address)
            #expect(zoo.heard() == ["n: \(plain)", "n: \(inZone)"])
        }
    }
}
