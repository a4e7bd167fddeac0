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

    @Test("a new list is taken over for the hooks that tarpit is registered on")
    func change() {
        let delays = Delays(wanted: ["mail", "custom"])
        func waiting() -> [String] { delays.hooks.filter(\.isWanted).map(\.hook) }
        #expect(delays.hooks.count == 15)
        #expect(waiting() == ["mail", "custom"])
        #expect(delays.take(["noop", "custom"]) == nil)
        #expect(waiting() == ["noop", "custom"])
    }

    @Test("a list with a hook that tarpit is not registered on changes nothing")
    func stranger() {
        let delays = Delays(wanted: ["mail"])
        #expect(delays.take(["noop", "mial"]) == "mial")
        #expect(delays.hooks.filter(\.isWanted).map(\.hook) == ["mail"])
    }

    @Test(
        "only a positive time is waited for, an hour at most",
        arguments: [(0, nil), (-1, nil), (.nan, nil), (0.25, 250), (5, 5000), (1e300, 3_600_000)] as [(Double, Int64?)])
    func times(seconds: Double, expected: Int64?) {
        #expect(milliseconds(seconds) == expected)
    }
}
