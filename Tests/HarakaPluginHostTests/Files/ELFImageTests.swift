// What the reader says about well-formed shared libraries.

import Testing

@testable import HarakaPluginHost

@Suite struct ELFImageTests {
    @Test("exported functions and data are listed with kind, size and weakness")
    func exports() throws {
        let summary = try ELFImage.read(
            library(
                """
                int answer(void) { return 42; }
                __attribute__((weak)) int maybe(void) { return 1; }
                int table[5] = {1, 2, 3, 4, 5};
                __thread long local = 7;
                __attribute__((visibility("hidden"))) int hidden(void) { return 2; }
                __attribute__((visibility("protected"))) int guarded(void) { return 3; }
                static int own(void) { return 4; }
                int uses(void) { return own() + hidden(); }
                """))
        let answer = try #require(summary.export(named: "answer"))
        #expect(answer.kind == .function)
        #expect(answer.size > 0)
        #expect(!answer.isWeak)
        #expect(summary.executableRanges.contains { $0.contains(answer.value) })
        #expect(summary.export(named: "maybe")?.isWeak == true)
        let table = try #require(summary.export(named: "table"))
        #expect(table.kind == .object)
        #expect(table.size == 20)
        #expect(!summary.executableRanges.contains { $0.contains(table.value) })
        #expect(summary.export(named: "local")?.kind == .object)
        #expect(summary.export(named: "guarded")?.kind == .function)
        #expect(summary.export(named: "hidden") == nil)
        #expect(summary.export(named: "own") == nil)
        #expect(summary.machine == .host)
        #expect(summary.note == .missing)
    }

    @Test("a name without a type is neither function nor data")
    func untyped() throws {
        let summary = try ELFImage.read(library("__asm__(\".text\\n.globl bare\\nbare: .byte 0\\n\");"))
        #expect(summary.export(named: "bare")?.kind == .other)
    }

    @Test("an indirect function is a function")
    func indirect() throws {
        let summary = try ELFImage.read(
            library(
                """
                static int one(void) { return 1; }
                static int (*choose(void))(void) { return one; }
                int chosen(void) __attribute__((ifunc("choose")));
                """))
        #expect(summary.export(named: "chosen")?.kind == .function)
    }

    @Test("undefined symbols are listed with version and weakness")
    func imports() throws {
        let summary = try ELFImage.read(
            library(
                """
                #include <stdlib.h>
                __attribute__((weak)) extern int perhaps(void);
                extern int surely(void);
                int f(void) { free(malloc(3)); return (perhaps ? perhaps() : 0) + surely(); }
                """, ["-fno-builtin"]))
        let free = try #require(summary.imports.first { $0.name == "free" })
        #expect(free.version?.hasPrefix("GLIBC_2.") == true)
        #expect(!free.isWeak)
        #expect(summary.imports.contains(ELFImport(name: "perhaps", version: nil, isWeak: true)))
        #expect(summary.imports.contains(ELFImport(name: "surely", version: nil, isWeak: false)))
        #expect(summary.export(named: "free") == nil)
    }

    @Test("needed libraries, soname and search path are listed")
    func libraries() throws {
        let source = "#include <math.h>\ndouble f(double x) { return sin(x) + fmod(x, 2); }"
        let options = [
            "-Wl,--no-as-needed", "-lm", "-Wl,-soname,libx.so.1", "-Wl,--enable-new-dtags,-rpath,/opt/a:/opt/b",
        ]
        let summary = try ELFImage.read(library(source, options))
        #expect(summary.needed == ["libm.so.6", "libc.so.6"])
        #expect(summary.soname == "libx.so.1")
        #expect(summary.runpath == "/opt/a:/opt/b")
        #expect(summary.rpath == nil)
        let old = try ELFImage.read(library(source, ["-lm", "-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib"]))
        #expect(old.runpath == nil)
        #expect(old.rpath == "$ORIGIN/lib")
    }

    @Test("an ordinary library has no flags")
    func noFlags() throws {
        #expect(try ELFImage.read(library("int f(void) { return 1; }")).flags == [])
    }

    @Test(
        "an executable stack and NODELETE are seen",
        arguments: [
            ("-Wl,-z,execstack", ELFSummary.Flags.executableStack), ("-Wl,-z,nodelete", .noDelete),
        ])
    func flags(option: String, flag: ELFSummary.Flags) throws {
        #expect(try ELFImage.read(library("int f(void) { return 1; }", [option])).flags == flag)
    }

