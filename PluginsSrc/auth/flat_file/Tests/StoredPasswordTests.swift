// The forms of a stored password. The hashes were made with crypt(3) and Python's hashlib; all are of "secret".
import HarakaPluginKit
import Testing

@testable import FlatFile

@Suite("A stored password")
struct StoredPasswordTests {
    static let scram =
        "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,"
        + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    static let sha512 =
        "$6$rounds=1000$saltstring$"
        + "2BkAo106CG84raQcWpAlhyy6TSSkAsL1nfvBCoezLYyerUzY2l8axTvq6NynEt7SQAx3/cdop9ds0po8uaeHq0"
    static let ofSecret = [
        "secret", "{PLAIN}secret", "{plain}secret", "{CLEAR}secret", "{CLEARTEXT}secret",
        sha512, "{SHA512-CRYPT}" + sha512,
        "{CRYPT}$5$rounds=1000$saltstring$AH5PD0i.riCRu4BNDy9v7OPV7u3dfLBApcXI6khquVA",
        "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "{BLF-CRYPT}$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$y$j75$ohMdHXeGu3gyNBgXtZ0wI.$cmkAtCPxrXQ8iZ8PrOEAogV68E3Ahv6FOBsni0jzK50",
        "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
        "{SSHA}D4kSuvPIF4rZzl+dW9Km/1788fBwZXBwZXI=", "{SSHA256}N+1jIGzbrz9mdVSdrfQLph9BHVnsV+x8EuQ5oxfV05twZXBwZXI=",
        "{SSHA512}yreFFnGZtsvzvla8i9E2vdgYkV/W/fffWI58oF/Bz6gCBig8LFcqTU6mYV4HpwNgAq53rou6YGObsfQ+inK2+XBlcHBlcg==",
        "{SMD5}F181LfrvtwhsBmo25pvgnHBlcHBlcg==", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{SHA1}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
        "{SHA512}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cmW192CF5bDufKRpayrW/isg==",
        "{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
    ]

    @Test("accepts its password and no other", arguments: ofSecret)
    func accepts(text: String) throws {
        let stored = try #require(StoredPassword(text))
        #expect(stored.accepts("secret", .system))
        for wrong in ["", "Secret", "secret ", "secre", "secrets", text] where wrong != "secret" {
            #expect(!stored.accepts(wrong, .system), "\(wrong)")
        }
    }

    @Test("the keys of SCRAM accept the password, too: RFC 7677's example")
    func scramKeys() throws {
        let stored = try #require(StoredPassword(Self.scram))
        #expect(stored.accepts("pencil", .system))
        #expect(!stored.accepts("pencils", .system))
        guard case .scram(let keys) = stored else { return #expect(Bool(false)) }
        #expect("{SCRAM-SHA-256}" + keys.text == Self.scram)
    }

    @Test(
        "what is in no known form is none, and not a clear password",
        arguments: [
            "{", "{PLAIN", "{}", "{}secret", "{FOO}secret", "{PLAIN}", "{CRYPT}", "{SHA512-CRYPT}secret",
            "{SSHA}secret",
            "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "{SHA}D4kSuvPIF4rZzl+dW9Km/1788fBwZXBwZXI=", "{SCRAM-SHA-256}",
            "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==", "{SCRAM-SHA-256}x" + scram.dropFirst(15),
        ])
    func unknown(text: String) { #expect(StoredPassword(text) == nil) }

    @Test("a password that looks like a hash but is none is clear")
    func notAHash() { #expect(StoredPassword("$money$") == .plain("$money$")) }

    @Test("which mechanisms each form allows")
    func allows() throws {
        func allowed(_ text: String) throws -> [String] {
            let stored = try #require(StoredPassword(text))
            return UserFile.all.filter { stored.allows($0) }
        }
        #expect(try allowed("secret") == UserFile.all)
        #expect(try allowed(Self.scram) == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"])
        #expect(try allowed(Self.ofSecret[5]) == ["PLAIN", "LOGIN"])
        #expect(try allowed(Self.ofSecret[12]) == ["PLAIN", "LOGIN"])
    }
}
