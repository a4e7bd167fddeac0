// Group `load`: mapping and registering, with the configuration as shipped, missing, and full of junk.

import Glibc
import HarakaPluginHost

enum LoadTests {
    static let all =
        [
            PluginTest(.load, "constructors", "being mapped changes nothing in the process", constructors),
            PluginTest(.load, "register", "registers, and leaves the process as it was", register),
            PluginTest(.load, "twice", "registers twice in one process", twice),
            PluginTest(.load, "hooks", "the note names the hooks that it registers on", hooks),
            PluginTest(.load, "no_config", "works when all its configuration files are missing", missingFiles),
            PluginTest(.load, "junk_config", "survives junk in each of its configuration files", junkFiles),
            PluginTest(.load, "config_change", "copes with a configuration that changes while it runs", changingFiles),
        ] + HostVersionTests.all

    /// The loader alone, without the plugin host.
    private static func constructors(_ run: TestRun) throws {
        let sealed: SealedFile
        do throws(PluginFileError) {
            sealed = try SealedFile(run.file.path)
        } catch {
            throw TestFailure("\(error)")
        }
        for library in try run.summary().needed { _ = dlopen(library, RTLD_NOW | RTLD_LOCAL) }
        let before = ProcessState()
        run.at("in a constructor, while it was mapped")
        guard dlopen(sealed.path, RTLD_NOW | RTLD_LOCAL) != nil else {
            throw TestFailure("cannot be mapped: \(dlerror().map { String(cString: $0) } ?? "unknown error")")
        }
        run.at("after it was mapped")
        let after = ProcessState()
        for finding in after.damage(since: before) { run.report.add(finding) }
        for (text, _) in after.remains(since: before) {
            run.fail(
                "\(text) when it was mapped",
                "constructors run before anybody asked: open and start things in HARAKA_REGISTER")
        }
    }

    /// What HARAKA_REGISTER does to the process as a whole, and whether `haraka_shutdown` undoes it.
    private static func register(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        harness.loop.settle(atMost: 200)
        harness.finish(.process)
    }

    /// State in static variables that the second generation believes to be its own, or locks and ports that are taken.
    private static func twice(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        harness.loop.run(atMost: 500) { harness.loop.isIdle }
        run.at("when it registered for the second time")
        try harness.load()
        harness.loop.run(atMost: 500) { harness.loop.isIdle }
        harness.finish(.process)
    }

    /// The names as the core spells them: `-` and `_` are one.
    private static func hooks(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.build()
        let registered = Set(Harness.hooks(generation).map(plain))
        let prepared = try PluginLoader(roots: run.file.roots).prepare([run.file.name]) { _ in 1 }
        let noted = Set(prepared.plugins.flatMap { $0.verified.note.hooks + prepared.parentHooks(of: $0) }.map(plain))
        let silent = registered.subtracting(noted).sorted()
        let idle = noted.subtracting(registered).sorted()
        if !silent.isEmpty {
            run.fail(
                "registers on \(silent.joined(separator: ", ")), which the note does not say",
                "add HARAKA_HOOKS(\"\(registered.sorted().joined(separator: " "))\"): haraka -o believes the note")
        }
        if !idle.isEmpty {
            run.warn(
                "the note promises \(idle.joined(separator: ", ")), on which it does not register",
                "take them out of HARAKA_HOOKS, if it never does")
        }
        harness.host.discard(generation)
    }

    /// `hooks=mail rcpt:-10` names a priority too.
    private static func plain(_ hook: String) -> String {
        String(hook.prefix { $0 != ":" }.map { $0 == "-" ? "_" : $0 })
    }

    /// A value that is null where the plugin's own file would have had one.
    private static func missingFiles(_ run: TestRun) throws {
        let harness = Harness(run, .missing)
        try everyHook(harness)
        if harness.configuration.names.isEmpty { run.skip("reads no configuration") }
    }

    private static func junkFiles(_ run: TestRun) throws {
        // A first look at which files there are; then each kind of junk, one generation after the other.
        let harness = Harness(run, .junk(Junk.bytes(3000)))
        do throws(PluginLoadError) {
            try everyHook(harness)
        } catch {
            // To refuse is right, to crash is not.
            run.note("refuses to load with junk in its configuration")
        }
        if harness.configuration.names.isEmpty { run.skip("reads no configuration") }
    }

    /// To what it ships, to nothing that makes sense, and back.
    private static func changingFiles(_ run: TestRun) throws {
        let harness = Harness(run)
        let generation = try harness.load()
        harness.driveAll(generation, .normal)
        let names = Array(Set(harness.configuration.names + TableSpy.watchedFiles)).sorted()
        guard !TableSpy.watchedFiles.isEmpty else { return run.skip("watches no configuration") }
        for bytes in [Junk.bytes(3000), [], Array("[main]\n".utf8)] {
            for name in names { harness.configuration.write(bytes, name) }
            run.at("in the callback for a changed configuration file")
            harness.host.configurationChanged(names)
            run.at("after a configuration file had changed")
            harness.driveAll(generation, .normal)
        }
        harness.finish()
    }

    /// Loads the plugin, asks each of its hooks once, and stops.
    static func everyHook(_ harness: Harness) throws(PluginLoadError) {
        let generation = try harness.load()
        harness.driveAll(generation, .normal)
        harness.loop.settle(atMost: 200)
        harness.finish()
    }
}

extension Harness {
    /// Asks each hook of the plugin once. False: it has none.
    @discardableResult
    func driveAll(_ generation: Generation, _ style: ArgumentStyle) -> Bool {
        let hooks = Harness.hooks(generation).filter { $0 != "init_master" && $0 != "init_child" }
        if hooks.contains("deny") { Refuser.prepare(self, generation) }
        for hook in hooks { drive(hook, style, generation) }
        return !hooks.isEmpty
    }
}
