// The ini dialect, rule by rule.

import Testing

@testable import HarakaConfig

@Suite("IniParser")
struct IniParserTests {
    private func parse(_ text: String, _ booleans: [String] = []) -> Parsed {
        IniParser.parse(Array(text.utf8), file: "t.ini", booleans: booleans)
    }

    @Test("keys before the first section belong to main, others to theirs, and both keep their order")
    func sections() {
        let parsed = parse("b=x\na=y\n[ two words ]\nk=v\n[main]\nc=z\n")
        #expect(
            parsed.value
                == .map([
                    "main": .map(["b": .string("x"), "a": .string("y"), "c": .string("z")]),
                    "two words": .map(["k": .string("v")]),
                ]))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("an empty file has an empty main")
    func empty() {
        #expect(parse("").value == .map(["main": .map([:])]))
    }

    @Test(
        "the white space around keys and values goes, that within a value stays",
        arguments: [
            ("k=v", "v"), ("  k =  v  ", "v"), ("\tk\t=\tv\t", "v"), ("k= a  b ", "a  b"), ("k=a=b", "a=b"),
            ("k=", ""), ("k = \"q\"", "\"q\""), ("k=v ; no comment", "v ; no comment"), ("k=héllo", "héllo"),
        ])
    func whiteSpace(line: String, value: String) {
        #expect(parse(line).value["main", "k"] == .string(value))
    }

    @Test("lines that begin with ; or # are comments, also after white space")
    func comments() {
        let parsed = parse("; a=1\n# b=2\n  ;c=3\n\t#d=4\n\n \t \nk=v")
        #expect(parsed.value == .map(["main": .map(["k": .string("v")])]))
    }

    @Test(
        "whole numbers and fractions become numbers, nothing else does",
        arguments: [
            ("42", ConfigValue.integer(42)), ("-7", .integer(-7)), ("007", .integer(7)), ("-0", .integer(0)),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            ("1.5", .double(1.5)), ("-0.25", .double(-0.25)), ("1.", .string("1.")), (".5", .string(".5")),
            ("+1", .string("+1")), ("1e3", .string("1e3")), ("0x10", .string("0x10")), ("1.2.3", .string("1.2.3")),
            ("-", .string("-")), ("1 2", .string("1 2")), ("true", .string("true")),
        ])
    func numbers(text: String, value: ConfigValue) {
        #expect(parse("k=\(text)").value["main", "k"] == value)
    }

    @Test("what was written is still known where it became a number")
    func writtenText() {
        let parsed = parse("[users]\nmatt= 007 \nbare\n")
        #expect(parsed.text("users", "matt") == "007")
        #expect(parsed.text("users", "bare") == nil)
        #expect(parsed.text("users", "nobody") == nil)
    }

    @Test("a bare key is null")
    func bareKey() {
        #expect(parse("[no_tls_hosts]\n192.0.2.0/24\n").value["no_tls_hosts", "192.0.2.0/24"] == .null)
    }

