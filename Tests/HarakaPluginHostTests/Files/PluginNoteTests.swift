// The plugin's note: its text, and where it is found.

import Testing

@testable import HarakaPluginHost

@Suite struct PluginNoteTests {
    private func parse(_ bytes: [UInt8]) -> Result<PluginNote, NoteError> {
        bytes.withUnsafeBytes { buffer in Result { () throws(NoteError) in try PluginNote.parse(buffer) } }
    }

    private func parse(_ text: String) -> Result<PluginNote, NoteError> { parse(Array(text.utf8)) }

    private func error(_ text: String) -> NoteError? {
        if case .failure(let error) = parse(text) { error } else { nil }
    }

    @Test("every key is read, and an unknown one is kept")
    func keys() throws {
        let note = try parse(
            "format=1\0name=haraka-plugin-auth/x\0version=2.1\0summary=Says a = b\0vendor=É\0licence=MIT\0"
                + "url=https://example.org/\0abi=0.7\0abi_min=0.2\0needs=dns/1  net/1\0wants=regex/1\0"
                + "hooks=rcpt mail\0parents=auth/auth_base\0replaces=old.one old.two\0help=one\n\ttwo\0x-colour=red\0"
        ).get()
        #expect(note.name == "auth/x")
        #expect(note.version == "2.1")
        #expect(note.summary == "Says a = b")
        #expect(note.vendor == "É")
        #expect(note.licence == "MIT")
        #expect(note.url == "https://example.org/")
        #expect(note.abi == ABIVersion(major: 0, minor: 7))
        #expect(note.abiMinimum == ABIVersion(major: 0, minor: 2))
        #expect(note.needs == ["dns/1", "net/1"])
        #expect(note.wants == ["regex/1"])
        #expect(note.hooks == ["rcpt", "mail"])
        #expect(note.parents == ["auth/auth_base"])
        #expect(note.replaces == ["old.one", "old.two"])
        #expect(note.help == "one\n\ttwo")
        #expect(note["x-colour"] == "red")
        #expect(note.entries.count == 15)
    }

    @Test("what is not said is nil or empty")
    func absent() throws {
        let note = try parse("format=1\0name=x\0").get()
        #expect(note.version == nil)
        #expect(note.abi == nil)
        #expect(note.needs == [])
        #expect(note["format"] == nil)
    }

    @Test("zeros after the text are padding")
    func padding() throws {
        #expect(try parse("format=1\0name=x\0\0\0\0").get().name == "x")
    }

    @Test("a value may be empty")
    func emptyValue() throws {
        #expect(try parse("format=1\0name=x\0url=\0").get().url == "")
    }

    @Test(
        "a bad text is refused with its reason",
        arguments: [
            ("", .unknownFormat), ("\0", .unknownFormat), ("format=2\0name=x\0", .unknownFormat),
            ("name=x\0format=1\0", .unknownFormat), ("format=1", .unterminated), ("format=1\0name=x", .unterminated),
            ("format=1\0\0name=x\0", .textAfterEnd), ("format=1\0name\0", .badEntry(2)),
            ("format=1\0=x\0", .badEntry(2)),
            ("format=1\0name=x\0Na me=y\0", .badEntry(3)), ("format=1\0name=x\0name=y\0", .repeatedKey("name")),
            ("format=1\0format=1\0", .repeatedKey("format")), ("format=1\0version=1\0", .missingKey("name")),
            ("format=1\0name=../x\0", .badName(.badDots)), ("format=1\0name=\0", .badName(.empty)),
            ("format=1\0name=x\0abi=1\0", .badVersion(key: "abi")),
            ("format=1\0name=x\0abi=1.+2\0", .badVersion(key: "abi")),
            ("format=1\0name=x\0abi=1.2.3\0", .badVersion(key: "abi")),
            ("format=1\0name=x\0abi=.1\0", .badVersion(key: "abi")),
            ("format=1\0name=x\0abi=1.99999999999\0", .badVersion(key: "abi")),
            ("format=1\0name=x\0abi=1.2\0abi_min=1.x\0", .badVersion(key: "abi_min")),
            ("format=1\0name=x\0abi=1.2\0abi_min=1.3\0", .impossibleRange),
            ("format=1\0name=x\0abi=2.2\0abi_min=1.3\0", .impossibleRange),
            ("format=1\0name=x\0help=a\u{1b}[2Jb\0", .controlCharacter(key: "help")),
            ("format=1\0name=x\0help=a\rb\0", .controlCharacter(key: "help")),
            ("format=1\0name=x\0help=\u{7f}\0", .controlCharacter(key: "help")),
            ("format=1\0name=x\0help=\u{9b}1m\0", .controlCharacter(key: "help")),
        ] as [(String, NoteError)])
    func refused(text: String, reason: NoteError) {
        #expect(error(text) == reason)
    }

