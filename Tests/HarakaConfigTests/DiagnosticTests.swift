// How findings read.

import Testing

@testable import HarakaConfig

@Suite("Diagnostic")
struct DiagnosticTests {
    private func finding(_ text: String, file: String = "config/t.ini") -> Diagnostic? {
        IniParser.parse(Array(text.utf8), file: file).diagnostics.first
    }

    @Test("a finding shows file, line, column, severity, message, and a caret under the place")
    func description() {
        #expect(
            finding("a=1\n  foo bar\n")?.description == """
                config/t.ini:2:7: error: this line is skipped: expected [section], key=value or key \
                (letters, digits and _ @ : . + - / [ ])
                      foo bar
                          ^
                """)
    }

    @Test("columns count characters, not bytes")
    func characters() {
        let parsed = JSONParser.parse(Array("[\"éé😀\" x]".utf8), file: "t")
        #expect(parsed.diagnostics.first?.excerpt == ["[\"éé😀\" x]", "       ^"])
    }

    @Test("control characters are shown as question marks, and a tab takes one column")
    func controlCharacters() {
        #expect(finding("\tk\u{1B}[31m\u{85}=1")?.excerpt == ["?k?[31m?=1", "  ^"])
        #expect(finding("?", file: "a\u{1B}b")?.description.hasPrefix("a?b:1:1: error") == true)
    }

    @Test("of a long line the piece around the caret is shown")
    func longLine() throws {
        let long = String(repeating: "k", count: 500) + "*" + String(repeating: "x", count: 500)
        let excerpt = try #require(finding(long)?.excerpt)
        #expect(excerpt.map(\.count) == [100, 50])
        #expect(excerpt[0].hasPrefix(String(repeating: "k", count: 49) + "*x"))
        #expect(finding(String(repeating: "é", count: 500))?.excerpt == [String(repeating: "é", count: 100), "^"])
    }

    @Test("a finding about a whole file has neither line nor excerpt")
    func wholeFile() {
        let finding = Diagnostic(.warning, file: "config/x", "the file\nis odd")
        #expect(finding.description == "config/x: warning: the file?is odd")
    }

    @Test(
        "the nearest name is suggested where it is near",
        arguments: [
            ("inactivity_timeut", "inactivity_timeout"), ("litsen", "listen"), ("Listen", "listen"), ("node", "nodes"),
            ("nodse", "nodes"),
            ("banner", nil), ("x", nil), ("", nil), (String(repeating: "listen", count: 20), nil),
        ])
    func nearestName(written: String, meant: String?) {
        let names = ["listen", "nodes", "inactivity_timeout", "user"]
        #expect(NearestName.to(written, among: names) == meant)
    }
}
