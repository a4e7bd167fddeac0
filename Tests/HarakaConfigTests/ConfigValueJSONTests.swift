// Values into JSON text.

import Testing

@testable import HarakaConfig

@Suite("ConfigValue as JSON")
struct ConfigValueJSONTests {
    @Test(
        "every kind of value has its JSON",
        arguments: [
            (ConfigValue.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.integer(-7), "-7"),
            (.integer(.min), "-9223372036854775808"), (.double(1), "1.0"), (.double(-0.25), "-0.25"),
            (.double(1e300), "1e+300"), (.double(.nan), "null"), (.double(-.infinity), "null"), (.string(""), "\"\""),
            (.list([]), "[]"), (.map([:]), "{}"), (.list([.integer(1), .list([.null])]), "[1,[null]]"),
            (.map(["z": .integer(1), "a": .map(["k": .string("v")])]), #"{"z":1,"a":{"k":"v"}}"#),
        ])
    func values(value: ConfigValue, text: String) {
        #expect(value.json() == text)
    }

    @Test(
        "quotes, backslashes and control characters are escaped, and nothing else",
        arguments: [
            ("a\"b\\c/d", #""a\"b\\c/d""#), ("\0\u{8}\t\n\r\u{1F}", #""\u0000\u0008\u0009\u000a\u000d\u001f""#),
            ("\u{7F}", #""\u007f""#), ("é😀\u{2028}", "\"é😀\u{2028}\""), ("\r\n", #""\u000d\u000a""#),
        ])
    func texts(text: String, json: String) {
        #expect(ConfigValue.string(text).json() == json)
        #expect(ConfigValue.map([text: .null]).json() == "{\(json):null}")
    }

    @Test(
        "bytes are base64, as in RFC 4648, section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func bytes(content: String, base64: String) {
        #expect(ConfigValue.bytes(Array(content.utf8)).json() == "\"\(base64)\"")
    }

    @Test("all 64 letters of base64 are used")
    func letters() {
        #expect(ConfigValue.bytes([0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF, 0]).json() == "\"++++////AA==\"")
    }

    @Test("pretty is one entry a line; what is empty stays in its line")
    func pretty() {
        let value = ConfigValue.map(["a": .list([.integer(1), .map([:])]), "b": .map(["c": .list([])]), "d": .null])
        #expect(
            value.json(pretty: true) == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": {
                    "c": []
                  },
                  "d": null
                }
                """)
    }

    @Test("what is written is read back as it was", arguments: [false, true])
    func roundTrip(pretty: Bool) {
        let value = ConfigValue.map([
            "t": .string("\u{1}\"\\é\u{7F}😀"),
            "n": .list([.double(0.1), .double(.leastNonzeroMagnitude), .integer(.max), .double(0x1p63)]),
            "\n": .list([.bool(true), .null]),
        ])
        let parsed = JSONParser.parse(Array(value.json(pretty: pretty).utf8), file: "t.json")
        #expect(parsed.value == value)
        #expect(parsed.diagnostics.isEmpty)
    }
}
