// What the program reads, and what its end means.
import HarakaPluginKit
import Testing

@testable import QmailQueue

@Suite("queue/qmail-queue")
struct QmailQueueTests {
    @Test("the envelope is F, sender, NUL, T, recipient, NUL ..., NUL")
    func envelopes() {
        let bytes = envelope(sender: "a@b.example", recipients: ["c@d.example", "e@f.example"])
        #expect(String(decoding: bytes, as: UTF8.self) == "Fa@b.example\0Tc@d.example\0Te@f.example\0\0")
        #expect(envelope(sender: "", recipients: ["c@d"]) == Array("F\0Tc@d\0\0".utf8))
    }

    @Test("the envelope of a thousand recipients has all of them")
    func long() {
        let recipients = (0..<1000).map { "recipient-with-a-long-name-\($0)@example.com" }
        let parts = envelope(sender: "a@b", recipients: recipients).split(separator: 0)
        #expect(parts.count == 1001)
        #expect(parts.last.map { String(decoding: $0, as: UTF8.self) } == "Trecipient-with-a-long-name-999@example.com")
    }

    @Test(
        "local parts lose their quotes",
        arguments: [
            ("joe", "d", "joe@d"), (#""joe smith""#, "d", "joe smith@d"), (#""a\"b\\c""#, "d", #"a"b\c@d"#),
            ("postmaster", "", "postmaster"), (#"""#, "d", #""@d"#), (#""""#, "d", "@d"),
        ])
    func addresses(user: String, host: String, expected: String) {
        #expect(address(user: user, host: host) == expected)
    }

    @Test(
        "0 is queued, 11 to 40 are final, all else is not",
        arguments: [
            (0, "queued"), (1, "failed"), (10, "failed"), (11, "refused"), (31, "refused"), (40, "refused"),
            (41, "failed"),
            (51, "failed"), (53, "failed"), (71, "failed"), (81, "failed"), (91, "failed"), (120, "failed"),
            (255, "failed"),
            (256 + 9, "failed"),
        ] as [(Int32, String)])
    func outcomes(status: Int32, expected: String) {
        let found =
            switch Outcome(status: status) {
            case .queued: "queued"
            case .refused: "refused"
            case .failed: "failed"
            }
        #expect(found == expected)
    }

    @Test("a signal is named")
    func signals() {
        #expect(Outcome(status: 256 + 9) == .failed("ended by signal 9"))
    }

    @Test(
        "the program has a second less than the plugin",
        arguments: [(30_000, 29_000), (1200, 500), (0, 500), (.max, 600_000), (3_600_001, 600_000)] as [(Int64, Int64)])
    func limits(left: Int64, expected: Int64) {
        #expect(timeLimit(left) == expected)
    }

    @Test("the path is qmail's, or one that begins with a slash")
    func paths() throws {
        #expect(try Settings(path: .null, outbound: true).path == "/var/qmail/bin/qmail-queue")
        #expect(try Settings(path: .text(""), outbound: true).path == "/var/qmail/bin/qmail-queue")
        #expect(try Settings(path: .text("/x"), outbound: true).path == "/x")
        for wrong: Value in [.text("x/y"), .integer(5), .text("./x")] {
            #expect(throws: PluginError.self) { _ = try Settings(path: wrong, outbound: true) }
        }
    }
}
