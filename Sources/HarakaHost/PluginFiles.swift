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

    private func read(_ name: String, _ type: Int32, _ booleans: String, _ package: String?) -> Parsed {
        let types: [ConfigType?] = [nil, .value, .list, .data, .ini, .json, .binary, .yaml, .hjson]
        let wanted = types.indices.contains(Int(type)) ? types[Int(type)] : nil
        let declared = booleans.split(separator: " ").map(String.init)
        return folder.configDirectory(package: package).get(name, wanted, booleans: declared)
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
