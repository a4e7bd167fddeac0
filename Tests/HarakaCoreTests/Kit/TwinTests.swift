// The twin with status codes must be found out when it differs: the test kit tested.

import HarakaCore
import SMTPSyntax
import Testing

@testable import HarakaTestKit

@Suite("Twins with status codes")
struct TwinTests {
    private static func differences(_ plain: String, _ coded: String, isBare: Bool = false) -> [String] {
        StatusCheck(
            plain: [SentReply(bytes: Transcript.bytes(plain), isBare: isBare)],
            coded: [SentReply(bytes: Transcript.bytes(coded), isBare: isBare)]
        ).differences
    }

    @Test(
        "a twin that says the same with a status is in order",
        arguments: [
            ("250 OK\\r\\n", "250 2.0.0 OK\\r\\n", false), ("354 go\\r\\n", "354 go\\r\\n", false),
            ("550-a\\r\\n550 b\\r\\n", "550-5.7.1 a\\r\\n550 5.7.1 b\\r\\n", false),
            ("550 5.1.1 a\\r\\n", "550 5.1.1 a\\r\\n", false), ("450 5.1.1 a\\r\\n", "450 4.1.1 a\\r\\n", false),
            ("220 H\\r\\n", "220 H\\r\\n", true),
            ("250-H\\r\\n250 SIZE 1\\r\\n", "250-H\\r\\n250-SIZE 1\\r\\n250 ENHANCEDSTATUSCODES\\r\\n", true),
            (
                "250-H\\r\\n250-SIZE 1\\r\\n250 X\\r\\n",
                "250-H\\r\\n250-SIZE 1\\r\\n250-ENHANCEDSTATUSCODES\\r\\n250 X\\r\\n", true
            ),
            ("550 Authentication required\\r\\n", "530 5.7.0 Authentication required\\r\\n", false),
        ])
    func same(plain: String, coded: String, isBare: Bool) {
        #expect(TwinTests.differences(plain, coded, isBare: isBare) == [])
    }

    @Test(
        "one that does not is found out",
        arguments: [
            ("250 OK\\r\\n", "250 OK\\r\\n", false, "no status code: 250 OK"),
            ("250 H\\r\\n", "250 2.0.0 H\\r\\n", true, "a status code where none may be: 2.0.0 H"),
            ("354 go\\r\\n", "354 2.0.0 go\\r\\n", false, "a status code where none may be: 2.0.0 go"),
            ("550 a\\r\\n", "550 4.0.0 a\\r\\n", false, "the class is not the code's: 550 4.0.0 a"),
            ("550 5.1.1 a\\r\\n", "550 5.1.1 5.1.1 a\\r\\n", false, "two status codes: 5.1.1 5.1.1 a"),
            ("550-a\\r\\n550 b\\r\\n", "550-5.7.1 a\\r\\n550 5.7.2 b\\r\\n", false, "two status codes in one reply"),
            ("250 OK\\r\\n", "250 2.0.0 Ok\\r\\n", false, "without status codes"),
            ("250 OK\\r\\n", "251 2.0.0 OK\\r\\n", false, "without status codes"),
            ("250 OK\\r\\n", "250-2.0.0 OK\\r\\n", false, "without status codes"),
            ("250 a\\r\\n", "250 2.0.0 ENHANCEDSTATUSCODES\\r\\n", false, "without status codes"),
            ("550 x\\r\\n", "530 5.7.0 x\\r\\n", false, "without status codes"),
        ])
    func differs(plain: String, coded: String, isBare: Bool, words: String) {
        let differences = TwinTests.differences(plain, coded, isBare: isBare)
        #expect(differences.contains { $0.hasPrefix(words) }, "\(differences)")
    }

    @Test("a reply too many or too few is found out")
    func count() {
        let reply = SentReply(bytes: Transcript.bytes("250 OK\\r\\n"), isBare: false)
        #expect(StatusCheck(plain: [reply], coded: []).differences.count == 1)
    }

    @Test("each session without status codes has a twin with them, to which the same happens")
    func twins() throws {
        let driver = SessionDriver.greeted()
        let twin = try #require(driver.twin)
        #expect(twin.machine.settings.sendsEnhancedCodes)
        driver.say("NOOP")
        #expect(String(decoding: twin.output, as: UTF8.self) == "250 2.0.0 OK\r\n")
        #expect(driver.twinDifferences() == [])
        twin.say("NOOP")
        #expect(driver.twinDifferences().count == 2)
        #expect(SessionDriver(.coded).twin == nil)
    }
}
