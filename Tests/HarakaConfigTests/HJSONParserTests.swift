// HJSON: what it means, and where it goes wrong.

import Testing

@testable import HarakaConfig

@Suite("HJSONParser")
struct HJSONParserTests {
    private func parse(_ text: String) -> Parsed {
        HJSONParser.parse(Array(text.utf8), file: "t.hjson")
    }

    @Test(
        "all of JSON is HJSON",
        arguments: [
            ("null", ConfigValue.null), (" true ", .bool(true)), ("false", .bool(false)), ("-12", .integer(-12)),
            ("9223372036854775808", .double(0x1p63)), ("-2.5e-1", .double(-0.25)),
            ("\"a\\u00e9\\n\"", .string("aé\n")),
            ("[]", .list([])), ("[1, [true]]", .list([.integer(1), .list([.bool(true)])])), ("{}", .map([:])),
            ("{\"b\":1,\r\n\"a\" : {\"c\":null}}", .map(["b": .integer(1), "a": .map(["c": .null])])),
            ("\u{FEFF}{}", .map([:])), (#""\ud83d\ude00""#, .string("😀")),
        ])
    func json(text: String, value: ConfigValue) {
        let parsed = parse(text)
        #expect(parsed.value == value)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "braces, commas and most quotes may be left out",
        arguments: [
            ("", ConfigValue.map([:])), ("# nothing\n", .map([:])), ("a: 1", .map(["a": .integer(1)])),
            ("a: 1\nb: two words, and more\n", .map(["a": .integer(1), "b": .string("two words, and more")])),
            ("{a:1,b:[x\ny\n],}", .map(["a": .integer(1), "b": .list([.string("x"), .string("y")])])),
            ("[1 \n 2,3\r\n[]]", .list([.integer(1), .integer(2), .integer(3), .list([])])),
            ("'a b': 'c\"d' \"e\": \"f\"", .map(["a b": .string("c\"d"), "e": .string("f")])),
            ("a#b/c: x", .map(["a#b/c": .string("x")])), ("a\n:\n\nx", .map(["a": .string("x")])),
            ("'it\\'s': 1", .map(["it's": .integer(1)])), ("a: ''", .map(["a": .string("")])),
            (
                "a: {\n  b: 1\n  c: d\n}\ne: f",
                .map(["a": .map(["b": .integer(1), "c": .string("d")]), "e": .string("f")])
            ),
            ("\"\": x", .map(["": .string("x")])), ("a: b\rc: d", .map(["a": .string("b"), "c": .string("d")])),
            ("12: 3", .map(["12": .integer(3)])),
        ])
    func relaxed(text: String, value: ConfigValue) {
        let parsed = parse(text)
        #expect(parsed.value == value)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "a number or a word is one only if the line ends after it, or , ] } or a comment follows",
        arguments: [
            ("1", ConfigValue.integer(1)), ("1 # c", .integer(1)), ("1// c", .integer(1)), ("1 /* c */", .integer(1)),
            ("true,", .bool(true)), ("null", .null), ("1 2", .string("1 2")), ("truely", .string("truely")),
            ("true # not", .bool(true)), ("text # belongs to it", .string("text # belongs to it")),
            ("http://x/ // y", .string("http://x/ // y")), ("01", .string("01")), ("1.", .string("1.")),
            ("-", .string("-")), ("+1", .string("+1")), ("1e400", .string("1e400")), ("True", .string("True")),
            ("1, 2", .integer(1)), ("no, 2", .string("no, 2")), ("0x10  \t", .string("0x10")), ("\\n", .string("\\n")),
            ("-1.5E3", .double(-1500)), ("/", .string("/")), ("5/6", .string("5/6")),
        ])
    func quoteless(text: String, value: ConfigValue) {
        #expect(parse("{ a: \(text)\n}").value["a"] ?? parse("[\(text)\n]").value.list?.first == value)
    }

    @Test("comments stand wherever white space may")
    func comments() {
        let parsed = parse("# a\n// b\n/* c\n ** { */ a /**/ : /* d */ [ # e\n 1 // f\n /*,*/ , 2 ] # g")
        #expect(parsed.value == .map(["a": .list([.integer(1), .integer(2)])]))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "a text of several lines loses the indentation of its quotes",
        arguments: [
            ("a: '''x'''", "x"), ("a: ''' x '''", "x "), ("a: ''''''", ""), ("a: '''it's'''", "it's"),
            ("a:\n  '''\n  one\n    two\n three\n\n  '''", "one\n  two\nthree\n"), ("a: '''\r\n   x\r\n   '''", "x"),
            ("a: '''one\n    two'''", "one\n two"), ("é: '''\n    x'''", " x"), ("a: '''\n\n'''", ""),
            ("a: '''\\n\"'''", "\\n\""),
        ])
    func severalLines(text: String, value: String) {
        let parsed = parse(text)
        #expect(parsed.value.map?.values == [.string(value)])
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("keys keep the order of the file; of two equal ones the later wins, with a warning")
    func duplicates() {
        let parsed = parse("z: 1\na: 2\n\"z\": 3")
        #expect(parsed.value == .map(["z": .integer(3), "a": .integer(2)]))
        #expect(parsed.diagnostics.brief == ["3:1: warning: \"z\" stands twice in this map: the later one wins"])
    }

    @Test(
        "a mistake is shown where it is, and the file is worth an empty map",
        arguments: [
            ("{\n  a 1\n}", 2, 5, "expected \":\" after the key (quotes, if it has blanks)"),
            ("just text", 1, 6, "expected \":\" after the key (quotes, if it has blanks)"),
            ("key", 1, 4, "expected \":\" after the key (quotes, if it has blanks)"),
            ("{a: 1", 1, 6, "expected \"}\""), ("[1,\n2", 2, 2, "expected \"]\""), ("a:", 1, 3, "expected a value"),
            ("a: ]", 1, 4, "expected a value"), ("{a: }", 1, 5, "expected a value"),
            ("a: 1}", 1, 5, "expected a key: a word without , : [ ] { }, or a text in quotes"),
            ("a: 1,,b: 2", 1, 6, "expected a key: a word without , : [ ] { }, or a text in quotes"),
            (": 1", 1, 1, "expected a key: a word without , : [ ] { }, or a text in quotes"),
            ("{} x", 1, 4, "expected the end of the file after the value"),
            ("[]]", 1, 3, "expected the end of the file after the value"),
            ("a: \"b\nc\"", 1, 6, "expected a closing quote in the same line"),
            ("a: 'b", 1, 6, "expected a closing quote in the same line"),
            ("a: 'b\\x'", 1, 6, "expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX"),
            ("a: \"\\udc00\"", 1, 5, "expected both halves of a surrogate pair: \\uD8XX\\uDCXX"),
            ("a: 'é' '''x''", 1, 10, "expected \":\" after the key (quotes, if it has blanks)"),
            ("a:\n '''x\n''", 2, 2, "expected closing ''' after these"),
            ("a: 1 /* b", 1, 6, "expected */ after this comment"),
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
        #expect(parse(String(repeating: "{a:", count: 100_000)).diagnostics.count == 1)
        #expect(parse(String(repeating: "a:{", count: 100_000)).diagnostics.count == 1)
    }

    @Test("bytes that are not UTF-8 are an error")
    func invalidText() {
        let parsed = HJSONParser.parse([0x61, 0x3A, 0xC3], file: "t.hjson")
        #expect(parsed.diagnostics.map(\.column) == [3])
        #expect(parsed.value == .map([:]))
    }

    @Test("a long line of many values is read in no time")
    func longLine() {
        let count = 10_000
        #expect(parse("[" + String(repeating: "1,", count: count) + "]").value.list?.count == count)
        #expect(parse("[" + String(repeating: "'''a''' ", count: count) + "]").value.list?.count == count)
        #expect(parse("[" + String(repeating: "/**/", count: count) + "]").value == .list([]))
        #expect(parse("a: n" + String(repeating: ",", count: count)).value["a"]?.text?.utf8.count == count + 1)
    }
}
