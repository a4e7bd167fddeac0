// What the reader says about files that are no shared library, or a damaged one.

import Testing

@testable import HarakaPluginHost

@Suite struct ELFDamageTests {
    @Test(
        "a file that is no ELF file is named by its beginning",
        arguments: [
            ("#!/bin/sh\nexit 0\n", "\"#!/bin/sh\""), ("exports.register = function", "\"exports.register\""),
            ("!<arch>\nx", "\"!<arch>\""), ("a \"b\" \u{1}\u{7f}z", "\"a .b. ..z\""), ("\u{7f}ELG....", "\".ELG....\""),
            ("\n", "\"\""),
        ])
    func text(text: String, start: String) {
        #expect(readError(Array(text.utf8)) == .notELF(start: start))
    }

    @Test("an empty file is called empty")
    func empty() {
        #expect(readError([]) == .empty)
    }

    @Test("a beginning of the header is called cut off", arguments: [1, 4, 15, 16, 63])
    func header(size: Int) throws {
        let bytes = try library("int f(void) { return 1; }")
        #expect(readError(Array(bytes.prefix(size))) == .truncated(what: "its header", end: 64, size: UInt64(size)))
    }

    @Test(
        "a file of another kind is called by its kind",
        arguments: [
            (4, 1, ELFError.not64Bit), (4, 9, .malformed("its class is 9")), (5, 2, .bigEndian),
            (5, 0, .malformed("its byte order is 0")), (6, 2, .malformed("its ELF version is 2")),
            (7, 9, .foreignSystem(9)), (16, 1, .notSharedLibrary(kind: "an object file")),
            (16, 2, .notSharedLibrary(kind: "an executable")), (16, 4, .notSharedLibrary(kind: "a core dump")),
            (16, 77, .notSharedLibrary(kind: "an ELF file of type 77")),
            (18, 243, .foreignMachine(found: "riscv64", host: ELFMachine.host.name)),
            (18, 77, .foreignMachine(found: "machine number 77", host: ELFMachine.host.name)),
            (54, 1, .malformed("its program headers have an unknown size")),
            (58, 1, .malformed("its section headers have an unknown size")),
            (56, 0, .malformed("it has no program headers")),
            (32, 8, .malformed("its program headers overlap its header")),
            (39, 0xff, .malformed("its program headers would end beyond any file")),
        ] as [(Int, UInt8, ELFError)])
    func kind(offset: Int, value: UInt8, error: ELFError) throws {
        let bytes = try library("int f(void) { return 1; }")
        // An offset of all ones plus any size leaves 64 bits.
        let patched = value == 0xff ? bytes.patched(32, 255, 255, 255, 255, 255, 255, 255, 255) : bytes
        #expect(readError(patched.patched(offset, value)) == error)
    }

    @Test("GNU in the OS field is Linux")
    func gnu() throws {
        #expect(readError(try library("int f(void) { return 1; }").patched(7, 3)) == nil)
    }

    @Test("an executable that is position independent is called an executable")
    func executable() throws {
        let folder = try TemporaryFolder()
        let path = try folder.build("int main(void) { return 0; }", link: "-pie")
        #expect(readError(try fileBytes(path)) == .notSharedLibrary(kind: "an executable"))
    }

    @Test("tables and segments that the file is too short for are called cut off")
    func truncated() throws {
        let bytes = try library("int f(void) { return 1; }")
        let size = UInt64(bytes.count)
        let shorter = readError(Array(bytes.dropLast(1)))
        #expect(shorter == .truncated(what: "its section headers", end: size, size: size - 1))
        let load = try #require(bytes.programHeader(ELFSegment.Kind.load))
        // A megabyte more in the file and in memory.
        let longer = bytes.patched(load + 34, 0x10).patched(load + 42, 0x10)
        guard case .truncated("one of its segments", _, size)? = readError(longer) else {
            Issue.record("got \(String(describing: readError(longer)))")
            return
        }
    }

    @Test("segments that overlap, wrap around or hold more than their memory are refused")
    func segments() throws {
        let bytes = try library("int f(void) { return 1; }")
        let load = try #require(bytes.programHeader(ELFSegment.Kind.load))
        let overlapping = bytes.patched(load + 43, 0x7f)
        #expect(readError(overlapping) == .malformed("its segments overlap or are out of order"))
        let wrapping = bytes.patched(load + 40, 255, 255, 255, 255, 255, 255, 255, 255).patched(load + 16, 1)
        #expect(readError(wrapping) == .malformed("a segment does not fit into memory"))
        let overfull = bytes.patched(load + 40, 0, 0, 0, 0, 0, 0, 0, 0)
        #expect(readError(overfull) == .malformed("a segment does not fit into memory"))
    }

