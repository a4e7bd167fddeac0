// What counts as local.
import HarakaPluginKit
import Testing

@testable import HostListBase

/// Lends a string as the host would.
private func lend<Result>(_ string: String, _ body: (Text) -> Result) -> Result {
    let bytes = Array(string.utf8)
    return bytes.withUnsafeBytes { body(Text($0)) }
}

private func set(_ names: String...) -> HostSet {
    func collect(_ rest: ArraySlice<String>, _ texts: [Text]) -> HostSet {
        guard let name = rest.first else { return HostSet(copying: texts) }
        return lend(name) { collect(rest.dropFirst(), texts + [$0]) }
    }
    return collect(names[...], [])
}

@Suite("Local domains")
struct HostListBaseTests {
    @Test("a listed domain is local, whatever its case in the list")
    func listed() {
        let hosts = set("example.com", " MIXED.Example.ORG\t")
        #expect(lend("example.com", hosts.contains))
        #expect(lend("mixed.example.org", hosts.contains))
    }

    @Test(
        "neither a subdomain, nor a parent, nor nothing is local",
        arguments: ["a.example.com", "com", "", "example.co"])
    func notListed(host: String) {
        #expect(!lend(host, set("example.com").contains))
    }

    @Test("empty lines and doubles do not count")
    func doubles() {
        #expect(set("a.example", "", "  ", "A.example").count == 1)
    }

    @Test("the names outlive the configuration they came from")
    func copied() {
        var bytes = Array("example.com".utf8)
        let hosts = bytes.withUnsafeBytes { HostSet(copying: [Text($0)]) }
        bytes[0] = 0x58
        #expect(lend("example.com", hosts.contains))
        #expect(!lend("Xxample.com", hosts.contains))
    }

    @Test("several expressions become one")
    func joined() {
        #expect(alternatives(["a"]) == "(?:a)")
        #expect(alternatives(["a", "b\\.c"]) == "(?:a|b\\.c)")
    }

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
