// Group `static`, second half: what the linker made of it.

import Glibc
import HarakaPluginHost

extension StaticTests {
    static let linking = [
        PluginTest(.static, "stack", "needs no executable stack", hasPlainStack),
        PluginTest(.static, "relocations", "is position-independent code all through", isPositionIndependent),
        PluginTest(.static, "runpath", "looks for no library beside itself", hasNoRunpath),
        PluginTest(.static, "libraries", "the libraries that it needs are there", findsLibraries),
        PluginTest(.static, "symbols", "every symbol that it needs is there", findsSymbols),
        PluginTest(.static, "exports", "exports nothing but its entry points", exportsLittle),
        PluginTest(.static, "unload", "can be unmapped after a reload", isUnloadable),
    ]

    /// One such library makes the stacks of the whole server executable.
    private static func hasPlainStack(_ run: TestRun) throws {
        guard try run.summary().flags.contains(.executableStack) else { return }
        run.fail("asks for an executable stack", "link it with -Wl,-z,noexecstack; no nested functions in C")
    }

    /// Text relocations make code writable while it loads, which hardened systems forbid.
    private static func isPositionIndependent(_ run: TestRun) throws {
        guard try run.summary().flags.contains(.textRelocations) else { return }
        run.fail("must be patched while it loads (DT_TEXTREL)", "compile all of it with -fPIC")
    }

    /// The copy in memory has no folder of its own for $ORIGIN to stand for.
    private static func hasNoRunpath(_ run: TestRun) throws {
        let summary = try run.summary()
        let paths = [summary.runpath, summary.rpath].compactMap { $0 }
        guard !(paths + summary.needed).contains(where: { $0.contains("$ORIGIN") || $0.contains("${ORIGIN}") }) else {
            return run.fail(
                "looks for libraries relative to its own place",
                "link without $ORIGIN: plugins run from a copy in memory")
        }
        guard let path = paths.first else { return }
        run.warn("looks for libraries in \(path)", "a path of the machine that built it means nothing on another")
    }

    /// Maps the libraries, whose own constructors run; not the plugin.
    private static func findsLibraries(_ run: TestRun) throws {
        for name in try run.summary().needed {
            run.at("while its library \(name) was mapped")
            guard dlopen(name, RTLD_LAZY | RTLD_LOCAL) == nil else { continue }
            run.fail("needs \(name), which is not on this machine", "link it statically, or install it with the plugin")
        }
    }

    /// What the dynamic linker would say with all symbols bound at once, as the server asks it to.
    private static func findsSymbols(_ run: TestRun) throws {
        let summary = try run.summary()
        let libraries = summary.needed.compactMap { dlopen($0, RTLD_LAZY | RTLD_LOCAL) }
        let own = Set(summary.exports.map(\.name))
        let missing = summary.imports.filter { symbol in
            // A weak one may be missing; one with a version is a library's that was just found.
            guard !symbol.isWeak, symbol.version == nil, !own.contains(symbol.name) else { return false }
            return !libraries.contains { dlsym($0, symbol.name) != nil }
        }
        guard let first = missing.first else { return }
        let more = missing.count > 1 ? " and \(missing.count - 1) more" : ""
        run.fail(
            "needs the symbol \(first.name)\(more), which no library of its own provides",
            "link the library that has it (-l...); the server itself lends no symbols")
    }

    /// A symbol that is seen is a promise: children find it as a method, and another build may not have it.
    private static func exportsLittle(_ run: TestRun) throws {
        let entries: Set<String> = [
            "haraka_register", "haraka_shutdown", "_init", "_fini", "_edata", "_end", "__bss_start",
        ]
        // Templates of C++ are exported whatever the author does, and shared with nobody: RTLD_LOCAL.
        let exports = try run.summary().exports.filter { !($0.isWeak && $0.name.hasPrefix("_Z")) }
        let others = exports.map(\.name).filter { !entries.contains($0) && !$0.hasPrefix("hook_") }
        guard !others.isEmpty else { return }
        let shown = others.prefix(5).joined(separator: ", ") + (others.count > 5 ? " and \(others.count - 5) more" : "")
        run.warn(
            "also exports \(shown)",
            "compile with -fvisibility=hidden; only methods for child plugins need to be seen, and haraka_add_method "
                + "adds them without")
    }

    /// Not a finding: to stay mapped costs some memory with each reload, and some languages have no choice.
    private static func isUnloadable(_ run: TestRun) throws {
        guard case .unsafe(let reasons) = UnloadVerdict(try run.summary()) else {
            return run.note("can be unmapped after a reload")
        }
        let list = reasons.prefix(3).map(\.description).joined(separator: ", it ")
        run.note("stays mapped after each reload, because it \(list)")
    }
}
