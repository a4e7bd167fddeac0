// JSON: what it means, and where it goes wrong.

import Testing

@testable import HarakaConfig

@Suite("JSONParser")
struct JSONParserTests {
    private func parse(_ text: String) -> Parsed {
        JSONParser.parse(Array(text.utf8), file: "t.json")
    }

    @Test(
        "every kind of value is read",
        arguments: [
            ("null", ConfigValue.null), (" true ", .bool(true)), ("\r\n\tfalse", .bool(false)), ("0", .integer(0)),
            ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)), ("9223372036854775808", .double(0x1p63)),
            ("1.0", .double(1)), ("-2.5e-1", .double(-0.25)), ("1E+2", .double(100)), ("\"\"", .string("")),
            ("[]", .list([])), ("[1, [true]]", .list([.integer(1), .list([.bool(true)])])), ("{}", .map([:])),
            ("{\"b\":1, \"a\" : {\"c\":null}}", .map(["b": .integer(1), "a": .map(["c": .null])])),
            ("\u{FEFF}1", .integer(1)),
        ])
    func values(text: String, value: ConfigValue) {
        let parsed = parse(text)
        #expect(parsed.value == value)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "texts are unescaped",
        arguments: [
            (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"), (#""\u00e9\u20AC""#, "é€"),
            (#""\ud83d\ude00""#, "😀"),
            ("\"é😀\"", "é😀"), (#""\u0000""#, "\0"),
        ])
    func texts(text: String, value: String) {
        #expect(parse(text).value == .string(value))
    }

    @Test("keys keep the order of the file")
    func order() {
        #expect(parse(#"{"z":1,"a":2,"m":3}"#).value.map?.keys == ["z", "a", "m"])
    }

    @Test("of two equal keys the later wins, with a warning")
    func duplicates() {
        let parsed = parse("{\"a\":1,\n \"a\":2}")
        #expect(parsed.value == .map(["a": .integer(2)]))
        #expect(parsed.diagnostics.brief == ["2:2: warning: \"a\" stands twice in this map: the later one wins"])
    }

    @Test(
        "a mistake is shown where it is, and the file is worth an empty map",
        arguments: [
            ("", 1, 1, "expected a JSON value: {...}, [...], \"text\", a number, true, false or null"),
            ("{\n  \"a\": x}", 2, 8, "expected a JSON value: {...}, [...], \"text\", a number, true, false or null"),
            ("{\"a\":1,}", 1, 8, "expected a key in double quotes"),
            ("{\"a\" 1}", 1, 6, "expected \":\" after the key"),
            ("{\"a\":1 \"b\":2}", 1, 8, "expected \",\" or \"}\""), ("[1 2]", 1, 4, "expected \",\" or \"]\""),
            ("[1,]", 1, 4, "expected a JSON value: {...}, [...], \"text\", a number, true, false or null"),
            ("1 2", 1, 3, "expected the end of the file after the value"),
            ("01", 1, 2, "expected the end of the file after the value"),
            ("-", 1, 2, "expected a digit"), ("1.", 1, 3, "expected a digit"),
            ("1e400", 1, 1, "expected a number that a double can hold"),
            ("\"abc", 1, 5, "expected a closing double quote"),
            ("\"é\n\"", 1, 3, "expected no control character within a text: write \\n, \\t or \\u00XX"),
            ("\"\\x\"", 1, 2, "expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX"),
            ("\"\\u12g4\"", 1, 2, "expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX"),
            ("\"\\ud800x\"", 1, 2, "expected both halves of a surrogate pair: \\uD8XX\\uDCXX"),
            ("\"\\udc00\"", 1, 2, "expected both halves of a surrogate pair: \\uD8XX\\uDCXX"),
            ("{\"a\":\r\n\r\n", 2, 1, "expected a JSON value: {...}, [...], \"text\", a number, true, false or null"),
        ])
    func mistakes(text: String, line: Int, column: Int, message: String) {
        let parsed = parse(text)
        #expect(parsed.value == .map([:]))
        #expect(parsed.diagnostics.brief == ["\(line):\(column): error: \(message). The file is not used"])
    }

    @Test("lists and maps nest 128 deep and no deeper")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(parse(nested(128)).diagnostics.isEmpty)
        let message = "1:129: error: expected at most 128 lists and maps within each other. The file is not used"
        #expect(parse(nested(129)).diagnostics.brief == [message])
        #expect(parse(String(repeating: "{\"a\":", count: 100_000)).diagnostics.count == 1)
    }

    @Test("bytes that are not UTF-8 are an error")
    func invalidText() {
        let parsed = JSONParser.parse([0x22, 0xC3, 0x22], file: "t.json")
        #expect(parsed.diagnostics.map(\.column) == [2])
        #expect(parsed.value == .map([:]))
    }
}
