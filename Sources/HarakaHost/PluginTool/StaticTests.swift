// Group `static`: the file and its note. Nothing of the plugin runs.

import Glibc
import HarakaCore
import HarakaPluginHost

enum StaticTests {
    static let file = [
        PluginTest(.static, "object", "is a shared object for this machine", isObject),
        PluginTest(.static, "owner", "belongs to root or the server's user, and nobody else may change it", isTrusted),
        PluginTest(.static, "note", "has a plugin note that can be read", hasNote),
        PluginTest(.static, "complete", "the note says version and summary", isComplete),
        PluginTest(.static, "name", "the file is named as the note says", isNamedAsNoted),
        PluginTest(.static, "abi", "was built for this server's plugin ABI", fitsABI),
        PluginTest(.static, "entry", "exports the function haraka_register", hasEntry),
        PluginTest(.static, "hooks", "exported hook functions belong to hooks that the server asks", knowsHooks),
        PluginTest(.static, "size", "is not larger than plugins are", isSmall),
    ]

    /// ELF, a shared library, for this machine, and whole: what the dynamic linker would refuse or crash on.
    private static func isObject(_ run: TestRun) throws {
        if let problem = run.file.problem { throw TestFailure("\(problem)", "link it with -shared, for this machine") }
        guard let summary = run.file.summary else { return }
        run.note("is a shared object for \(summary.machine.name)")
    }

    /// Whoever may write a plugin has the server's rights. The server seals it too, so it says the same.
    private static func isTrusted(_ run: TestRun) {
        do throws(PluginFileError) {
            _ = try SealedFile(run.file.path)
        } catch {
            // The sentence ends with what to do.
            run.fail("\(error)", "the server refuses a file that somebody else could change")
        }
    }

    /// Without a note nobody can say what the file is without running it: see docs/plugin-abi.md.
    private static func hasNote(_ run: TestRun) throws {
        switch try run.summary().note {
        case .found: return
        case .missing:
            run.fail("has no plugin note", "write HARAKA_PLUGIN(name, version, summary, ...) once, at file level")
        case .broken(let error): run.fail("its plugin note \(error)", "make the note with HARAKA_PLUGIN")
        }
    }

    private static func note(_ run: TestRun) throws -> PluginNote {
        guard let note = run.file.note else { throw TestFailure("has no plugin note that can be read") }
        return note
    }

    /// Version and summary are what `haraka -l` shows; help is wished for, and no more.
    private static func isComplete(_ run: TestRun) throws {
        let note = try note(run)
        let missing = ["version", "summary"].filter { (note[$0] ?? "").isEmpty }
        guard missing.isEmpty else {
            return run.fail(
                "the note lacks \(missing.joined(separator: " and "))", "haraka -l shows them to administrators")
        }
        let wished = ["vendor", "url"].filter { (note[$0] ?? "").isEmpty }
        guard note.help == nil, !wished.isEmpty else { return }
        run.note("the note says version and summary; HARAKA_HELP would give haraka -h \(note.name) something to show")
    }

    /// Settings, results and the log go by the plugin's name, and administrators by the file's.
    private static func isNamedAsNoted(_ run: TestRun) throws {
        let noted = try note(run).name
        guard run.file.name != noted else { return }
        run.fail(
            "calls itself \(noted) in its note, but the file is \(run.file.path)",
            "name the file \(noted).so, or its settings and results are looked for under another name")
    }

    /// While the header is 0.x both numbers must be the host's; the rule is that of `PluginCheck`.
    private static func fitsABI(_ run: TestRun) throws {
        let host = PluginLoader.abi
        guard let built = try note(run).abi else {
            throw TestFailure("the note names no ABI", "make it with HARAKA_PLUGIN")
        }
        let needed = host.major == 0 ? built : run.file.note?.abiMinimum ?? built
        let fits = needed.major == host.major && (host.major == 0 ? needed.minor == host.minor : needed <= host)
        guard fits else {
            throw TestFailure(
                "was built for plugin ABI \(needed), this server has \(host)", "build it with this haraka/plugin.h")
        }
        run.note("was built for plugin ABI \(built)")
    }

    /// A data symbol of that name would be jumped into.
    private static func hasEntry(_ run: TestRun) throws {
        let summary = try run.summary()
        guard let entry = summary.export(named: PluginCheck.entryPoint) else {
            throw TestFailure("exports no haraka_register", "define it with HARAKA_REGISTER, and export it")
        }
        guard entry.kind == .function, summary.executableRanges.contains(where: { $0.contains(entry.value) }) else {
            throw TestFailure("exports a haraka_register that is not code")
        }
    }

    /// The names of hooks that exported functions belong to.
    static func exportedHooks(_ summary: ELFSummary) -> [String] {
        summary.exports.filter { $0.kind == .function && $0.name.hasPrefix("hook_") }.map {
            String($0.name.dropFirst(5))
        }
    }

    /// `hook_rctp` is exported, registered, and never asked: nothing but this says so.
    private static func knowsHooks(_ run: TestRun) throws {
        let unknown = exportedHooks(try run.summary()).filter { Hook(name: $0) == nil }.sorted()
        guard !unknown.isEmpty else { return }
        run.warn(
            "the server asks no hook called \(unknown.joined(separator: " or "))",
            "look for a slip of the pen; a hook of your own is reached by NEXT_HOOK only")
    }

    /// A server seals a copy of each plugin at every reload, and debug information goes with it.
    private static func isSmall(_ run: TestRun) {
        let mebibytes = run.file.size >> 20
        guard mebibytes >= 16 else { return }
        run.warn(
            "has \(mebibytes) MiB, which each reload copies into memory", "strip it, and leave out what is not used")
    }
}
