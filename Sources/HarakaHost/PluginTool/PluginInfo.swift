// `haraka plugin info FILE`: everything that can be known about a plugin without running it.

import HarakaConfig
import HarakaPluginHost

enum PluginInfo {
    /// Exit status 0, or 1 for a file that a server would refuse.
    static func show(_ file: PluginFile, json: Bool) -> Int32 {
        do throws(PluginLoadError) {
            let plugin = try file.inspect()
            let facts = Facts(file, plugin.verified)
            print(json ? facts.value.json(pretty: true) : facts.text)
            return 0
        } catch {
            print(json ? refusal(file, error).json(pretty: true) : "\(error.message)\n\(file.path) cannot be used")
            return 1
        }
    }

    /// What programs get for a file that cannot be used.
    private static func refusal(_ file: PluginFile, _ error: PluginLoadError) -> ConfigValue {
        .map(["file": .string(file.path), "usable": .bool(false), "reason": .string(error.message)])
    }

    /// What there is to say, in order: key, label, value.
    private struct Facts {
        private let rows: [(key: String, label: String, value: ConfigValue)]

        init(_ file: PluginFile, _ plugin: VerifiedPlugin) {
            let note = plugin.note
            let exports = plugin.summary.exports.filter { $0.kind == .function && $0.name.hasPrefix("hook_") }
            rows = [
                ("file", "file", .string(file.path)),
                ("usable", "usable", .bool(true)),
                ("name", "name", .string(note.name)),
                ("version", "version", note.version.map(ConfigValue.string) ?? .null),
                ("summary", "summary", note.summary.map(ConfigValue.string) ?? .null),
                ("vendor", "vendor", note.vendor.map(ConfigValue.string) ?? .null),
                ("licence", "licence", note.licence.map(ConfigValue.string) ?? .null),
                ("url", "url", note.url.map(ConfigValue.string) ?? .null),
                ("abi", "ABI", note.abi.map { .string("\($0)") } ?? .null),
                ("sha256", "SHA-256", .string(plugin.hash)),
                ("size", "size", .integer(Int64(file.size))),
                ("machine", "machine", .string(plugin.summary.machine.name)),
                ("hooks", "hooks", Facts.list(note.hooks)),
                ("parents", "parents", Facts.list(note.parents)),
                ("replaces", "replaces", Facts.list(note.replaces)),
                ("needs", "needs services", Facts.list(note.needs)),
                ("wants", "wants services", Facts.list(note.wants)),
                ("libraries", "libraries", Facts.list(plugin.summary.needed)),
                ("exported_hooks", "exported hooks", Facts.list(exports.map(\.name).sorted())),
                ("unload", "unload", Facts.unload(plugin.unload)),
                ("warnings", "warnings", Facts.list(plugin.warnings.map(\.description))),
            ]
        }

        private static func list(_ texts: [String]) -> ConfigValue { .list(texts.map(ConfigValue.string)) }

        private static func unload(_ verdict: UnloadVerdict) -> ConfigValue {
            var reasons: [String] = []
            if case .unsafe(let found) = verdict { reasons = found.map(\.description) }
            return .map(["safe": .bool(reasons.isEmpty), "reasons": list(reasons)])
        }

        var value: ConfigValue { .map(OrderedMap(rows.map { ($0.key, $0.value) })) }

        /// One line each; what is not there is left out.
        var text: String {
            rows.compactMap { row in
                Facts.text(row.key, row.value).map { "\(PluginInfo.pad(row.label, 16)) \($0)" }
            }.joined(separator: "\n")
        }

        private static func text(_ key: String, _ value: ConfigValue) -> String? {
            switch value {
            case .list(let items):
                items.isEmpty ? nil : (value.texts ?? []).joined(separator: key == "warnings" ? "; " : " ")
            case .map: PluginInfo.unload(value)
            case .bool: nil
            case .integer(let size): "\(size) bytes"
            default: value.text
            }
        }
    }

    private static func unload(_ value: ConfigValue) -> String {
        let reasons = value["reasons"]?.texts ?? []
        return reasons.isEmpty ? "can be unmapped" : "stays mapped, because it \(reasons.joined(separator: ", it "))"
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
