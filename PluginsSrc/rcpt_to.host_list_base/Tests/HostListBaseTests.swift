// What counts as local.
import HarakaPluginKit
import Testing

@testable import HostListBase

/// Lends a string as the host would.
private func lend<Result>(_ string: String, _ body: (Text) -> Result) -> Result {
    let bytes = Array(string.utf8)
    return bytes.withUnsafeBytes { body(Text($0)) }
}

@Suite("Local domains")
struct HostListBaseTests {
    @Test(
        "anti_spoof is on for words that mean it",
        arguments: [("true", true), ("1", true), (" on ", true), ("false", false), ("", false)])
    func truth(word: String, on: Bool) {
        #expect(lend(word, isOn) == on)
    }

    @Test(
        "a change of anti_spoof is only believed if it is a word that says yes or no",
        arguments: [
            ("yes", true), ("1", true), ("off", false), ("0", false), ("", false), ("treu", nil), ("2", nil),
            ("\u{1}", nil),
        ] as [(String, Bool?)])
    func plainWords(word: String, on: Bool?) {
        #expect(lend(word) { HostListBase.truth(of: $0) } == on)
    }

    @Test(
        "a line that can be no domain's is nonsense, one that merely is none is not",
        arguments: [
            ("example.com", false), (" MIXED.Example\t", false), ("xn--bcher-kva.example", false),
            ("[127.0.0.1]", false), ("_x", false), ("example.com # ours", true), ("joe@example.com", true),
            ("a/b", true), ("b\u{FC}cher.de", true), ("a\u{0}b", true), ("a\u{7F}", true),
        ])
    func nonsense(line: String, isNonsense: Bool) {
        #expect(lend(line, HostListBase.isNonsense) == isNonsense)
    }
}