    @Test("a missing, doubled or unloaded dynamic segment is refused")
    func dynamicSegment() throws {
        let bytes = try library("int f(void) { return 1; }")
        let dynamic = try #require(bytes.programHeader(ELFSegment.Kind.dynamic))
        let none = "it has 0 dynamic segments, where a shared library has one"
        #expect(readError(bytes.patched(dynamic, 0)) == .malformed(none))
        let stack = try #require(bytes.programHeader(ELFSegment.Kind.gnuStack))
        let two = "it has 2 dynamic segments, where a shared library has one"
        #expect(readError(bytes.patched(stack, 2, 0, 0, 0)) == .malformed(two))
        let elsewhere = bytes.patched(dynamic + 22, 0xff)
        #expect(readError(elsewhere) == .malformed("its dynamic segment is not loaded"))
        let endless = bytes.patched(dynamic + 32, 32, 0)
        #expect(readError(endless) == .malformed("its dynamic segment has no end"))
    }

    @Test(
        "dynamic entries that lead out of the segments are refused",
        arguments: [
            (ELFDynamic.Tag.symbols, "its symbols lie outside its segments"),
            (ELFDynamic.Tag.strings, "its symbol names lie outside its segments"),
            (ELFDynamic.Tag.gnuHash, "its GNU hash table lie outside its segments"),
            (ELFDynamic.Tag.versionsNeeded, "its needed versions lie outside its segments"),
        ])
    func dynamicEntries(tag: UInt64, message: String) throws {
        let bytes = try library("#include <stdlib.h>\nvoid g(char *p) { free(p); }", ["-Wl,--hash-style=gnu"])
        let entry = try #require(bytes.dynamicEntry(tag))
        #expect(readError(bytes.patched(entry + 15, 0x7f)) == .malformed(message))
    }

    @Test("sizes in the dynamic segment that do not fit are refused")
    func dynamicSizes() throws {
        let bytes = try library("int f(void) { return 1; }", ["-Wl,--hash-style=sysv"])
        let strings = try #require(bytes.dynamicEntry(ELFDynamic.Tag.stringsSize))
        #expect(readError(bytes.patched(strings + 15, 1)) == .malformed("it has no complete table of symbol names"))
        #expect(
            readError(bytes.patched(strings + 8, 2, 0))
                == .malformed("its symbol names point past the end of their table"))
        let entrySize = try #require(bytes.dynamicEntry(ELFDynamic.Tag.symbolSize))
        #expect(readError(bytes.patched(entrySize + 8, 16)) == .malformed("its symbols have an unknown size"))
        let hash = try #require(bytes.dynamicEntry(ELFDynamic.Tag.hash))
        let missing = "it has no symbol hash table, so nothing in it can be found by name"
        #expect(readError(bytes.patched(hash + 4, 1).withoutSectionHeaders) == .malformed(missing))
    }

    /// A library with imports, versions, a note and both hash tables, small because its parts share pages.
    private static func sample() throws -> [UInt8] {
        let source = "#include <stdlib.h>\nvoid g(char *p) { free(p); }\n" + goodPlugin
        let options = ["-Wl,--hash-style=both", "-Wl,-z,norelro", "-s"]
        // Linkers that do not know the option share pages anyway.
        return try (try? library(source, options + ["-Wl,-z,noseparate-code"])) ?? library(source, options)
    }

    @Test("a library cut off at any 64th byte is refused, and never traps")
    func everyTruncation() throws {
        let bytes = try Self.sample()
        #expect(readError(bytes) == nil)
        for size in stride(from: 0, to: bytes.count, by: 64) {
            #expect(readError(Array(bytes.prefix(size))) != nil, "cut off after \(size) bytes")
        }
        // Without section headers at the end, the cut must be noticed by what it takes away.
        let stripped = bytes.withoutSectionHeaders
        for size in stride(from: 0, to: stripped.count, by: 64) { _ = readError(Array(stripped.prefix(size))) }
    }

    @Test("no change of a single byte makes the reader trap", arguments: [0xff, 0x01, 0x80] as [UInt8])
    func everyMutation(mask: UInt8) throws {
        for var bytes in [try Self.sample(), try Self.sample().withoutSectionHeaders] {
            var refused = 0
            for index in bytes.indices {
                bytes[index] ^= mask
                if let error = readError(bytes) {
                    refused += 1
                    #expect(!error.description.contains("\n"))
                }
                bytes[index] ^= mask
            }
            #expect(refused > 100)
            #expect(refused < bytes.count)
        }
    }

    @Test("every error says what is wrong and what to do, in one line")
    func sentences() {
        let errors: [(ELFError, String)] = [
            (.empty, "the file is empty: build the plugin again, or copy it again"),
            (
                .notELF(start: "\"x\""),
                "not an ELF file: starts with \"x\", but a plugin is a shared library: link it with -shared -fPIC"
            ),
            (
                .truncated(what: "its header", end: 64, size: 3),
                "the file is cut off: its header would end at byte 64, but the file has 3 bytes: copy it again"
            ),
            (
                .foreignMachine(found: "aarch64", host: "x86_64"),
                "built for aarch64, but this server runs on x86_64: build the plugin for x86_64"
            ),
            (.foreignSystem(9), "built for another operating system (OS ABI 9): build the plugin on Linux"),
            (
                .notSharedLibrary(kind: "an executable"),
                "an executable, not a shared library: link the plugin with -shared -fPIC"
            ),
            (.malformed("x"), "the ELF file is damaged: x: build the plugin again, or copy it again"),
        ]
        for (error, sentence) in errors { #expect(error.description == sentence) }
    }
}
