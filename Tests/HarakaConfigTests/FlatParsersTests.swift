// Value, list and data files, and which names stand for which type.

import Testing

@testable import HarakaConfig

@Suite("flat files")
struct FlatParsersTests {
    @Test(
        "a value file is its first line that is neither blank nor a comment",
        arguments: [
            ("mail.example.com\n", ConfigValue.string("mail.example.com")), ("\n# c\n ; d\n  x y \nz", .string("x y")),
            ("30", .integer(30)), ("2.5\r\n", .double(2.5)), ("", .null), ("# only\n\n", .null),
            ("\u{FEFF}a\rb", .string("a")),
        ])
    func value(text: String, expected: ConfigValue) {
        let parsed = ValueParser.parse(Array(text.utf8), file: "t")
        #expect(parsed.value == expected)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test(
        "a value file with a declaration is a boolean where it has a line",
        arguments: [
            ("true", ConfigValue.bool(true)), ("1", .bool(true)), ("nope", .bool(false)), ("", .null),
        ])
    func booleanValue(text: String, expected: ConfigValue) {
        #expect(ValueParser.parse(Array(text.utf8), file: "t", booleans: ["t"]).value == expected)
    }

    @Test("a list file is all such lines, as text and without white space around them")
    func list() {
        let parsed = ListParser.parse(Array("# c\n a \r\n\r\n;d\rb b\n42\n#".utf8), file: "t")
        #expect(parsed.value == .list([.string("a"), .string("b b"), .string("42")]))
        #expect(parsed.sources[.listEntries]?.map(\.line) == [2, 5, 6])
    }

    @Test("a data file is every line as it is")
    func data() {
        let parsed = DataParser.parse(Array("# c\n\n  a \r\nb\rc".utf8), file: "t")
        #expect(parsed.value == .list([.string("# c"), .string(""), .string("  a "), .string("b"), .string("c")]))
    }

    @Test("a last line ending adds no line", arguments: [("a\n", 1), ("a", 1), ("", 0), ("\n", 1), ("\r\n\n", 2)])
    func lineCount(text: String, count: Int) {
        #expect(DataParser.parse(Array(text.utf8), file: "t").value.list?.count == count)
    }

    @Test("flat files that are not UTF-8 are one error and empty")
    func invalidText() {
        let bytes: [UInt8] = [0x61, 0x0D, 0x62, 0xFF]
        for parsed in [ListParser.parse(bytes, file: "t"), DataParser.parse(bytes, file: "t")] {
            #expect(parsed.value == .list([]))
            #expect(parsed.diagnostics.map(\.line) == [2])
            #expect(parsed.diagnostics.map(\.column) == [2])
        }
        #expect(ValueParser.parse(bytes, file: "t").value == .null)
    }

    @Test(
        "the extension says the type, in any case",
        arguments: [
            ("smtp.ini", ConfigType.ini), ("A.INI", .ini), ("x.json", .json), ("x.list", .list), ("x.data", .data),
            ("tls_key.pem", .binary), ("x.bin", .binary), ("x.binary", .binary), ("me", .value), ("plugins", .value),
            ("host_list.anti_spoof", .value), ("auth/flat_file.timeout", .value), ("dir.ini/file", .value),
            (".ini", .value), ("", .value), ("x.", .value), ("a.json.ini", .ini),
        ])
    func types(name: String, type: ConfigType) {
        #expect(ConfigType.forName(name) == type)
    }
}
