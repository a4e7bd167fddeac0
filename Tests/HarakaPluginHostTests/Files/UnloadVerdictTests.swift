// Which libraries may be unmapped.

import Testing

@testable import HarakaPluginHost

@Suite struct UnloadVerdictTests {
    private func verdict(_ source: String, _ options: [String] = []) throws -> UnloadVerdict {
        UnloadVerdict(try ELFImage.read(library(source, options)))
    }

    @Test("plain C that uses libc and libm may be unmapped")
    func plain() throws {
        let source = """
            #include <math.h>
            #include <stdlib.h>
            #include <string.h>
            double f(double x, char *p) { free(p); return sin(x) + (double)strlen(getenv("X")); }
            """
        #expect(try verdict(source, ["-lm"]) == .safe)
    }

    @Test(
        "an import that may leave code to be called later keeps the library mapped",
        arguments: [
            ("pthread_create", UnloadVerdict.Reason.startsThreads("pthread_create")),
            ("thrd_create", .startsThreads("thrd_create")), ("clone", .startsThreads("clone")),
            ("timer_create", .startsThreads("timer_create")),
            (
                "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
                .startsThreads("_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE")
            ),
            ("__cxa_atexit", .exitHandler("__cxa_atexit")), ("on_exit", .exitHandler("on_exit")),
            ("__register_atfork", .exitHandler("__register_atfork")),
            ("__cxa_thread_atexit_impl", .threadDestructor("__cxa_thread_atexit_impl")),
            ("pthread_key_create", .threadDestructor("pthread_key_create")), ("signal", .signalHandler("signal")),
            ("sigaction", .signalHandler("sigaction")), ("dlopen", .loadsCode("dlopen")),
            ("dlsym", .loadsCode("dlsym")), ("getaddrinfo_a", .startsThreads("getaddrinfo_a")),
            ("sigaltstack", .signalHandler("sigaltstack")), ("putenv", .leavesAddress("putenv")),
            ("openlog", .leavesAddress("openlog")), ("syscall", .leavesAddress("syscall")),
        ])
    func imports(name: String, reason: UnloadVerdict.Reason) throws {
        #expect(try verdict("void \(name)(void); void f(void) { \(name)(); }", ["-fno-builtin"]) == .unsafe([reason]))
    }

    @Test("atexit of the C library counts as the function that it calls")
    func atexit() throws {
        let source = "#include <stdlib.h>\nint n; static void g(void) { n = 1; }\nint f(void) { return atexit(g); }"
        #expect(try verdict(source) == .unsafe([.exitHandler("__cxa_atexit")]))
    }

    @Test(
        "a language runtime keeps the library mapped",
        arguments: [
            ("swift5_types", UnloadVerdict.Reason.swiftMetadata), ("swift5_protocol_conformances", .swiftMetadata),
            (".gopclntab", .goRuntime), (".go.buildinfo", .goRuntime),
        ])
    func runtimes(section: String, reason: UnloadVerdict.Reason) throws {
        let source = "__attribute__((section(\"\(section)\"), used)) int data = 1;"
        #expect(try verdict(source) == .unsafe([reason]))
    }

    @Test("NODELETE and unique symbols keep the library mapped")
    func loader() throws {
        #expect(try verdict("int f(void) { return 1; }", ["-Wl,-z,nodelete"]) == .unsafe([.noDelete]))
        let unique = "__asm__(\".data\\n.globl u\\n.type u, %gnu_unique_object\\n.size u, 4\\nu: .long 1\\n\");"
        #expect(try verdict(unique) == .unsafe([.uniqueSymbol("u")]))
    }

    @Test("a library that comes along keeps the plugin mapped")
    func companions() throws {
        let folder = try TemporaryFolder()
        let other = try folder.build("int g(void) { return 1; }", ["-Wl,-soname,libother.so.1"], as: "libother.so")
        let bytes = try library("int g(void); int f(void) { return g(); }", [other])
        #expect(UnloadVerdict(try ELFImage.read(bytes)) == .unsafe([.library("libother.so.1")]))
    }

    @Test("a file without section headers can't show that it is safe")
    func stripped() throws {
        let bytes = try library("int f(void) { return 1; }").withoutSectionHeaders
        #expect(UnloadVerdict(try ELFImage.read(bytes)) == .unsafe([.noSectionHeaders]))
    }

    @Test("all reasons are listed, and read as the end of a sentence")
    func several() throws {
        let source = "int pthread_create(void); int signal(void); int f(void) { return pthread_create() + signal(); }"
        guard case .unsafe(let reasons) = try verdict(source, ["-fno-builtin", "-Wl,-z,nodelete"]) else {
            Issue.record("it is said to be safe")
            return
        }
        #expect(
            Set(reasons.map(\.description)) == [
                "is marked NODELETE", "may start threads (pthread_create)", "may install a signal handler (signal)",
            ])
    }
}