    @Test("a missing PT_GNU_STACK means an executable stack")
    func missingStack() throws {
        let bytes = try library("int f(void) { return 1; }")
        let header = try #require(bytes.programHeader(ELFSegment.Kind.gnuStack))
        // PT_NULL: an entry to be passed over.
        #expect(try ELFImage.read(bytes.patched(header, 0, 0, 0, 0)).flags == .executableStack)
    }

    @Test("text relocations are seen, as an entry of their own and as a flag")
    func textRelocations() throws {
        let bytes = try library("int f(void) { return 1; }", ["-Wl,-z,now"])
        let flags = try #require(bytes.dynamicEntry(ELFDynamic.Tag.flags))
        #expect(try ELFImage.read(bytes.patched(flags + 8, 0x0c)).flags == .textRelocations)
        #expect(try ELFImage.read(bytes.patched(flags, 22)).flags == .textRelocations)
    }

    @Test("unique symbols and section names are listed")
    func sections() throws {
        let summary = try ELFImage.read(
            library(
                """
                __asm__(".data\\n.globl only\\n.type only, %gnu_unique_object\\n.size only, 4\\nonly: .long 1\\n");
                __attribute__((section("swift5_types"), used)) int metadata = 1;
                """))
        #expect(summary.uniqueSymbols == ["only"])
        #expect(summary.export(named: "only")?.kind == .object)
        #expect(summary.sections?.contains("swift5_types") == true)
        #expect(summary.sections?.contains(".dynsym") == true)
    }

    /// Symbols on both sides, and several of them, so that a wrong count would show.
    private static let busy = """
        #include <stdlib.h>
        #include <string.h>
        int a1(void) { return 1; } int a2(void) { return 2; } int a3(void) { return 3; } int a4(void) { return 4; }
        int b1(char *p) { free(p); return (int)strlen(getenv("X")) + abs(rand()); }
        """

    @Test(
        "all symbols are found by each kind of hash table, with and without section headers",
        arguments: ["sysv", "gnu", "both"])
    func hashStyles(style: String) throws {
        let bytes = try library(Self.busy, ["-Wl,--hash-style=\(style)", "-fno-builtin"])
        let whole = try ELFImage.read(bytes)
        let stripped = try ELFImage.read(bytes.withoutSectionHeaders)
        #expect(["a1", "a2", "a3", "a4", "b1"].allSatisfy { whole.export(named: $0)?.kind == .function })
        #expect(["free", "strlen", "getenv", "rand"].allSatisfy { name in whole.imports.contains { $0.name == name } })
        #expect(stripped.exports == whole.exports)
        #expect(stripped.imports == whole.imports)
        #expect(stripped.sections == nil)
        #expect(stripped.note == whole.note)
    }

    @Test("where nothing is exported and the section headers are gone, the relocations name the undefined symbols")
    func onlyImports() throws {
        let source = """
            #include <stdlib.h>
            __attribute__((visibility("hidden"))) void f(char *p) { free(p); abort(); }
            """
        let bytes = try library(source, ["-Wl,--hash-style=gnu"]).withoutSectionHeaders
        let names = try ELFImage.read(bytes).imports.map(\.name)
        #expect(names.contains("free"))
        #expect(names.contains("abort"))
    }

    @Test("the section headers count the symbols, but only if they describe the table that the loader uses")
    func listedSymbols() throws {
        let source = """
            #include <stdlib.h>
            __attribute__((visibility("hidden"))) void f(char *p) { free(p); abort(); }
            """
        var bytes = try library(source, ["-Wl,--hash-style=gnu"])
        // Tags that nobody knows, so that the relocations are out of sight.
        for tag in [ELFDynamic.Tag.relocations, ELFDynamic.Tag.pltRelocations] {
            bytes = bytes.patched(try #require(bytes.dynamicEntry(tag)) + 3, 1)
        }
        #expect(try ELFImage.read(bytes).imports.contains { $0.name == "abort" })
        // sh_addr of another table, and a size that no table has: counted by it, the symbols would leave the file.
        let section = try #require(bytes.sectionHeader(ELFSection.Kind.dynamicSymbols))
        let other = bytes.patched(section + 16, 0xff, 0xff).patched(section + 36, 0xff)
        #expect(readError(other) == nil)
    }

    @Test("a library for the other machine can be read when it is asked for")
    func otherMachine() throws {
        let bytes = try library("int f(void) { return 1; }")
        let other: ELFMachine = ELFMachine.host == .x86_64 ? .aarch64 : .x86_64
        let patched = bytes.patched(18, UInt8(other.rawValue), 0)
        let summary = try patched.withUnsafeBytes { try ELFImage.read($0, for: other) }
        #expect(summary.machine == other)
        #expect(readError(patched) == .foreignMachine(found: other.name, host: ELFMachine.host.name))
    }
}
