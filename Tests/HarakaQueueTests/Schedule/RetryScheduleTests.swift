// temp_fail_intervals.

import HarakaQueue
import Testing

@Suite("retry schedule")
struct RetryScheduleTests {
    @Test("the usual one doubles from 64 to 131072 seconds, in twelve steps")
    func usual() {
        let seconds: [Int64] = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131_072]
        #expect(RetrySchedule.usual.delays == seconds.map { $0 * 1000 })
        #expect(RetrySchedule.usual.delay(afterFailures: 1) == 64_000)
        #expect(RetrySchedule.usual.delay(afterFailures: 12) == 131_072_000)
        #expect(RetrySchedule.usual.delay(afterFailures: 13) == nil)
        #expect(RetrySchedule.usual.longest == 131_072_000)
    }

    @Test(
        "maxTempFailures is one more than the retries, within bounds",
        arguments: [(0, 0), (1, 0), (2, 1), (13, 12), (20, 19), (1000, 19), (-5, 0), (Int.max, 19), (Int.min, 0)])
    func maxTempFailures(_ given: Int, _ retries: Int) {
        #expect(RetrySchedule(maxTempFailures: given).delays.count == retries)
    }

    @Test("a failure that never was, or one too many, has no delay", arguments: [Int.min, -1, 0, 4, Int.max])
    func outside(_ failures: Int) throws {
        #expect(try RetrySchedule("5s*3").delay(afterFailures: failures) == nil)
    }

    @Test("what remains is the sum of the delays to come")
    func remaining() throws {
        let schedule = try RetrySchedule("1m, 5m*2")
        #expect((-1...4).map(schedule.remaining) == [660_000, 660_000, 600_000, 300_000, 0, 0])
    }

    @Test(
        "Haraka's grammar is read",
        arguments: [
            ("1m", [60]), ("5s", [5]), ("1d", [86_400]), ("1m, 5m*2, 1h*3", [60, 300, 300, 3600, 3600, 3600]),
            ("1m,5m", [60, 300]), ("  1m ,\t5m * 2 ", [60, 300, 300]), ("005s", [5]), ("365d", [31_536_000]),
            ("none", []),
            (" none ", []),
        ] as [(String, [Int64])])
    func grammar(_ text: String, _ seconds: [Int64]) throws {
        #expect(try RetrySchedule(text).delays == seconds.map { $0 * 1000 })
        #expect(RetrySchedule.mistake(in: text) == nil)
    }

    @Test(
        "what is wrong is named with its place",
        arguments: [
            ("", 0, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("1m,", 3, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("1m, 5", 4, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("1m, none", 4, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("-5m", 0, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("1.5m", 0, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("5M", 0, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("5 m", 0, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("*2", 0, "expected a number with s, m, h or d behind it, as in 5m, or none alone"),
            ("4s", 0, "expected at least 5s"), ("1m, 0s", 4, "expected at least 5s"),
            ("366d", 0, "expected at most 365d"), ("9223372036854775807d", 0, "expected at most 365d"),
            ("1m*2*3", 4, "expected one * in an interval, as in 5m*2"),
            ("1m*0", 3, "expected how often, 1 to 1000, as in 5m*2"),
            ("1m*", 3, "expected how often, 1 to 1000, as in 5m*2"),
            ("1m* x", 4, "expected how often, 1 to 1000, as in 5m*2"),
            ("1m*1001", 3, "expected how often, 1 to 1000, as in 5m*2"),
            ("1m*600,1m*600", 7, "expected at most 1000 intervals"),
        ])
    func mistakes(_ text: String, _ offset: Int, _ expected: String) {
        #expect(throws: ScheduleError.self) { try RetrySchedule(text) }
        let mistake = RetrySchedule.mistake(in: text)
        #expect(mistake?.offset == offset)
        #expect(mistake?.expected == expected)
    }

    @Test("a domain has its own schedule, or that of the nearest domain above it, or the general one")
    func domains() throws {
        var settings = OutboundSettings()
        settings.schedules = [
            "example.com": try RetrySchedule("1m"), "deep.mail.example.com": try RetrySchedule("2m"),
            "org": try RetrySchedule("3m"), "[192.0.2.1]": try RetrySchedule("4m"), "2.1]": try RetrySchedule("5m"),
        ]
        func minutes(_ domain: String) -> Int64? {
            settings.schedule(for: domain).delay(afterFailures: 1).map { $0 / 60_000 }
        }
        #expect(minutes("example.com") == 1)
        #expect(minutes("mail.example.com") == 1)
        #expect(minutes("deep.mail.example.com") == 2)
        #expect(minutes("x.deep.mail.example.com") == 2)
        #expect(minutes("example.org") == 3)
        #expect(minutes("[192.0.2.1]") == 4)
        #expect(settings.schedule(for: "[192.0.2.2]") == .usual)
        #expect(settings.schedule(for: "notexample.com") == .usual)
        #expect(settings.schedule(for: "") == .usual)
        #expect(settings.schedule(for: ".") == .usual)
    }
}
