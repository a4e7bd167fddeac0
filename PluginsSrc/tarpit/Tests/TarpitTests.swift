// How long, and where.
import Testing

@testable import Tarpit

@Suite("Tarpit")
struct TarpitTests {
    @Test("hooks may be separated by blanks, commas and semicolons, and count once")
    func lists() {
        #expect(hooksToDelay("mail, rcpt;data\tmail") == ["mail", "rcpt", "data"])
    }

    @Test("without a list all hooks wait", arguments: [nil, "", " , "])
    func everything(list: String?) {
        #expect(hooksToDelay(list) == everyHook)
        #expect(everyHook.count == 14)
    }

    @Test(
        "only a positive time is waited for, an hour at most",
        arguments: [(0, nil), (-1, nil), (.nan, nil), (0.25, 250), (5, 5000), (1e300, 3_600_000)] as [(Double, Int64?)])
    func times(seconds: Double, expected: Int64?) {
        #expect(milliseconds(seconds) == expected)
    }
}
