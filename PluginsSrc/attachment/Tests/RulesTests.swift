// Names, signs, rules and settings.
import HarakaPluginKit
import Testing

@testable import AttachmentChecks

@Suite("attachment: rules")
struct RulesTests {
    private let rules = Rules(
        disallowed: ["exe", "tar.gz"], typeMatches: { $0 == "application/bad" }, nameMatches: { $0.hasSuffix(".odd") },
        archivedNameMatches: { $0.hasSuffix(".inner") })

    @Test("extensions go before types, types before names")
    func order() {
        #expect(rules.judge(names: ["a.odd", "b.EXE"], types: ["application/bad"]) == .fileExtension("EXE"))
        #expect(
            rules.judge(names: ["a.odd"], types: ["text/plain", "application/bad"]) == .contentType("application/bad"))
        #expect(rules.judge(names: ["a", "a.odd"], types: []) == .fileName("a.odd"))
        #expect(rules.judge(names: ["exe", "a.exe.txt", ".", "", "inner"], types: ["text/plain"]) == nil)
    }

    @Test("names are also looked at without blanks and dots at the end")
    func ends() {
        #expect(rules.judge(names: ["a.exe . "], types: []) == .fileExtension("exe"))
        #expect(rules.judge(names: ["a.odd..."], types: []) == .fileName("a.odd..."))
        #expect(rules.judge(archived: ["x", "dir/a.Tar.gz"]) == .fileExtension("Tar.gz"))
        #expect(rules.judge(archived: ["a.odd", "b.inner "]) == .archivedFileName("b.inner "))
    }

    @Test(
        "each finding has Haraka's words, and a result",
        arguments: [
            (Finding.fileExtension("exe"), "Message contains disallowed file extension (exe)", "extension(exe)"),
            (.contentType("a/b"), "Message contains unacceptable content type (a/b)", "ctype(a/b)"),
            (.fileName("a\r\nö"), "Message contains unacceptable attachment (a????)", "filename(a????)"),
            (.archivedFileName("b"), "Message contains unacceptable attachment (b)", "archive_filename(b)"),
            (
                .problem(.tooDeep("b")), "Message contains nested archives exceeding the maximum depth", "depth(b)"
            ),
            (.problem(.encrypted("b")), "Message contains encrypted archive", "encrypted(b)"),
            (.problem(.unreadable("b", "why")), "Error unpacking archive", "unpack(b: why)"),
        ])
    func words(finding: Finding, words: String, result: String) {
        #expect(finding.words == words)
        #expect(finding.result == result)
    }

    @Test("only an archive that cannot be unpacked is refused for now, and not for who may relay")
    func temporary() {
        let unreadable = Finding.problem(.unreadable("a", "b"))
        #expect(unreadable.answer.code == .denySoft)
        #expect(unreadable.refuses(isRelaying: false) && !unreadable.refuses(isRelaying: true))
        for finding in [Finding.problem(.tooDeep("a")), .problem(.encrypted("a")), .fileName("a")] {
            #expect(finding.answer.code == .deny)
            #expect(finding.refuses(isRelaying: true))
        }
    }

    @Test("extensions, and names of what is unpacked")
    func names() {
        #expect(fileExtension("a.b.EXE") == ".exe")
        #expect(fileExtension("a.") == ".unknown")
        #expect(fileExtension("") == ".unknown")
        #expect(unpackedName("dir/a.exe.GZ", []) == "a.exe")
        #expect(unpackedName("a.zip/b.tgz", ["tgz"]) == "b")
        #expect(unpackedName("picture", []) == "picture")
        #expect(tidied("a. . ") == "a")
        #expect(tidied("...") == "")
        #expect(printable(String(repeating: "x", count: 500)).utf8.count == 120)
    }

    @Test("archives are known by their first bytes, and nothing else is")
    func signs() {
        let tar = [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8)
        for start in [[0x50, 0x4B, 3, 4], [0x1F, 0x8B, 8], Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], tar]
            as [[UInt8]]
        {
            #expect(looksLikeArchive(start))
            #expect(!looksLikeArchive(start.dropLast()))
        }
        #expect(looksLikeArchive(Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]))
        #expect(!looksLikeArchive(Array("BZh is what he said".utf8)))
        #expect(!looksLikeArchive([UInt8]()))
        #expect(isArchiveType("application/zip") && !isArchiveType("text/plain"))
    }

    @Test("attachment.ini is read with its defaults")
    func settings() throws {
        #expect(try Settings(.map([Value.Entry]())) == Settings())
        let settings = try Settings(
            .map([
                ("main", .map([("timeout", .integer(5)), ("disallowed_extensions", .text("exe, .COM;scr,,"))])),
                (
                    "archive",
                    .map([
                        ("max_depth", .integer(2)), ("extensions", .list([.text("zip"), .text("ARJ")])),
                        ("allow_encrypted", .boolean(true)), ("max_entries", .integer(7)),
                    ])
                ),
            ]))
        #expect(settings.timeout == 5000)
        #expect(settings.disallowedExtensions == ["exe", "com", "scr"])
        #expect(settings.limits.extensions == ["zip", "arj"])
        #expect(settings.limits.depth == 2 && settings.limits.entries == 7 && settings.limits.allowsEncrypted)
        #expect(settings.limits.size == 64 << 20)
    }

    @Test(
        "a mistake in attachment.ini is named",
        arguments: [
            ("main", "timeout", Value.integer(0)), ("main", "timeout", .text("soon")),
            ("archive", "max_depth", .integer(51)),
            ("archive", "allow_encrypted", .text("x")), ("archive", "max_bytes", .number(1.5)),
        ])
    func mistakes(section: String, key: String, value: Value) {
        let error = #expect(throws: PluginError.self) { try Settings(.map([(section, .map([(key, value)]))])) }
        #expect(error?.cause.hasPrefix("[\(section)] \(key): expected ") == true)
    }

    @Test("expressions are joined in portions that are not too large")
    func portionsOfExpressions() {
        #expect(alternatives(["a", "b"]) == "(?|a|b)")
        #expect(portions(of: []).isEmpty)
        #expect(portions(of: ["aaa", "bb", "c"], bytes: 5) == [["aaa", "bb"], ["c"]])
    }
}
