// YAML: what it means, and where it goes wrong.

import Testing

@testable import HarakaConfig

@Suite("YAMLParser")
struct YAMLParserTests {
    private func parse(_ text: String) -> Parsed {
        YAMLParser.parse(Array(text.utf8), file: "t.yaml")
    }

    @Test(
        "scalars without quotes mean what the core schema says",
        arguments: [
            ("null", ConfigValue.null), ("Null", .null), ("~", .null), ("", .null), ("nULL", .string("nULL")),
            ("true", .bool(true)), ("FALSE", .bool(false)), ("tRue", .string("tRue")), ("yes", .string("yes")),
            ("off", .string("off")), ("0", .integer(0)), ("-12", .integer(-12)), ("+12", .integer(12)),
            ("007", .integer(7)), ("0x1F", .integer(31)), ("0o17", .integer(15)), ("0o18", .string("0o18")),
            ("0x", .string("0x")), ("-0x1", .string("-0x1")), ("0xg", .string("0xg")),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .double(0x1p63)),
            ("0xFFFFFFFFFFFFFFFFFF", .double(0x1p72)), ("1.5", .double(1.5)), ("1.", .double(1)), (".5", .double(0.5)),
            ("-1e3", .double(-1000)), ("+1.5E-1", .double(0.15)), (".", .string(".")), ("1e", .string("1e")),
            ("1e+", .string("1e+")), ("e1", .string("e1")), ("1.2.3", .string("1.2.3")), ("1_000", .string("1_000")),
            (".inf", .double(.infinity)), ("-.INF", .double(-.infinity)), ("+.Inf", .double(.infinity)),
            ("inf", .string("inf")), ("nan", .string("nan")), ("1-2", .string("1-2")), ("+-1", .string("+-1")),
            ("0x1p3", .string("0x1p3")), ("1.e2", .double(100)), ("..1", .string("..1")), ("1e400", .double(.infinity)),
            ("-", .list([.null])), ("12:30", .string("12:30")), ("0b1", .string("0b1")),
            ("2001-12-14", .string("2001-12-14")), ("two words # comment", .string("two words")),
        ])
    func scalars(text: String, value: ConfigValue) {
        let parsed = parse("k:\n  \(text)\n")
        #expect(parsed.value == .map(["k": value]))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("not a number is one", arguments: [".nan", ".NaN", ".NAN"])
    func notANumber(text: String) {
        #expect(parse("k: \(text)").value["k"]?.number?.isNaN == true)
    }

    @Test(
        "texts in quotes and blocks of lines are texts",
        arguments: [
            ("'1'", "1"), ("\"true\"", "true"), ("''", ""), ("'it''s'", "it's"),
            ("\"a\\x41\\u00e9\\U0001F600\\0\"", "aAé😀\0"),
            ("|\n  a\n   b\n\n", "a\n b\n"), ("|-\n  1\n", "1"), (">\n  a\n  b\n", "a b\n"), ("!!str 12", "12"),
            ("! 'x'", "x"), ("! 12", "12"), ("a\n  b", "a b"),
        ])
    func texts(text: String, value: String) {
        let parsed = parse("k: \(text)")
        #expect(parsed.value == .map(["k": .string(value)]))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "lists and maps are read in their order, in blocks and in brackets; JSON is YAML",
        arguments: [
            ("- 1\n- [a, {b: c}]\n-\n", #"[1,["a",{"b":"c"}],null]"#),
            ("z: 1\na:\n  c:\n  - x\n", #"{"z":1,"a":{"c":["x"]}}"#),
            (#"{"b": [1.5, null], "a": {}}"#, #"{"b":[1.5,null],"a":{}}"#),
            ("\u{FEFF}%YAML 1.2\n---\na: b\n...\n", #"{"a":"b"}"#), ("text", "\"text\""),
            ("? a\n? b\n", #"{"a":null,"b":null}"#), ("1: x\ntrue: y\n~: z", #"{"1":"x","true":"y","~":"z"}"#),
            ("", "{}"), ("# nothing\n", "{}"), ("\u{FEFF}", "{}"), ("---\n", "null"),
            ("\"!me\": x", #"{"!me":"x"}"#), ("a: b\r\nc: d\r", #"{"a":"b","c":"d"}"#),
        ])
    func structures(text: String, json: String) {
        let parsed = parse(text)
        #expect(parsed.value.json() == json)
        #expect(parsed.diagnostics.isEmpty)
    }

    // MARK: Aliases and merged maps

    @Test("an alias stands for what its anchor marks, the latest of that name")
    func aliases() {
        let parsed = parse("a: &x [1, &y 2]\nb: *x\nc: &x {d: *y}\ne: *x\n&k key: *k\n*k : 1")
        let map = ConfigValue.map(["d": .integer(2)])
        let list = ConfigValue.list([.integer(1), .integer(2)])
        #expect(parsed.value == .map(["a": list, "b": list, "c": map, "e": map, "key": .integer(1)]))
        #expect(parsed.diagnostics.brief == ["6:1: warning: \"key\" stands twice in this map: the later one wins"])
    }

    @Test(
        "merged entries lie below the map's own, wherever these stand, and the first of several maps wins",
        arguments: [
            ("<<: *a\nx: 9", #"{"x":9,"y":2}"#), ("x: 9\n<<: *a", #"{"x":9,"y":2}"#),
            ("<<: [*b, *a]", #"{"y":3,"z":4,"x":1}"#), ("<<: *b\n<<: *a", #"{"y":3,"z":4,"x":1}"#),
            ("<<: {q: 5}", #"{"q":5}"#), ("<<: []", "{}"), ("'<<': 1", #"{"<<":1}"#),
            ("<<: *a\n<<: {x: 7}\nx: 9", #"{"x":9,"y":2}"#),
        ])
    func merges(text: String, json: String) {
        let indented = text.split(separator: "\n").map { "  \($0)\n" }.joined()
        let parsed = parse("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n" + indented)
        #expect(parsed.value["c"]?.json() == json)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("aliases may make 100,000 values and no more")
    func expansion() {
        let hundred = "a: &a [" + String(repeating: "1,", count: 99) + "]\n"
        let most = hundred + "b: [" + String(repeating: "*a,", count: 1000) + "]\n"
        #expect(parse(most).diagnostics.isEmpty)
        let message = "3:4: error: expected aliases for at most 100000 values. The file is not used"
        #expect(parse(most + "c: *a").diagnostics.brief == [message])
        let long = "a: &a \"" + String(repeating: "x", count: 1_000_000) + "\"\nb: ["
        #expect(parse(long + String(repeating: "*a,", count: 102) + "]").diagnostics.isEmpty)
        #expect(parse(long + String(repeating: "*a,", count: 103) + "]").diagnostics.count == 1)
    }

    @Test("a billion laughs are one error")
    func billionLaughs() {
        var text = "a0: &a0 lol\n"
        for level in 1...20 {
            text += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1),", count: 10) + "]\n"
        }
        let parsed = parse(text)
        #expect(parsed.value == .map([:]))
        #expect(parsed.diagnostics.count == 1)
    }

    @Test("a chain of merged maps is one error too")
    func mergedLaughs() {
        var text = "m0: &m0 {k: v}\n"
        for level in 1...200 {
            text += "m\(level): &m\(level)\n  <<: *m\(level - 1)\n"
            text += (0..<10).map { "  k\(level)x\($0): 1\n" }.joined()
        }
        let message = "expected aliases for at most 100000 values. The file is not used"
        #expect(parse(text).diagnostics.map(\.message) == [message])
    }

    @Test("merging makes nothing deeper")
    func mergedDepth() {
        var text = "m0: &m0 {k: v}\n"
        for level in 1...100 { text += "m\(level): &m\(level) {<<: [*m\(level - 1)], k\(level): 1}\n" }
        let parsed = parse(text)
        #expect(parsed.value["m100"]?.map?.count == 101)
        #expect(parsed.diagnostics.isEmpty)
    }

    // MARK: Limits

    @Test("lists and maps nest 64 deep and no deeper, also by aliases")
    func depth() {
        func nested(_ depth: Int, _ inner: String = "") -> String {
            String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)
        }
        #expect(parse(nested(64)).diagnostics.isEmpty)
        let message = "expected at most 64 lists and maps within each other. The file is not used"
        #expect(parse(nested(65)).diagnostics.brief == ["1:65: error: \(message)"])
        #expect(parse(String(repeating: "{a: ", count: 65)).diagnostics.brief == ["1:257: error: \(message)"])
        #expect(parse(String(repeating: "[", count: 100_000)).diagnostics.count == 1)
        #expect(parse(String(repeating: "- ", count: 100_000)).diagnostics.count == 1)
        let anchored = "a: &a \(nested(30))\nb: "
        #expect(parse(anchored + nested(33, "*a")).diagnostics.isEmpty)
        #expect(parse(anchored + nested(34, "*a")).diagnostics.brief == ["2:38: error: \(message)"])
    }

    @Test("a large file is read in no time")
    func large() {
        let text = (0..<20_000).map { "key\($0): [a, 'b', {c: 1}]\n" }.joined()
        let parsed = parse(text)
        #expect(parsed.value.map?.count == 20_000)
        #expect(parsed.diagnostics.isEmpty)
    }

    // MARK: Findings

    @Test(
        "what means nothing is a warning, and the value is used",
        arguments: [
            ("a: 1\na: 2", "2:1", "\"a\" stands twice in this map: the later one wins", ConfigValue.integer(2)),
            ("a: !x 1", "1:4", "the tag !x changes nothing here: the value is used", .integer(1)),
            ("a: !!binary aGk=", "1:4", "the tag !!binary changes nothing here: the value is used", .string("aGk=")),
            ("a: !!int x", "1:4", "the tag !!int changes nothing here: the value is used", .string("x")),
            ("a: !!set {b: }", "1:4", "the tag !!set changes nothing here: the value is used", .map(["b": .null])),
            ("a: !!map []", "1:4", "the tag !!map changes nothing here: the value is used", .list([])),
            ("a: 1\n---\na: 2", "2:1", "only the first document of a file is read: this one is not used", .integer(1)),
            (
                "!smtp.ini:\n  a: 1", "1:1",
                "the tag !smtp.ini: changes nothing here (a key that begins with ! needs quotes): the value is used",
                .integer(1)
            ),
            ("!x a: 1", "1:1", "the tag !x changes nothing here: the value is used", .integer(1)),
        ])
    func warnings(text: String, place: String, message: String, value: ConfigValue) {
        let parsed = parse(text)
        #expect(parsed.value["a"] == value)
        #expect(parsed.diagnostics.brief == ["\(place): warning: \(message)"])
    }

    @Test(
        "a core tag decides, quotes or not",
        arguments: [
            ("!!int '12'", ConfigValue.integer(12)), ("!!float 1", .double(1)), ("!!bool \"true\"", .bool(true)),
            ("!!null ''", .null), ("!!str null", .string("null")), ("!!seq [1]", .list([.integer(1)])),
            ("!!map {}", .map([:])), ("!<tag:yaml.org,2002:str> 1", .string("1")),
        ])
    func coreTags(text: String, value: ConfigValue) {
        let parsed = parse("k: \(text)")
        #expect(parsed.value["k"] == value)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "a mistake is shown where it is, and the file is worth an empty map",
        arguments: [
            ("a: [1\nb: 2", "2:2", "while parsing a flow sequence, begun in line 1: did not find expected ',' or ']'"),
            ("a: b: c", "1:5", "mapping values are not allowed in this context"),
            (
                "a:\n\tb: 1", "2:1",
                "while scanning for the next token: found character that cannot start any token: a tab; expected blanks"
            ),
            ("é: 'x\n", "1:6", "while scanning a quoted scalar, begun in line 1: found unexpected end of stream"),
            ("a: *b", "1:4", "expected &b before this alias, and not around it"),
            ("a: &a [*a]", "1:8", "expected &a before this alias, and not around it"),
            ("a:\n  <<: 1", "2:7", "expected a map, or a list of maps, after <<"),
            ("a:\n  <<: [{}, 1]", "2:7", "expected a map, or a list of maps, after <<"),
            ("[é]: 1", "1:1", "expected a text as the key: lists and maps cannot be keys"),
            ("é: &a []\n*a : 1", "2:1", "expected a text as the key: lists and maps cannot be keys"),
            ("\u{FEFF}é: \u{1}", "1:4", "expected no control character: in double quotes write \\xXX"),
            ("a: \"\\q\"", "1:5", "while parsing a quoted scalar: found unknown escape character"),
            ("a: \"\\ud800\"", "1:7", "while parsing a quoted scalar: found invalid Unicode character escape code"),
        ])
    func mistakes(text: String, place: String, message: String) {
        let parsed = parse(text)
        #expect(parsed.value == .map([:]))
        #expect(parsed.diagnostics.brief == ["\(place): error: \(message). The file is not used"])
    }

    @Test("the caret stands under the character, also behind a byte-order mark and wide characters")
    func caret() {
        #expect(parse("\u{FEFF}x: 1\né😀: *b # c").diagnostics.first?.excerpt == ["é😀: *b # c", "    ^"])
        #expect(parse("a: 'x\u{85}y'\nb: *c").diagnostics.first?.line == 2)
        #expect(parse("éé😀: 1\na: !x 1").diagnostics.first?.excerpt == ["a: !x 1", "   ^"])
    }

    @Test("bytes that are not UTF-8 are an error, UTF-16 too")
    func invalidText() {
        #expect(YAMLParser.parse([0x61, 0x3A, 0xC3], file: "t.yaml").diagnostics.map(\.column) == [3])
        #expect(YAMLParser.parse([0xFF, 0xFE, 0x61, 0x00], file: "t.yaml").diagnostics.map(\.severity) == [.error])
    }

    @Test("of very many findings a hundred are shown, and the word that there are more")
    func manyFindings() {
        #expect(parse(String(repeating: "- !x 1\n", count: 1000)).diagnostics.count == 101)
    }
}
