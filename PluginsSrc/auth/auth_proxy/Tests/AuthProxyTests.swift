// Whom to ask about whom.
import HarakaPluginKit
import Testing

@testable import AuthProxy

@Suite("Proxy of passwords")
struct AuthProxyTests {
    private func settings(_ domain: String, tls: Value = .null) throws -> Settings {
        try Settings(
            .map([("main", .map([("require_tls", tls)])), ("domains", .map([("Example.com", .text(domain))]))]))
    }

    @Test("servers are asked in their order, about the user with and without domain")
    func question() throws {
        let settings = try settings("a:26, [2001:db8::1]:27; 2001:db8::2 b")
        let question = try #require(settings.question(about: "Ann@EXAMPLE.com"))
        #expect(question.users == ["Ann@EXAMPLE.com", "Ann"])
        #expect(question.servers.map { "\($0.host) \($0.port)" } == ["a 26", "2001:db8::1 27", "2001:db8::2 0", "b 0"])
        #expect(question.servers.allSatisfy { $0.usesTLS && !$0.requiresTLS })
        let strict = try #require(try self.settings("a", tls: .text("on")).question(about: "a@b@example.com"))
        #expect(strict.users == ["a@b@example.com", "a@b"])
        #expect(strict.servers[0].requiresTLS && strict.servers[0].verifiesTLS)
    }

    @Test(
        "users of other domains, or of none, are left to others",
        arguments: ["ann", "ann@example.org", "@example.com", "", "ann@"])
    func others(user: String) throws {
        #expect(try settings("a").question(about: user) == nil)
    }

    @Test("what makes no sense is named", arguments: ["", "a:0", "a:b", ":25", "[]:25", ", ;"])
    func mistakes(domain: String) {
        #expect(throws: PluginError.self) { try settings(domain) }
    }

    @Test("a switch that is none is named, and a server that does not answer has not said that the password is wrong")
    func answers() {
        #expect(throws: PluginError.self) { try settings("a", tls: .text("maybe")) }
        #expect(answer(to: .right).code == .ok)
        #expect(answer(to: .wrong(SMTPReply(535))).code == .deny)
        #expect(answer(to: .unknown(SMTPReply(421))).code == .denySoft)
    }
}
