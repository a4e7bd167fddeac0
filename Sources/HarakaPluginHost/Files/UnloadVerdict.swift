// May a plugin be unmapped? Only if nothing of it can be called afterwards.

/// Whether a library can be unmapped, judged by what is in its file.
///
/// A library is unmapped only if it can be shown to be safe: code that a thread, an exit handler or a runtime calls
/// after the unmapping ends the process. Whether host jobs are still inside is for the caller to add.
public enum UnloadVerdict: Equatable, Sendable {
    /// Nothing in the file speaks against it.
    case safe
    /// It must stay mapped, for these reasons.
    case unsafe([Reason])

    /// Why a library must stay mapped.
    public enum Reason: Hashable, Sendable {
        /// The sections can't be seen, so a language runtime can't be ruled out.
        case noSectionHeaders
        /// Sections with Swift metadata, which the Swift runtime keeps addresses of.
        case swiftMetadata
        /// The Go runtime, whose threads never end.
        case goRuntime
        /// A symbol that binds once for the whole process.
        case uniqueSymbol(String)
        /// DF_1_NODELETE: the loader would not do it.
        case noDelete
        /// It may start threads with this function.
        case startsThreads(String)
        /// It may register code to run at exit or fork with this function.
        case exitHandler(String)
        /// It may register code to run at the end of a thread with this function.
        case threadDestructor(String)
        /// It may install a signal handler with this function.
        case signalHandler(String)
        /// It may leave an address of its own with the C library by this function: a name, a buffer, a callback.
        case leavesAddress(String)
        /// It may load or look up code behind the host's back with this function.
        case loadsCode(String)
        /// It brings a library along whose threads and handlers the host can't see.
        case library(String)
    }

    public init(_ summary: ELFSummary) {
        var reasons = Self.sectionReasons(summary.sections)
        if summary.flags.contains(.noDelete) { reasons.append(.noDelete) }
        reasons += summary.uniqueSymbols.prefix(1).map { .uniqueSymbol($0) }
        reasons += summary.imports.compactMap { Self.importReason($0.name) }
        reasons += summary.needed.filter { !Self.isSystemLibrary($0) }.map { .library($0) }
        self = reasons.isEmpty ? .safe : .unsafe(reasons)
    }

    private static func sectionReasons(_ sections: [String]?) -> [Reason] {
        guard let sections else { return [.noSectionHeaders] }
        var reasons: [Reason] = []
        if sections.contains(where: { $0.hasPrefix("swift5_") }) { reasons.append(.swiftMetadata) }
        if sections.contains(where: { [".gopclntab", ".go.buildinfo", ".note.go.buildid"].contains($0) }) {
            reasons.append(.goRuntime)
        }
        return reasons
    }

    private static func importReason(_ name: String) -> Reason? {
        switch name {
        // A timer may fire in a thread of its own.
        case "pthread_create", "thrd_create", "clone", "clone3", "timer_create", "mq_notify", "getaddrinfo_a",
            "aio_read", "aio_write", "aio_fsync", "lio_listio", "aio_read64", "aio_write64", "aio_fsync64",
            "lio_listio64":
            .startsThreads(name)
        // std::thread's constructor, in both spellings that libstdc++ has had.
        case _ where name.hasPrefix("_ZNSt6thread15_M_start_thread"): .startsThreads(name)
        case "atexit", "__cxa_atexit", "on_exit", "at_quick_exit", "__cxa_at_quick_exit", "pthread_atfork",
            "__register_atfork":
            .exitHandler(name)
        case "__cxa_thread_atexit", "__cxa_thread_atexit_impl", "pthread_key_create", "tss_create":
            .threadDestructor(name)
        case "signal", "sigaction", "sigset", "bsd_signal", "sysv_signal", "__sysv_signal", "sigaltstack", "sigvec":
            .signalHandler(name)
        // The environment and syslog(3) keep what they are given; so do streams, until exit. syscall(2) can do
        // anything.
        case "putenv", "openlog", "setbuf", "setbuffer", "setvbuf", "fopencookie", "register_printf_function",
            "register_printf_specifier", "register_printf_modifier", "register_printf_type", "syscall":
            .leavesAddress(name)
        case "dlopen", "dlmopen", "dlsym", "dlvsym": .loadsCode(name)
        default: nil
        }
    }

    /// The C library, with the parts that were libraries of their own before glibc 2.34, and the compiler's own.
    private static func isSystemLibrary(_ name: String) -> Bool {
        let known = [
            "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libgcc_s.so.1",
            "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
        ]
        return known.contains(name)
    }
}

extension UnloadVerdict.Reason: CustomStringConvertible {
    /// The rest of a sentence that begins "it stays mapped, because it".
    public var description: String {
        switch self {
        case .noSectionHeaders: "has no section headers"
        case .swiftMetadata: "uses the Swift runtime"
        case .goRuntime: "uses the Go runtime"
        case .uniqueSymbol(let name): "has the unique symbol \(name)"
        case .noDelete: "is marked NODELETE"
        case .startsThreads(let name): "may start threads (\(name))"
        case .exitHandler(let name): "may register an exit handler (\(name))"
        case .threadDestructor(let name): "may register a thread's destructor (\(name))"
        case .signalHandler(let name): "may install a signal handler (\(name))"
        case .leavesAddress(let name): "may leave an address of its own with the C library (\(name))"
        case .loadsCode(let name): "may load code by itself (\(name))"
        case .library(let name): "brings along \(name)"
        }
    }
}
