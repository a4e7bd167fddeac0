// auth.ini, failures and delays, and what is said of a client in Authentication-Results.
import HarakaPluginKit
import Testing

@testable import AuthBase

@Suite("auth.ini")
struct SettingsTests {
    private func file(_ section: String, _ key: String, _ value: Value) -> Value {
        .map([(section, Value.map([(key, value)]))])
    }

    @Test("an empty file has the defaults of the page")
    func defaults() throws {
        let settings = try Settings(.null)
        #expect(settings.inClear == nil)
        #expect(settings.methods == [.plain, .login])
        #expect(!settings.blanksPassword)
        #expect((settings.maxFailures, settings.maxDelay) == (3, 16_000))
        #expect((settings.addressFailures, settings.addressWindow) == (10, 3_600_000))
        #expect(settings.secret == "")
    }

    @Test("each key is read")
    func keys() throws {
        #expect(try Settings(file("main", "in_clear", .text("Private"))).inClear == .private)
        #expect(try Settings(file("main", "methods", .text("login, Cram-MD5"))).methods == [.login, .cramMD5])
        #expect(try Settings(file("main", "blankout_password", .text("Yes"))).blanksPassword)
        #expect(try Settings(file("main", "blankout_password", .integer(1))).blanksPassword)
        #expect(try Settings(file("failures", "max", .integer(0))).maxFailures == 0)
        #expect(try Settings(file("failures", "max_delay", .integer(2))).maxDelay == 2000)
        #expect(try Settings(file("failures", "address", .integer(5))).addressFailures == 5)
        #expect(try Settings(file("failures", "address_window", .integer(60))).addressWindow == 60_000)
        #expect(try Settings(file("scram", "secret", .text("s3cret"))).secret == "s3cret")
        #expect(try Settings(file("scram", "secret", .integer(12345))).secret == "12345")
    }

    @Test(
        "a slip is an error, and not a default",
        arguments: [
            ("main", "in_clear", Value.text("sometimes")), ("main", "methods", .text("PLAIN SCRAM-SHA-256")),
            ("main", "blankout_password", .text("treu")), ("main", "blankout_password", .integer(2)),
            ("failures", "max", .text("three")), ("failures", "max", .integer(-1)),
            ("failures", "max_delay", .number(0.5)),
        ])
    func slips(section: String, key: String, value: Value) {
        #expect(throws: PluginError.self) { try Settings(file(section, key, value)) }
    }

    @Test("failures of a session wait 1, 2, 4 ... seconds, never more than max_delay")
    func sessionDelays() throws {
        let settings = try Settings(.null)
        let delays = [1, 2, 3, 4, 5, 6, 1000, Int.max].map { settings.delay(afterSessionFailures: $0) }
        #expect(delays == [1000, 2000, 4000, 8000, 16_000, 16_000, 16_000, 16_000])
    }

    @Test("an address waits from the tenth failure on, before it is looked at")
    func addressDelays() throws {
        let settings = try Settings(.null)
        let delays = [0, 9, 10, 11, 13, 14, 15, Int.max].map { settings.delay(afterAddressFailures: $0) }
        #expect(delays == [0, 0, 1000, 2000, 8000, 16_000, 16_000, 16_000])
        #expect(try Settings(file("failures", "address", .integer(0))).delay(afterAddressFailures: 1000) == 0)
    }
}

@Suite("Failed attempts of addresses")
struct AttemptsTests {
    @Test("are counted apart, remembered for one window at least, and forgotten after two")
    func windows() {
        let attempts = Attempts()
        attempts.failed("a", now: 1000, window: 100)
        attempts.failed("a", now: 1050, window: 100)
        attempts.failed("b", now: 1050, window: 100)
        #expect(attempts.count("a", now: 1099, window: 100) == 2)
        #expect(attempts.count("b", now: 1099, window: 100) == 1)
        #expect(attempts.count("a", now: 1149, window: 100) == 2)
        #expect(attempts.count("a", now: 1300, window: 100) == 0)
        attempts.failed("a", now: 1300, window: 100)
        #expect(attempts.count("a", now: 1900, window: 100) == 0)
    }

    @Test("never take more memory than two tables, whoever comes")
    func bounded() {
        let attempts = Attempts(capacity: 100)
        for index in 0..<10_000 { attempts.failed("\(index)", now: 1000, window: 1_000_000) }
        #expect(attempts.size <= 200)
        #expect(attempts.count("9999", now: 1000, window: 1_000_000) == 1)
    }

    @Test("of one IPv6 network are one client's")
    func networks() {
        #expect(Attempts.key("192.0.2.1") == "192.0.2.1")
        #expect(Attempts.key("2001:db8:1:2:3:4:5:6") == Attempts.key("2001:db8:1:2::1"))
        #expect(Attempts.key("2001:db8:1:2::1") != Attempts.key("2001:db8:1:3::1"))
        #expect(Attempts.key("") == "")
    }
}

@Suite("What is said and offered")
struct WordsTests {
    @Test(
        "a name in Authentication-Results cannot add a result of its own",
        arguments: [
            ("ann@example.com", "ann@example.com"), ("", "\"\""), ("a b", "\"a b\""),
            ("x; spf=pass", "\"x; spf=pass\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""), ("a\r\nb", "\"ab\""), ("jos\u{E9}", "\"jos\u{E9}\""), ("(c)", "\"(c)\""),
        ])
    func names(name: String, text: String) { #expect(quoted(name) == text) }

    @Test("a child names its mechanisms in a text or a list, and what nobody knows is left out")
    func lists() {
        #expect(mechanisms(in: .text("plain, Scram-SHA-256 NTLM")) == [.plain, .scram])
        #expect(mechanisms(in: .list([.text("LOGIN"), .integer(1), .text("XOAUTH2")])) == [.login, .xoauth2])
        #expect(mechanisms(in: nil) == [])
    }

    @Test("each mechanism has a method of its own name")
    func methods() {
        #expect(
            MechanismName.allCases.map(\.method) == [
                "auth_scram_sha_256_plus", "auth_scram_sha_256", "auth_oauthbearer", "auth_xoauth2", "auth_plain",
                "auth_login",
                "auth_cram_md5",
            ])
    }
}
