// plugins.ini key by key.

import Testing

@testable import HarakaConfig

@Suite("PluginsSettings")
struct PluginsSettingsTests {
    private func read(_ text: String, plugins: String = "") -> (settings: PluginsSettings, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("plugins.ini", text)
        folder.write("plugins", plugins)
        let (settings, diagnostics) = PluginsSettings.read(from: folder.directory)
        return (settings, diagnostics.brief)
    }

    private func policy(_ limit: Int, _ window: Double, _ onCrash: PluginOnCrash) -> PluginPolicy {
        var policy = PluginPolicy()
        (policy.crashLimit, policy.crashWindow, policy.onCrash) = (limit, window, onCrash)
        return policy
    }

    @Test("without the file, and with an empty one, all is as built in")
    func defaults() {
        let (settings, diagnostics) = PluginsSettings.read(from: TemporaryFolder().directory)
        #expect(settings == PluginsSettings())
        #expect(diagnostics.isEmpty)
        #expect(read("").settings == PluginsSettings())
        #expect(!settings.watch && settings.watchSettle == 1)
        #expect(settings.loopWarnMilliseconds == 100 && settings.loopKillMilliseconds == 10_000)
        #expect(settings.configLimitMilliseconds == 2000 && settings.configCacheMilliseconds == 60_000)
        #expect(settings.policy(for: "any") == policy(3, 600, .tempfail))
    }

    @Test("every key of [main] is read")
    func everyKey() {
        let (settings, findings) = read(
            """
            watch=yes
            watch_settle=0.25
            crash_limit=0
            crash_window=1.5
            on_crash=Previous
            loop_warn_ms=0
            loop_kill_ms=1
            config_limit=0.5
            config_cache=0
            """)
        #expect(settings.configLimitMilliseconds == 500 && settings.configCacheMilliseconds == 0)
        var expected = PluginsSettings()
        expected.configLimit = 0.5
        expected.configCache = 0
        expected.watch = true
        expected.watchSettle = 0.25
        expected.policy = policy(0, 1.5, .previous)
        expected.loopWarnMilliseconds = 0
        expected.loopKillMilliseconds = 1
        #expect(settings == expected)
        #expect(findings.isEmpty)
    }

    @Test("a plugin's section counts for it alone, and leaves the rest as in [main], wherever that stands")
    func sections() {
        let (settings, findings) = read(
            """
            [queue/a.b]
            on_crash=skip
            [haraka-plugin-limit]
            crash_limit=1
            crash_window=60
            [main]
            crash_limit=7
            on_crash=stop
            """)
        #expect(settings.policy(for: "queue/a.b") == policy(7, 600, .skip))
        #expect(settings.policy(for: "limit") == policy(1, 60, .stop))
        #expect(settings.policy(for: "haraka-plugin-limit") == policy(1, 60, .stop))
        #expect(settings.policy(for: "haraka-plugin-queue/a.b") == policy(7, 600, .skip))
        #expect(settings.policy(for: "other") == policy(7, 600, .stop))
        #expect(findings.isEmpty)
    }

    @Test("settings that differ in one plugin's policy differ")
    func equality() {
        #expect(read("[a]\ncrash_limit=1").settings != read("[a]\ncrash_limit=2").settings)
    }

    @Test(
        "a wrong value is an error that says what was expected, and the default stays",
        arguments: [
            ("watch=maybe", "1:7: error: main.watch is \"maybe\": expected true or false"),
            ("watch_settle=-1", "1:14: error: main.watch_settle is \"-1\": expected seconds, 0 to 3600"),
            ("crash_limit=-1", "1:13: error: main.crash_limit is \"-1\": expected a whole number, 0 to 1000000"),
            ("crash_window=0", "1:14: error: main.crash_window is \"0\": expected seconds, 1 to 604800"),
            ("on_crash=ignore", "1:10: error: main.on_crash is \"ignore\": expected tempfail, skip, previous, stop"),
            ("loop_warn_ms=1.5", "1:14: error: main.loop_warn_ms is \"1.5\": expected a whole number, 0 to 3600000"),
            ("loop_kill_ms=x", "1:14: error: main.loop_kill_ms is \"x\": expected a whole number, 0 to 3600000"),
            (
                "[queue/x]\non_crash=no",
                "2:10: error: queue/x.on_crash is \"no\": expected tempfail, skip, previous, stop"
            ),
        ])
    func wrongValues(text: String, finding: String) {
        let (settings, findings) = read(text)
        #expect(findings == [finding])
        #expect(settings.policy == PluginPolicy())
        #expect(settings.policy(for: "queue/x") == PluginPolicy())
        #expect(settings.loopWarnMilliseconds == 100 && settings.loopKillMilliseconds == 10_000)
    }

    @Test(
        "a limit that leaves no time for the warning is a warning, at the key that is set",
        arguments: [
            ("loop_kill_ms=99", ["1:1: warning: loop_kill_ms (99) is below loop_warn_ms (100)"]),
            ("loop_warn_ms=10001", ["1:1: warning: loop_kill_ms (10000) is below loop_warn_ms (10001)"]),
            (
                "loop_warn_ms=300\nloop_kill_ms=200", ["2:1: warning: loop_kill_ms (200) is below loop_warn_ms (300)"]
            ),
            ("loop_kill_ms=100", []), ("loop_kill_ms=0", []), ("loop_warn_ms=0\nloop_kill_ms=5", []),
        ])
    func loopLimits(text: String, findings: [String]) {
        #expect(read(text).findings == findings.map { $0 + ": the worker is ended before there is a warning" })
    }

    @Test("unknown keys, keys of [main] in a plugin's section and nearly known plugins are warnings")
    func unknown() {
        let (settings, findings) = read(
            """
            crash_limt=5
            [queue/maildr]
            loop_kill_ms=5
            oncrash=skip
            whatever
            [mian]
            [elsewhere]
            [queue/maildir]
            """, plugins: "queue/maildir\n")
        #expect(settings.policy == PluginPolicy())
        #expect(settings.loopKillMilliseconds == 10_000)
        #expect(
            findings == [
                "1:1: warning: crash_limt is no key of [main]; did you mean crash_limit?",
                "2:1: warning: [queue/maildr] is no plugin of config/plugins; did you mean queue/maildir?",
                "3:1: warning: loop_kill_ms is not used here: it holds for all plugins, in [main]",
                "4:1: warning: oncrash is no key of [queue/maildr]; did you mean on_crash?",
                "5:1: warning: whatever is no key of [queue/maildr]",
                "6:1: warning: [mian] is no plugin of config/plugins; did you mean main?",
            ])
    }

    @Test("smtp.json may hold plugins.ini")
    func fromJSON() {
        let folder = TemporaryFolder()
        folder.write(
            "smtp.json", #"{"!plugins.ini":{"main":{"watch":true,"crash_limit":9},"a/b":{"on_crash":"stop"}}}"#)
        let (settings, diagnostics) = PluginsSettings.read(from: folder.directory)
        #expect(settings.watch)
        #expect(settings.policy(for: "a/b") == policy(9, 600, .stop))
        #expect(diagnostics.isEmpty)
    }
}
