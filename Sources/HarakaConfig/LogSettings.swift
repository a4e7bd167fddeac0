// log.ini, and the older single-value files loglevel and log_timestamps.

/// The settings of logging. A new value holds the built-in defaults.
public struct LogSettings: Sendable, Equatable {
    /// How a line of log is written.
    public enum Format: String, Sendable, CaseIterable {
        /// `[LEVEL] [uuid] [origin] message`.
        case `default`
        /// `level=... uuid=... message=...`.
        case logfmt
        /// One JSON object a line.
        case json
    }

    /// The names of the levels; each one's place is its number, from EMERG 0 to DATA 9.
    public static let levelNames = [
        "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "protocol", "data",
    ]

    /// The number of the least urgent level that is logged, 0 to 9. (Haraka says `info` in its sample file and WARN
    /// without one; here it is `info` in both.)
    public var level = 6
    /// Whether each line begins with the time.
    public var timestamps = false
    /// How a line is written.
    public var format = Format.default

    /// The built-in defaults.
    public init() {}

    /// Reads log.ini, then `loglevel`, whose level wins, and `log_timestamps`: the time is shown if either asks for it.
    public static func read(from directory: ConfigDirectory) -> (settings: LogSettings, diagnostics: [Diagnostic]) {
        var settings = LogSettings()
        var reader = SettingsReader(directory.get("log.ini", .ini))
        let key = ConfigKey("main", "level")
        if let name = reader.text(key) {
            if let level = Self.level(name) { settings.level = level } else { reader.reject(key, Self.expectedLevel) }
        }
        settings.timestamps = reader.bool(ConfigKey("main", "timestamps"), default: settings.timestamps)
        settings.format = reader.choice(ConfigKey("main", "format"), default: settings.format)
        var diagnostics = reader.finish()
        diagnostics += settings.readLevelFile(directory)
        diagnostics += settings.readTimestampsFile(directory)
        return (settings, diagnostics)
    }

    /// A level by name in any case, or by number.
    private static func level(_ name: String) -> Int? {
        levelNames.firstIndex(of: name.lowercased()) ?? Int(name).flatMap { levelNames.indices.contains($0) ? $0 : nil }
    }

    private static var expectedLevel: String {
        "expected a level: \(levelNames.reversed().joined(separator: ", ")), or its number, 9 to 0"
    }

    /// The file `loglevel`.
    private mutating func readLevelFile(_ directory: ConfigDirectory) -> [Diagnostic] {
        let file = SingleValue(directory.get("loglevel", .value))
        guard let name = file.text else { return file.diagnostics }
        guard let level = Self.level(name) else { return file.diagnostics + [file.rejected(Self.expectedLevel)] }
        self.level = level
        return file.diagnostics
    }

    /// The file `log_timestamps`.
    private mutating func readTimestampsFile(_ directory: ConfigDirectory) -> [Diagnostic] {
        let file = SingleValue(directory.get("log_timestamps", .value))
        guard let text = file.text else { return file.diagnostics }
        guard Scalar.isTrue(text) || Scalar.isFalse(text) else {
            return file.diagnostics + [file.rejected("expected true or false")]
        }
        timestamps = timestamps || Scalar.isTrue(text)
        return file.diagnostics
    }
}
