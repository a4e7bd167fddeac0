// What lists say about clients, addresses and domains.
import HarakaPluginKit
import Testing

@testable import Access

/// Texts of a list, which live as long as the process, as the host's would for one call.
private func texts(_ lines: [String]) -> [Text] { lines.map(text) }

private func text(_ string: String) -> Text {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, string.utf8.count), alignment: 1)
    copy.copyBytes(from: string.utf8)
    return Text(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[..<string.utf8.count]))
}

@Suite("Lines of a list")
struct LinesTests {
    @Test(
        "may be what the list is about",
        arguments: [
            (.clients, "192.0.2.1", true), (.clients, "192.0.2.0/24", true), (.clients, "2001:db8::/32", true),
            (.clients, "mx.example.com", true), (.clients, "192.0.2.0/33", false), (.clients, "a/b", false),
            (.clients, "joe@example.com", false), (.clients, "192.0.2.1 # bad", false),
            (.addresses, "joe@example.com", true), (.addresses, "b\u{FC}cher@example.com", true),
            (.addresses, "joe/x@example.com", true), (.addresses, "joe@example.com ann@example.com", false),
            (.addresses, "a\u{1}b", false), (.domains, "example.com", true), (.domains, "!example.com", true),
            (.domains, "!joe@example.com", true), (.domains, "!", false), (.domains, "http://example.com", false),
            (.domains, "! example.com", false),
        ] as [(EntryKind, String, Bool)])
    func kinds(kind: EntryKind, line: String, isGood: Bool) {
        #expect((kind.mistake(in: text(line)) == nil) == isGood)
    }

    @Test("that are bad are named, and the others count")
    func mistakes() {
        let lines = ListLine.counting(texts(["MX.example.com", "10.0.0.0/8", "bad one", "2001:DB8::1", "x@y"]))
        let (content, mistakes) = readEntries(lines, .clients)
        #expect(mistakes.map(\.line) == [3, 5])
        for client in ["mx.example.com", "10.1.2.3", "2001:db8:0:0::1"] { #expect(content.contains(text(client))) }
        for client in ["", "11.0.0.1", "2001:db8::2", "bad one"] { #expect(!content.contains(text(client))) }
    }
}

@Suite("Verdicts")
struct VerdictTests {
    @Test("whoever is welcome is not looked for among the refused")
    func order() {
        var asked: [String] = []
        func lists(_ file: String) -> Bool {
            asked.append(file)
            return file != "w1"
        }
        let finding = firstFinding(["w1", "w2"], ["b"], lists)
        #expect(finding == (.welcome, "w2"))
        #expect(asked == ["w1", "w2"])
        #expect(firstFinding(["w1"], ["b"], lists) == (.refused, "b"))
        #expect(firstFinding(["w1"], ["w1"], lists) == (.unlisted, nil))
    }

    @Test(
        "the address decides, or else the nearest domain above",
        arguments: [
            ("example.com", nil, .refused), ("EXAMPLE.com", nil, .refused), ("www.example.com.", nil, .refused),
            ("special.example.com", nil, .welcome), ("a.special.example.com", nil, .welcome),
            ("bad.special.example.com", nil, .refused), ("notexample.com", nil, .unlisted), ("com", nil, .unlisted),
            ("", nil, .unlisted), ("example.com", "friend@example.com", .welcome),
            ("example.com", "Other@example.com", .refused), ("example.org", "spam@example.org", .refused),
            ("example.org", "ham@example.org", .unlisted), ("special.example.com", "x@special.example.com", .welcome),
        ] as [(String, String?, Verdict)])
    func domains(domain: String, address: String?, expected: Verdict) {
        let domains = Domains(
            texts([
                "example.com", "!special.example.com", "bad.special.example.com", "!friend@example.com",
                "spam@example.org",
            ]))
        #expect(domains.count == 5)
        #expect(domains.judge(domain: text(domain), address.map(text)) == expected)
    }
}

@Suite("The field From")
struct MailboxTests {
    @Test(
        "has addresses beside names, comments and quotes",
        arguments: [
            ("joe@example.com", ["joe@example.com"]), ("Joe <joe@example.com>", ["joe@example.com"]),
            ("\"ann@bank.example\" <joe@example.com>", ["joe@example.com"]),
            ("ann@bank.example <joe@example.com>", ["ann@bank.example", "joe@example.com"]),
            ("a@b.c, \"D, E\" <e@f.g> (h@i.j)", ["a@b.c", "e@f.g"]),
            ("\"joe x\"@example.com", ["\"joe x\"@example.com"]),
            ("friends: a@b.c, d@e.f;", ["a@b.c", "d@e.f"]), ("(x (y) z@z.z) a@b.c", ["a@b.c"]),
            ("\"a\\\"b\" <a@b.c>", ["a@b.c"]), ("Joe\r\n\t<joe@example.com>", ["joe@example.com"]),
            ("", []), ("Joe", []), ("\"a@b.c", []), ("(a@b.c", []), ("a@b.c)", ["a@b.c"]), ("\\", []), ("\"\\", []),
        ] as [(String, [String])])
    func found(field: String, expected: [String]) {
        #expect(mailboxes(text(field)).map(\.string) == expected)
    }

    @Test("an address's domain follows its last @", arguments: [("a@b.c", "b.c"), ("\"a@x\"@b.c", "b.c"), ("a", "")])
    func domains(mailbox: String, expected: String) {
        #expect(domain(of: text(mailbox)).string == expected)
    }
}
