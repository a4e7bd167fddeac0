// Declared booleans: which words are true, and what is the case where nothing is said.

import Testing

@testable import HarakaConfig

@Suite("declared booleans")
struct BooleanDeclarationsTests {
    private func parse(_ text: String, _ booleans: [String]) -> Parsed {
        IniParser.parse(Array(text.utf8), file: "t.ini", booleans: booleans)
    }

    @Test(
        "true, yes, ok, enabled, on and 1 are true in any case, all other words false",
        arguments: [
            ("true", true), ("TRUE", true), ("yes", true), ("Ok", true), ("enabled", true), ("on", true), ("1", true),
            ("false", false), ("no", false), ("off", false), ("0", false), ("disabled", false),
        ])
    func words(word: String, value: Bool) {
        let parsed = parse("[s]\nk = \(word)", ["s.k"])
        #expect(parsed.value["s", "k"] == .bool(value))
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("a word that is neither is taken for false, with a warning at the word", arguments: ["treu", "", "2", "-1"])
    func otherWords(word: String) {
        let parsed = parse("[s]\nk=\(word)", ["+s.k"])
        #expect(parsed.value["s", "k"] == .bool(false))
        let message = "k is taken for false: expected true, yes, ok, enabled, on, 1 or their opposites"
        #expect(parsed.diagnostics.brief == ["2:3: warning: \(message)"])
    }

    @Test(
        "a declaration creates its section and its default",
        arguments: [
            ("s.k", "s", "k", false), ("-s.k", "s", "k", false), ("s.-k", "s", "k", false), ("+s.k", "s", "k", true),
            ("s.+k", "s", "k", true), ("k", "main", "k", false), ("+k", "main", "k", true), ("-k", "main", "k", false),
            ("+reject.from.match", "reject", "from.match", true),
        ])
    func defaults(declaration: String, section: String, key: String, value: Bool) {
        #expect(parse("", [declaration]).value[section, key] == .bool(value))
    }

    @Test("what the file says wins over the default, in both directions")
    func fileWins() {
        let parsed = parse("a=false\nb=yes", ["+a", "-b"])
        #expect(parsed.value["main"] == .map(["a": .bool(false), "b": .bool(true)]))
    }

    @Test("*.key is a boolean in every section and has no default")
    func anySection() {
        let parsed = parse("k=yes\n[a]\nk=no\n[b]\nother=yes", ["*.k"])
        #expect(
            parsed.value
                == .map([
                    "main": .map(["k": .bool(true)]), "a": .map(["k": .bool(false)]),
                    "b": .map(["other": .string("yes")]),
                ]))
    }

    @Test("a key that is not declared stays text")
    func undeclared() {
        #expect(parse("k=yes", ["other.k"]).value["main", "k"] == .string("yes"))
    }

    @Test("a declared boolean is one also where it is written as a list or bare")
    func brackets() {
        #expect(parse("k[]=yes", ["k"]).value["main", "k"] == .bool(true))
        #expect(parse("k", ["+k"]).value["main", "k"] == .bool(false))
    }

    @Test("declarations that name nothing are ignored", arguments: ["", "+", "s.", "s.+"])
    func emptyDeclarations(declaration: String) {
        #expect(parse("", [declaration]).value == .map(["main": .map([:])]))
    }
}
