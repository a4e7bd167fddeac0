// What early_talker.ini means, and what it must not say.
import HarakaPluginKit
import Testing

@testable import EarlyTalker

@Suite("early_talker.ini")
struct SettingsTests {
    private func main(_ key: String, _ value: Value) -> Value { .map([("main", .map([(key, value)]))]) }

    @Test("an empty file means five seconds, and that early talkers are turned away")
    func standard() throws {
        let settings = try Settings(Value.map([(String, Value)]()))
        #expect(settings.pause == 5000)
        #expect(settings.rejects)
        #expect(settings.allowed.isEmpty)
    }

    @Test(
        "a pause has up to two minutes, and may be part of a second",
        arguments: [(.integer(0), 0), (.integer(120), 120_000), (.number(0.25), 250)] as [(Value, Int64)])
    func pauses(value: Value, milliseconds: Int64) throws {
        #expect(try Settings(main("pause", value)).pause == milliseconds)
    }

    @Test(
        "any other pause is a mistake",
        arguments: [.integer(-1), .integer(121), .number(.nan), .number(120.5), .text("5s"), .null] as [Value])
    func mistakes(value: Value) {
        #expect(throws: PluginError.self) { _ = try Settings(main("pause", value)) }
    }

    @Test("reject is read as the server read it")
    func reject() throws {
        #expect(try !Settings(main("reject", .boolean(false))).rejects)
    }

    @Test("the list holds addresses and networks; anything else in it is a mistake")
    func networks() throws {
        let list: [(String, Value)] = [("198.51.100.7", .null), ("203.0.113.0/24", .null), ("2001:db8::/32", .null)]
        let settings = try Settings(.map([("ip_whitelist", .map(list))]))
        let inside = ["198.51.100.7", "203.0.113.255", "2001:db8:1::1"].map { IPAddress($0) }
        #expect(inside.allSatisfy { address in address.map(settings.allowed.contains) == true })
        #expect(IPAddress("198.51.100.8").map(settings.allowed.contains) == false)
        #expect(throws: PluginError.self) { _ = try Settings(.map([("ip_whitelist", .map([("example.com", .null)]))])) }
    }
}
