// results.ini: how what plugins found out is shown.

/// The settings of results.ini.
public struct ResultsSettings: Sendable, Equatable {
    /// One plugin's section.
    public struct Shown: Sendable, Equatable {
        /// The lists that are shown, in this order; empty: all.
        public var order: [String] = []
        /// Values and lists that are not shown.
        public var hide: [String] = []
        /// Log each finding.
        public var debug = false

        /// Shows everything.
        public init() {}
    }

    /// By plugin, as in `config/plugins`.
    public private(set) var plugins: [String: Shown] = [:]

    /// Nothing is set.
    public init() {}

    /// Reads results.ini from the administrator's folder.
    public static func read(from directory: ConfigDirectory) -> (settings: ResultsSettings, diagnostics: [Diagnostic]) {
        var settings = ResultsSettings()
        var reader = SettingsReader(directory.get("results.ini", .ini))
        reader.ignore(ConfigKey("main", "redis_publish"), "redis_publish has no effect yet: there is no redis plugin")
        for section in reader.sections where section != "main" {
            var shown = Shown()
            shown.order = words(reader.text(ConfigKey(section, "order")))
            shown.hide = words(reader.text(ConfigKey(section, "hide")))
            shown.debug = reader.bool(ConfigKey(section, "debug"), default: false)
            settings.plugins[section] = shown
        }
        return (settings, reader.finish())
    }

    private static func words(_ text: String?) -> [String] {
        (text ?? "").split { $0 == "," || $0 == ";" || $0 == " " || $0 == "\t" }.map(String.init)
    }
}
