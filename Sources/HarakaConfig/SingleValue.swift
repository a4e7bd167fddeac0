// The core's own files without keys: me, plugins, plugin_timeout and <plugin>.timeout.

/// A value file of the core's, with its place for findings.
struct SingleValue {
    /// The value as written; nil where there is none.
    let text: String?
    let diagnostics: [Diagnostic]
    private let source: Source

    init(_ parsed: Parsed) {
        source = parsed.sources[.listEntries]?.last ?? Source(file: parsed.file)
        text = parsed.value == .null ? nil : source.written ?? parsed.value.text
        diagnostics = parsed.diagnostics
    }

    /// The finding that the value is not what was expected.
    func rejected(_ expected: String) -> Diagnostic {
        Diagnostic(.error, source, "this is \"\((text ?? "").prefix(60))\": \(expected)")
    }
}

/// The server's name: the file `me`, or the name of this machine.
///
/// It goes into greetings, HELO and header fields, so a name with white space or control characters, or one longer
/// than a domain can be, is an error, and the machine's name is used.
public func readMe(from directory: ConfigDirectory) -> (name: String, diagnostics: [Diagnostic]) {
    let file = SingleValue(directory.get("me", .value))
    guard let name = file.text else { return (hostName(), file.diagnostics) }
    guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
        return (hostName(), file.diagnostics + [file.rejected("expected the name of this server, without white space")])
    }
    return (name, file.diagnostics)
}

/// A line of `config/plugins`.
public struct PluginEntry: Sendable, Equatable {
    /// The name as written: prefixes and old names are the plugin host's matter.
    public var name: String
    /// The line in the file, from 1; 0 where it came from elsewhere.
    public var line: Int
    /// Where the name begins in it, in characters from 1; 0 as above.
    public var column = 0
}

/// The plugins to load, in the order in which they run: the file `plugins`.
///
/// A name that leads out of the plugin folders (a leading `/`, or `..`) or holds white space or control characters is
/// an error and left out.
public func readPluginList(
    from directory: ConfigDirectory, file: String = "plugins"
) -> (plugins: [PluginEntry], diagnostics: [Diagnostic]) {
    let parsed = directory.get(file, .list)
    let sources = parsed.sources[.listEntries] ?? []
    var plugins: [PluginEntry] = []
    var diagnostics = parsed.diagnostics
    for (index, name) in (parsed.value.texts ?? []).enumerated() {
        let source = index < sources.count ? sources[index] : Source(file: parsed.file)
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        if isPlain, !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains("..") {
            plugins.append(PluginEntry(name: name, line: source.line, column: source.column))
        } else {
            let expected = "expected a plugin's name, one a line, such as queue/discard"
            diagnostics.append(Diagnostic(.error, source, "\"\(name.prefix(60))\" is left out: \(expected)"))
        }
    }
    if plugins.isEmpty, file != "plugins" {
        let text = "no plugin is listed: nobody takes mail on the listeners of the section that names this file"
        diagnostics.append(Diagnostic(.warning, file: parsed.file, text))
    }
    return (plugins, diagnostics)
}

/// Seconds that a plugin's hook may take: the file `<plugin>.timeout`, else `plugin_timeout`, else 30. 0 is no limit.
///
/// - Parameter plugin: the plugin's name; nil for what holds for plugins without a file of their own.
public func readPluginTimeout(
    from directory: ConfigDirectory, plugin: String? = nil
) -> (seconds: Double, diagnostics: [Diagnostic]) {
    var diagnostics: [Diagnostic] = []
    for name in [plugin.map { $0 + ".timeout" }, "plugin_timeout"].compactMap(\.self) {
        let file = SingleValue(directory.get(name, .value))
        diagnostics += file.diagnostics
        guard let text = file.text else { continue }
        if let seconds = Double(text), (0...86_400).contains(seconds) { return (seconds, diagnostics) }
        diagnostics.append(file.rejected("expected seconds, 0 (no limit) to 86400"))
    }
    return (30, diagnostics)
}
