// The static checks of whole plugins, from source to verdict.

import Testing

@testable import HarakaPluginHost

@Suite struct PluginCheckTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func verify(
        _ source: String, _ options: [String] = [], as name: String = "x.so",
        against abi: ABIVersion = ABIVersion(major: 0, minor: 1)
    ) throws -> VerifiedPlugin {
        try PluginCheck.verify(SealedFile(folder.build(source, options, as: name)), against: abi)
    }

    /// The reason for which the plugin is refused; nil if it is not.
    private func refusal(
        _ source: String, _ options: [String] = [], against abi: ABIVersion = ABIVersion(major: 0, minor: 1)
    ) throws -> PluginFileError? {
        let sealed = try SealedFile(folder.build(source, options))
        do throws(PluginFileError) {
            _ = try PluginCheck.verify(sealed, against: abi)
            return nil
        } catch {
            return error
        }
    }

    private static let register = "int haraka_register(const void *host) { return host != 0; }\n"

    private func plugin(abi: String) -> String {
        noteSource("format=1\\0name=x\\0\(abi)\\0") + Self.register
    }

    @Test("a good plugin is verified, with its note, hash and no warning, and may be unmapped")
    func good() throws {
        let plugin = try verify(goodPlugin)
        #expect(plugin.note.name == "x")
        #expect(plugin.note.abi == ABIVersion(major: 0, minor: 1))
        #expect(plugin.hash == (try fileBytes(folder.path + "/x.so")).withUnsafeBytes { SHA256.hex($0) })
        #expect(plugin.warnings == [])
        #expect(plugin.unload == .safe)
        #expect(plugin.summary.export(named: "haraka_register") != nil)
    }

    @Test(
        "while the major number is 0 the minor number must be the same; later it must not be greater",
        arguments: [
            ("abi=0.1", 0, 1, nil), ("abi=0.1", 0, 2, "0.1"), ("abi=0.3", 0, 2, "0.3"), ("abi=1.0", 0, 2, "1.0"),
            ("abi=0.2\\0abi_min=0.1", 0, 1, "0.2"), ("abi=0.2", 1, 2, "0.2"), ("abi=1.0", 1, 0, nil),
            ("abi=1.0", 1, 7, nil), ("abi=1.7", 1, 7, nil), ("abi=1.8", 1, 7, "1.8"),
            ("abi=1.8\\0abi_min=1.2", 1, 7, nil), ("abi=1.9\\0abi_min=1.8", 1, 7, "1.8"), ("abi=2.0", 1, 7, "2.0"),
            ("abi=1.7", 2, 0, "1.7"),
        ] as [(String, UInt32, UInt32, String?)])
    func abi(note: String, major: UInt32, minor: UInt32, needed: String?) throws {
        let host = ABIVersion(major: major, minor: minor)
        let error = try refusal(plugin(abi: note), against: host)
        let expected = needed.flatMap(ABIVersion.init).map { PluginFileError.Reason.foreignABI(plugin: $0, host: host) }
        #expect(error?.reason == expected)
    }

    @Test("an ABI mismatch says who must move")
    func abiSentences() throws {
        let path = folder.path + "/x.so"
        #expect(
            try refusal(plugin(abi: "abi=0.1"), against: ABIVersion(major: 0, minor: 2))?.description
                == "\(path) needs plugin ABI 0.1, but this server has 0.2: "
                + "build the plugin against this server's haraka/plugin.h")
        #expect(
            try refusal(plugin(abi: "abi=1.9"), against: ABIVersion(major: 1, minor: 2))?.description
                == "\(path) needs plugin ABI 1.9, but this server has 1.2: "
                + "use a newer server, or build the plugin against this server's haraka/plugin.h")
    }

    @Test("a plugin without note, with a broken one, or without an ABI in it is refused with a hint to HARAKA_PLUGIN")
    func notes() throws {
        let missing = try refusal(Self.register)
        #expect(missing?.reason == .noteMissing)
        let broken = try refusal(noteSource("format=1\\0") + Self.register)
        #expect(broken?.reason == .noteBroken(.missingKey("name")))
        let silent = try refusal(noteSource("format=1\\0name=x\\0") + Self.register)
        #expect(silent?.reason == .noteWithoutABI)
        for error in [missing, broken, silent] {
            #expect(error?.description.hasPrefix(folder.path + "/x.so ") == true)
            #expect(error?.description.contains("HARAKA_PLUGIN") == true)
        }
        #expect(
            broken?.description == "\(folder.path)/x.so can't be used, because its plugin note does not say its name: "
                + "its source must make the note with HARAKA_PLUGIN")
    }

    @Test(
        "haraka_register must be defined, visible and a function",
        arguments: [
            ("", PluginFileError.Reason.noRegister),
            ("static int haraka_register(void) { return 1; } int (*p)(void) = haraka_register;", .noRegister),
            ("__attribute__((visibility(\"hidden\"))) int haraka_register(void) { return 1; }", .noRegister),
            ("int haraka_register(void); int f(void) { return haraka_register(); }", .noRegister),
            ("int haraka_register = 1;", .registerIsNoFunction),
            (
                "__asm__(\".data\\n.globl haraka_register\\n.type haraka_register, %function\\n"
                    + "haraka_register: .long 1\\n\");",
                .registerIsNoFunction
            ),
        ])
    func register(source: String, reason: PluginFileError.Reason) throws {
        #expect(try refusal(noteSource("format=1\\0name=x\\0abi=0.1\\0") + source + "\n")?.reason == reason)
    }

    @Test("the message about a missing haraka_register asks whether it is a plugin")
    func registerSentence() {
        let error = PluginFileError(path: "/p/x.so", reason: .noRegister)
        #expect(
            error.description == "/p/x.so exports no haraka_register: is it a Haraka plugin? "
                + "Its source must define that function, visibly")
    }

    @Test(
        "$ORIGIN is refused wherever the loader would expand it",
        arguments: [
            "-Wl,--enable-new-dtags,-rpath,$ORIGIN/lib", "-Wl,--disable-new-dtags,-rpath,/a:${ORIGIN}",
        ])
    func origin(option: String) throws {
        let reason = try refusal(goodPlugin, [option])?.reason
        let text = String(option.split(separator: ",").last ?? "")
        #expect(reason == .originInRunpath(text))
    }

    @Test("an absolute RUNPATH is accepted")
    func runpath() throws {
        #expect(try refusal(goodPlugin, ["-Wl,-rpath,/opt/lib"]) == nil)
    }

    @Test("an executable stack is refused")
    func stack() throws {
        #expect(try refusal(goodPlugin, ["-Wl,-z,execstack"])?.reason == .executableStack)
    }

    @Test("text relocations are refused")
    func textRelocations() throws {
        let bytes = try fileBytes(folder.build(goodPlugin, ["-Wl,-z,now"]))
        let flags = try #require(bytes.dynamicEntry(ELFDynamic.Tag.flags))
        let path = try folder.write("patched.so", bytes.patched(flags + 8, 0x0c))
        let sealed = try SealedFile(path)
        #expect(throws: PluginFileError(path: path, reason: .textRelocations)) {
            _ = try PluginCheck.verify(sealed, against: ABIVersion(major: 0, minor: 1))
        }
    }

    @Test("what is no shared library is refused with its path")
    func text() throws {
        let path = try folder.write("x.so", Array("#!/bin/sh\n".utf8))
        let sealed = try SealedFile(path)
        let error = PluginFileError(path: path, reason: .elf(.notELF(start: "\"#!/bin/sh\"")))
        #expect(throws: error) { _ = try PluginCheck.verify(sealed, against: ABIVersion(major: 0, minor: 1)) }
        #expect(
            error.description == "\(path): not an ELF file: starts with \"#!/bin/sh\", "
                + "but a plugin is a shared library: link it with -shared -fPIC")
    }

    @Test(
        "a file may be called as the note says, plainly or as a package; otherwise there is a warning",
        arguments: [
            ("x", "x.so", true), ("x", "x/x.so", true), ("a/x", "a/x.so", true), ("a/x", "a/x/x.so", true),
            ("a/x", "a/x/a/x.so", true), ("haraka-plugin-x", "x.so", true), ("x", "y.so", false), ("x", "xx.so", false),
            ("a/x", "x.so", false), ("a/x", "b/x.so", false), ("x", "x/y.so", false),
        ])
    func names(note: String, file: String, matches: Bool) throws {
        let source = noteSource("format=1\\0name=\(note)\\0abi=0.1\\0") + Self.register
        let plugin = try verify(source, as: file)
        let path = folder.path + "/" + file
        #expect(plugin.warnings == (matches ? [] : [.nameMismatch(note: plugin.note.name, path: path)]))
    }
}
