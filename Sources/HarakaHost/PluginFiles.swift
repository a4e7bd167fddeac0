// Configuration files for plugins, in the core's form of values.

import HarakaConfig
import HarakaCore
import HarakaPluginHost

/// The user's files laid over the plugin's own defaults. Read anew at each call: plugins read while they register.
struct PluginFiles: PluginConfiguration {
    let folder: Folder

    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String]) {
        let parsed = read(name, type, booleans, package)
        return (Value(parsed.value), parsed.diagnostics.map(\.description))
    }

    func isRefused(_ name: String, type: Int32, package: String?) -> Bool { read(name, type, "", package).isRefused }

    func get(_ name: String, type: Int32, booleans: String, package: String?, supplied: SuppliedFile) -> (
        value: Value, problems: [String]
    ) {
        let source = "what \(supplied.plugin) supplies as \(name)"
        let parsed = read(name, type, booleans, package) {
            $0.supplying(name, ConfigValue(supplied.value), from: source)
        }
        let problems = parsed.diagnostics.map(\.description)
        guard parsed.diagnostics.contains(where: { $0.severity == .error && $0.file == source }) else {
            return (Value(parsed.value), problems)
        }
        let file = read(name, type, booleans, package)
        let rest = "what \(supplied.plugin) supplies as config/\(name) is not used; the file counts"
        return (Value(file.value), problems + [rest] + file.diagnostics.map(\.description))
    }

    private func read(
        _ name: String, _ type: Int32, _ booleans: String, _ package: String?,
        from change: (ConfigDirectory) -> ConfigDirectory = { $0 }
    ) -> Parsed {
        let types: [ConfigType?] = [nil, .value, .list, .data, .ini, .json, .binary, .yaml, .hjson]
        let wanted = types.indices.contains(Int(type)) ? types[Int(type)] : nil
        let declared = booleans.split(separator: " ").map(String.init)
        return change(folder.configDirectory(package: package)).get(name, wanted, booleans: declared)
    }
}

extension Value {
    init(_ value: ConfigValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .boolean(flag)
        case .integer(let integer): self = .integer(integer)
        case .double(let number): self = .number(number)
        case .string(let text): self = .text(text)
        case .list(let items): self = .list(items.map(Value.init))
        case .map(let map): self = .map(ValueMap(map.entries.map { ValueMap.Entry($0, Value($1)) }))
        default: self = .null
        }
    }
}

extension ConfigValue {
    init(_ value: Value) {
        switch value {
        case .boolean(let flag): self = .bool(flag)
        case .integer(let integer): self = .integer(integer)
        case .number(let number): self = .double(number)
        case .text(let text): self = .string(text)
        case .list(let items): self = .list(items.map(ConfigValue.init))
        case .map(let map):
            var entries = OrderedMap()
            for entry in map.entries { entries[entry.key] = ConfigValue(entry.value) }
            self = .map(entries)
        default: self = .null
        }
    }
}
