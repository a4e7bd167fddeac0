// plugins.ini: when plugins are loaded anew, and what becomes of one that crashes or holds the server up.

/// What happens to a plugin that has crashed too often.
public enum PluginOnCrash: String, Sendable, CaseIterable {
    /// Its hooks refuse for now (4xx): nothing gets past it unseen.
    case tempfail
    /// The server goes on without it.
    case skip
    /// It is replaced by the last build of it that did not crash.
    case previous
    /// The server stops.
    case stop
}

/// How many crashes of a plugin are put up with, and what comes then.
public struct PluginPolicy: Sendable, Equatable {
    /// With so many crashes within ``crashWindow`` seconds ``onCrash`` is due; 0: however often it crashes, its worker
    /// is only started again.
    public var crashLimit = 3
    /// Seconds that a crash is remembered.
    public var crashWindow: Double = 600
    /// What happens at the limit.
    public var onCrash = PluginOnCrash.tempfail

    /// The built-in defaults.
    public init() {}
}

/// The settings of plugins.ini. A new value holds the built-in defaults.
///
/// `[main]` holds what is true of all plugins. A section named like a plugin, as in `config/plugins`, may set
/// `crash_limit`, `crash_window` and `on_crash` for that one; what it leaves out is as in `[main]`. Haraka has no such
/// file: there a plugin that crashes ends its process.
public struct PluginsSettings: Sendable, Equatable {
    /// Load plugins anew when their files, or the list of them, change.
    public var watch = false
    /// Seconds that must pass after the last change before they are.
    public var watchSettle: Double = 1
    /// What holds for plugins without a section of their own.
    public var policy = PluginPolicy()
    /// Milliseconds that a call into a plugin may hold its worker up before the log says so; 0 for any time.
    public var loopWarnMilliseconds = 100
    /// Milliseconds after which that worker is ended, which counts as a crash of the plugin; 0 for never.
    public var loopKillMilliseconds = 10_000
    /// Milliseconds that a plugin which registers waits for those of the hook `config`.
    public var configLimitMilliseconds: Int64 { Int64(configLimit * 1000) }
    /// Milliseconds for which their answers count; 0: they are asked each time.
    public var configCacheMilliseconds: Int64 { Int64(configCache * 1000) }
    var configLimit: Double = 2
    var configCache: Double = 60
    /// The policies of single plugins, by name without `haraka-plugin-`.
    private var policies: [String: PluginPolicy] = [:]

    /// The built-in defaults.
    public init() {}

    /// The policy for a plugin, named as in `config/plugins` (a leading `haraka-plugin-` makes no difference).
    public func policy(for plugin: String) -> PluginPolicy {
        policies[Self.bareName(plugin)] ?? policy
    }

    /// Reads plugins.ini from the administrator's folder and its defaults.
    ///
    /// Also looks at `config/plugins`, to say so where a section's name is nearly that of a plugin there.
    public static func read(from directory: ConfigDirectory) -> (settings: PluginsSettings, diagnostics: [Diagnostic]) {
        var settings = PluginsSettings()
        var reader = SettingsReader(directory.get("plugins.ini", .ini))
        settings.watch = reader.bool(ConfigKey("main", "watch"), default: settings.watch)
        let settle = ConfigKey("main", "watch_settle")
        settings.watchSettle = reader.seconds(settle, default: settings.watchSettle, in: 0...3600)
        settings.policy.read(&reader, "main")
        settings.readLoopLimits(&reader)
        settings.readConfigHook(&reader)
        let listed = readPluginList(from: directory).plugins.map { bareName($0.name) }
        for section in reader.sections where section != "main" {
            settings.readPlugin(&reader, section, listed: listed)
        }
        return (settings, reader.finish())
    }

    /// How long a call may take. A limit that ends the worker before the warning is due makes the warning pointless.
    private mutating func readLoopLimits(_ reader: inout SettingsReader) {
        let warn = ConfigKey("main", "loop_warn_ms")
        let kill = ConfigKey("main", "loop_kill_ms")
        loopWarnMilliseconds = reader.integer(warn, default: loopWarnMilliseconds, in: 0...3_600_000)
        loopKillMilliseconds = reader.integer(kill, default: loopKillMilliseconds, in: 0...3_600_000)
        guard loopKillMilliseconds > 0, loopKillMilliseconds < loopWarnMilliseconds else { return }
        let limits = "loop_kill_ms (\(loopKillMilliseconds)) is below loop_warn_ms (\(loopWarnMilliseconds))"
        reader.warn(reader.isSet(kill) ? kill : warn, "\(limits): the worker is ended before there is a warning")
    }

    /// How plugins that supply configuration are treated.
    private mutating func readConfigHook(_ reader: inout SettingsReader) {
        configLimit = reader.seconds(ConfigKey("main", "config_limit"), default: configLimit, in: 0...30)
        configCache = reader.seconds(ConfigKey("main", "config_cache"), default: configCache, in: 0...86_400)
    }

    /// A section that is not `[main]` is a plugin's.
    private mutating func readPlugin(_ reader: inout SettingsReader, _ section: String, listed: [String]) {
        let name = Self.bareName(section)
        var policy = policies[name] ?? self.policy
        policy.read(&reader, section)
        policies[name] = policy
        for key in ["watch", "watch_settle", "loop_warn_ms", "loop_kill_ms", "config_limit", "config_cache"] {
            reader.ignore(ConfigKey(section, key), "\(key) is not used here: it holds for all plugins, in [main]")
        }
        guard !listed.contains(name), let meant = NearestName.to(name, among: listed + ["main"]) else { return }
        let message = "[\(section)] is no plugin of config/plugins; did you mean \(meant)?"
        reader.warn(ConfigKey(section, ""), message)
    }

    /// The name without the prefix that Haraka's packages have.
    private static func bareName(_ plugin: String) -> String {
        let prefix = "haraka-plugin-"
        return plugin.hasPrefix(prefix) ? String(plugin.dropFirst(prefix.count)) : plugin
    }
}

extension PluginPolicy {
    /// What a section sets; what it does not set stays.
    fileprivate mutating func read(_ reader: inout SettingsReader, _ section: String) {
        crashLimit = reader.integer(ConfigKey(section, "crash_limit"), default: crashLimit, in: 0...1_000_000)
        crashWindow = reader.seconds(ConfigKey(section, "crash_window"), default: crashWindow, in: 1...604_800)
        onCrash = reader.choice(ConfigKey(section, "on_crash"), default: onCrash)
    }
}
