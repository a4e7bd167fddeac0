// What limit.ini means, and what it must not say.
import HarakaPluginKit
import Testing

@testable import Limit

@Suite("limit.ini")
struct SettingsTests {
    private func file(_ sections: (String, [(String, Value)])...) -> Value {
        .map(sections.map { ($0.0, Value.map($0.1)) })
    }
    private let on = ("enabled", Value.boolean(true))

    @Test("nothing is limited until somebody says so")
    func off() throws {
        let settings = try Settings(
            file(
                ("errors", [("max", .integer(1))]),
                ("rate_conn", [("default", .integer(1)), ("enabled", .boolean(false))])))
        #expect(settings.tarpitDelay == 3000)
        #expect(settings.errors == nil)
        #expect(settings.unrecognizedCommands == nil)
        #expect(settings.concurrency == nil)
        #expect(settings.connectionRate == nil)
    }

    @Test("a section that is on has its numbers, or Haraka's")
    func numbers() throws {
        let settings = try Settings(
            file(
                ("main", [("tarpit_delay", .number(0.5))]), ("concurrency", [on]),
                ("errors", [on, ("max", .integer(2))]),
                ("unrecognized_commands", [on]), ("recipients", [on, ("max_relaying", .integer(100))])))
        #expect(settings.tarpitDelay == 500)
        #expect(settings.concurrency == Ceiling(max: 3))
        #expect(settings.errors == 2)
        #expect(settings.unrecognizedCommands == 10)
        #expect(settings.recipients == Ceiling(max: nil))
        #expect(settings.recipientsOfRelaying == 100)
    }

    @Test("what another plugin remembers of a client takes the place of the number")
    func history() throws {
        let settings = try Settings(
            file(
                ("concurrency", [on, ("max", .integer(3))]),
                (
                    "concurrency_history",
                    [on, ("plugin", .text("memory")), ("good", .integer(10)), ("none", .integer(2))]
                ),
                ("rate_conn", [on, ("default", .integer(5))]),
                ("rate_conn_history", [on, ("bad", .text("1/15m"))])))
        let concurrency = try #require(settings.concurrency)
        #expect(concurrency.history?.plugin == "memory")
        #expect(concurrency.max(.good) == 10)
        #expect(concurrency.max(.bad) == 3)
        #expect(concurrency.max(.none) == 2)
        #expect(settings.connectionRateHistory?.plugin == "karma")
        #expect(settings.connectionRateHistory?[.bad] == Rate(count: 1, seconds: 900))
        #expect(settings.connectionRateHistory?[.good] == nil)
    }

    @Test("a history that is off does not count")
    func historyOff() throws {
        let settings = try Settings(file(("concurrency", [on]), ("concurrency_history", [("none", .integer(1))])))
        #expect(settings.concurrency?.max(.none) == 3)
    }

    @Test("keys of rates are compared in lower case")
    func keys() throws {
        let settings = try Settings(
            file(("rate_rcpt", [on, ("Example.COM", .text("2/1m")), ("default", .integer(7))])))
        #expect(settings.recipientRate == Rates(byKey: ["example.com": Rate(count: 2)], default: Rate(count: 7)))
    }

    @Test("a mistake names its section and key, also in a section that is off")
    func mistakes() {
        let cases: [(Value, String)] = [
            (file(("rate_conn", [("127", .text("x"))])), "[rate_conn] 127: expected N or N/T, T with s, m, h or d"),
            (file(("errors", [("max", .text("ten"))])), "[errors] max: expected a number"),
            (file(("recipients", [("max_relaying", .integer(-1))])), "[recipients] max_relaying: expected a number"),
            (file(("main", [("tarpit_delay", .integer(-1))])), "tarpit_delay: expected seconds up to 3600"),
            (file(("main", [("tarpit_delay", .number(.nan))])), "tarpit_delay: expected seconds up to 3600"),
            (
                file(("rate_conn_history", [("good", .boolean(true))])),
                "[rate_conn_history] good: expected N or N/T, T with s, m, h or d"
            ),
            (file(("concurrency_history", [("plugin", .text(""))])), "[concurrency_history] plugin: expected a name"),
        ]
        for (ini, cause) in cases {
            do throws(PluginError) {
                _ = try Settings(ini)
                #expect(cause == "accepted")
            } catch {
                #expect(error.cause == cause)
            }
        }
    }
}
