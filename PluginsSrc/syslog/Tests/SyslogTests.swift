// What a line looks like, and what syslog.ini must not say.
import HarakaPluginKit
import Testing

@testable import LogToSyslog

@Suite("syslog")
struct SyslogTests {
    private func line(_ settings: Settings, priority: Int64, time: Int64, _ data: String) -> String {
        let words = ["INFO", "-", "core", data].map { Array($0.utf8) }
        return words[0].withUnsafeBytes { level in
            words[1].withUnsafeBytes { uuid in
                words[2].withUnsafeBytes { origin in
                    words[3].withUnsafeBytes { data in
                        let parts = LogLine(
                            level: Text(level), uuid: Text(uuid), origin: Text(origin), data: Text(data))
                        let bytes = LineFormat(settings, process: 4711).line(priority: priority, time: time, parts)
                        return String(decoding: bytes, as: UTF8.self)
                    }
                }
            }
        }
    }

    private func settings(_ entries: (String, Value)...) throws -> Settings { try Settings(.map(entries)) }

    @Test("a line has priority, time, name, process, level, uuid, origin and text")
    func whole() throws {
        #expect(
            line(try settings(), priority: 6, time: 20_261_121_070_624, "a line")
                == "<22>Nov 21 07:06:24 haraka[4711]: [INFO] [-] [core] a line")
        #expect(
            line(
                try settings(("name", .text("mx")), ("pid", .boolean(false)), ("facility", .text("Local0"))),
                priority: 0,
                time: 20_240_203_235_959, "x") == "<128>Feb  3 23:59:59 mx: [INFO] [-] [core] x")
    }

    @Test(
        "levels beyond syslog's are debug",
        arguments: [(0, 16), (3, 19), (7, 23), (8, 23), (9, 23), (-1, 16), (99, 23)])
    func levels(priority: Int64, number: Int) throws {
        #expect(line(try settings(), priority: priority, time: 0, "x").hasPrefix("<\(number)>Jan "))
    }

    @Test("a line stays one line")
    func oneLine() throws {
        #expect(line(try settings(), priority: 6, time: 0, "a\nb\r\0\u{7F}c é").hasSuffix("] a b   c é"))
    }

    @Test("an empty section has Haraka's defaults")
    func standard() throws {
        let settings = try Settings(.null)
        #expect(settings == (try self.settings()))
        #expect((settings.name, settings.facility, settings.socket) == ("haraka", 16, "/dev/log"))
        #expect((settings.showsProcess, settings.keepsLines, settings.opensAtOnce) == (true, false, false))
    }

    @Test("Haraka's other keys are accepted")
    func others() throws {
        let settings = try settings(
            ("odelay", .boolean(true)), ("cons", .boolean(true)), ("nowait", .boolean(true)),
            ("always_ok", .boolean(true)))
        #expect(settings.keepsLines)
    }

    @Test(
        "what makes no sense is a mistake",
        arguments: [
            ("name", .text("")), ("name", .text("two words")), ("name", .text("a:b")), ("name", .integer(5)),
            ("facility", .text("POST")), ("facility", .integer(2)), ("socket", .text("log")), ("socket", .null),
            ("socket", .text("/" + String(repeating: "x", count: 107))),
        ] as [(String, Value)])
    func mistakes(key: String, value: Value) {
        #expect(throws: PluginError.self) { _ = try settings((key, value)) }
    }
}
