// Values as texts and as truths, and named values.

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Values")
struct ValueTests {
    static var mx: Value {
        var mx = MX()
        mx.exchange = "mx.example.net"
        return .mx(mx)
    }

    static var socket: Value {
        var mx = MX()
        mx.path = "/run/lmtp"
        return .mx(mx)
    }

    @Test(
        "values have Haraka's texts",
        arguments: [
            (Value.null, ""), (.boolean(true), "true"), (.boolean(false), "false"), (.integer(-3), "-3"),
            (.number(2), "2"), (.number(2.5), "2.5"), (.number(-0.0), "0"), (.number(0x1p53), "9007199254740992"),
            (.number(1e300), "1e+300"), (.number(.nan), "nan"),
            (.number(.infinity), "inf"), (.text("a"), "a"), (.bytes([0x61, 0xFF]), "a\u{FFFD}"),
            (.list([.text("a"), .integer(1)]), "a, 1"),
            (.map(ValueMap([.init("k", .text("v")), .init("n", .integer(1))])), "k=v n=1"),
            (.address(Address(user: "a", host: "example.com")), "<a@example.com>"), (mx, "mx.example.net"),
            (socket, "/run/lmtp"),
        ])
    func texts(value: Value, text: String) { #expect(value.description == text) }

    @Test(
        "what is not true",
        arguments: [
            Value.null, .boolean(false), .integer(0), .number(0), .number(-0.0), .number(.nan), .text(""), .bytes([]),
        ])
    func untrue(value: Value) { #expect(!value.isTrue) }

    @Test(
        "what is true",
        arguments: [
            Value.boolean(true), .integer(-1), .number(0.1), .text("0"), .text("false"), .bytes([0]), .list([]),
            .map(ValueMap()), .address(.null), mx,
        ])
    func isTrue(value: Value) { #expect(value.isTrue) }

    @Test("names keep their order, and the last value of a name counts")
    func map() {
        var map = ValueMap()
        map["b"] = .integer(1)
        map["a"] = .integer(2)
        map["b"] = .integer(3)
        #expect(map.entries == [.init("b", .integer(3)), .init("a", .integer(2))])
        map["b"] = nil
        map["c"] = nil
        #expect(map.entries.map(\.key) == ["a"])
        let twice = ValueMap([.init("a", .integer(1)), .init("a", .integer(2))])
        #expect(twice["a"] == .integer(2))
        var removed = twice
        removed["a"] = nil
        #expect(removed.entries == [])
    }
}