    @Test("keys are made of letters, digits and _ @ : . + - / [ ]")
    func keyCharacters() {
        let parsed = parse("a_Z9@:.+-/[x]=1")
        #expect(parsed.value["main", "a_Z9@:.+-/[x]"] == .integer(1))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("key[] appends to a list, elements become numbers too")
    func lists() {
        let parsed = parse("k[]=a\nother=1\nk[]=2\nk[] = \n")
        #expect(parsed.value["main", "k"] == .list([.string("a"), .integer(2), .string("")]))
    }

    @Test("a list after a value, and a value after a list: the later wins")
    func listsAndValues() {
        #expect(parse("k=a\nk[]=b").value["main", "k"] == .list([.string("b")]))
        #expect(parse("k[]=b\nk=a").value["main", "k"] == .string("a"))
    }

    @Test("of two lines with one key the later wins, and a warning names both")
    func duplicates() {
        let parsed = parse("k=a\n\nk=b\nk=b\n[x]\nk=c")
        #expect(parsed.value["main", "k"] == .string("b"))
        #expect(parsed.diagnostics.brief == ["3:1: warning: main.k is set again: this line wins over line 1"])
    }

    @Test("a section may be opened again")
    func sectionTwice() {
        let parsed = parse("[a]\nx=1\n[b]\n[a]\ny=2")
        #expect(parsed.value["a"] == .map(["x": .integer(1), "y": .integer(2)]))
    }

    @Test("CR LF, CR and LF end lines, in one file too")
    func lineEndings() {
        let parsed = parse("a=1\r\nb=2\rc=3\n\r\r\nd=4\n\rwrong line")
        #expect(parsed.value["main"] == .map(["a": .integer(1), "b": .integer(2), "c": .integer(3), "d": .integer(4)]))
        #expect(parsed.diagnostics.map(\.line) == [8])
    }

    @Test("a byte-order mark at the start is skipped")
    func byteOrderMark() {
        #expect(parse("\u{FEFF}k=v").value["main", "k"] == .string("v"))
    }

    @Test("a backslash at the end continues the line, over comments and blank lines")
    func continuation() {
        let parsed = parse("k=a \\\n; comment\n\n  b\\  \nc\nl=d")
        #expect(parsed.value["main"] == .map(["k": .string("a   bc"), "l": .string("d")]))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("a section or the end of the file ends a continued line, with a warning")
    func openContinuation() {
        let parsed = parse("k=a\\\n[x]\nl=b\\")
        #expect(parsed.value == .map(["main": .map(["k": .string("a")]), "x": .map(["l": .string("b")])]))
        #expect(
            parsed.diagnostics.brief == [
                "1:1: warning: this line ends in \"\\\" but no line continues it",
                "3:1: warning: this line ends in \"\\\" but no line continues it",
            ])
    }

    @Test(
        "an invalid line is reported where it goes wrong, and skipped",
        arguments: [
            ("foo bar", 5), ("foo*=1", 4), ("=1", 1), ("  é=1", 3), ("[open", 6), ("*", 1),
        ])
    func invalidLines(line: String, column: Int) {
        let parsed = parse("a=1\n\(line)\nb=2")
        #expect(parsed.value["main"] == .map(["a": .integer(1), "b": .integer(2)]))
        let expected = "expected [section], key=value or key (letters, digits and _ @ : . + - / [ ])"
        #expect(parsed.diagnostics.brief == ["2:\(column): error: this line is skipped: \(expected)"])
    }

    @Test("__proto__ and constructor are ordinary data")
    func prototype() {
        let parsed = parse("__proto__=1\n[__proto__]\nconstructor=2")
        #expect(parsed.value["main", "__proto__"] == .integer(1))
        #expect(parsed.value["__proto__", "constructor"] == .integer(2))
    }

    @Test("a file that is not UTF-8 is one error, and worth an empty file")
    func invalidText() {
        let parsed = IniParser.parse(Array("a=1\nb=h".utf8) + [0xE9, 0x0A], file: "t.ini", booleans: ["+on"])
        #expect(parsed.value == .map(["main": .map(["on": .bool(true)])]))
        #expect(
            parsed.diagnostics.brief == [
                "2:4: error: this line is not UTF-8 text; expected UTF-8. The file is not used"
            ])
    }

    @Test("a file of rubbish is a hundred findings and the word that there are more")
    func manyFindings() {
        let parsed = parse(String(repeating: "???\n", count: 5000))
        #expect(parsed.diagnostics.count == 101)
        #expect(parsed.diagnostics.last?.message == "more problems follow; these come first")
    }

    @Test("ten thousand continued lines and list entries are read in no time")
    func large() {
        let entries = (0..<10_000).map { "k[]=\($0)" }.joined(separator: "\n")
        let parsed = parse(entries + "\nlong=" + String(repeating: "x\\\n", count: 10_000))
        #expect(parsed.value["main", "k"]?.list?.count == 10_000)
        #expect(parsed.value["main", "long"]?.text?.utf8.count == 10_000)
    }
}