    @Test("a value that is not UTF-8 is refused", arguments: [[0xff], [0xc3], [0xed, 0xa0, 0x80]] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        let text = Array("format=1\0name=x\0vendor=".utf8) + bytes + [0]
        #expect(parse(text) == .failure(.notUTF8(key: "vendor")))
    }

    @Test("64 KiB and 256 keys are accepted, one more is not")
    func bounds() throws {
        let start = "format=1\0name=x\0help="
        let text = start + String(repeating: "h", count: 65_536 - start.utf8.count - 1) + "\0"
        #expect(try parse(text).get().help?.utf8.count == 65_536 - start.utf8.count - 1)
        #expect(error(text + "\0") == .tooLarge(65_537))
        let keys = "format=1\0name=x\0" + (0..<254).map { "k\($0)=\0" }.joined()
        #expect(try parse(keys).get().entries.count == 255)
        #expect(error(keys + "more=\0") == .tooManyKeys)
        let key = String(repeating: "k", count: 64)
        #expect(error("format=1\0name=x\0\(key)=\0") == nil)
        #expect(error("format=1\0name=x\0\(key)k=\0") == .badEntry(3))
    }

    @Test("a compiled note is found through the program headers, and survives the loss of the section headers")
    func compiled() throws {
        let bytes = try library(noteSource("format=1\\0name=x\\0"))
        let expected = PluginNoteState.found(try parse("format=1\0name=x\0").get())
        #expect(try ELFImage.read(bytes).note == expected)
        #expect(try ELFImage.read(bytes.withoutSectionHeaders).note == expected)
        #expect(try ELFImage.read(library(noteSource("format=1\\0name=x\\0"), ["-s"])).note == expected)
    }

    @Test("a note that no program header covers is found through its section")
    func sectionOnly() throws {
        var bytes = try library(noteSource("format=1\\0name=x\\0"), ["-Wl,--build-id=none"])
        while let header = bytes.programHeader(ELFSegment.Kind.note) { bytes = bytes.patched(header, 0, 0, 0, 0) }
        #expect(try ELFImage.read(bytes).note.note?.name == "x")
        #expect(try ELFImage.read(bytes.withoutSectionHeaders).note == .missing)
    }

    @Test("notes of another owner or type are not the plugin's")
    func foreign() throws {
        #expect(try ELFImage.read(library(noteSource("format=1\\0name=x\\0", owner: "Harakb"))).note == .missing)
        #expect(try ELFImage.read(library(noteSource("format=1\\0name=x\\0", type: 2))).note == .missing)
        let among = noteSource("abc", owner: "Other") + noteSource("format=1\\0name=x\\0", variable: "second")
        #expect(try ELFImage.read(library(among)).note.note?.name == "x")
    }

    @Test("two notes and a bad note are broken")
    func broken() throws {
        let one = noteSource("format=1\\0name=x\\0")
        let two = one + noteSource("format=1\\0name=y\\0", variable: "second")
        #expect(try ELFImage.read(library(two)).note == .broken(.several(2)))
        #expect(try ELFImage.read(library(noteSource("name=x"))).note == .broken(.unknownFormat))
    }
}
