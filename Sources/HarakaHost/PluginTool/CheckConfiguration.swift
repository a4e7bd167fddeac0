// Configuration of a test: the plugin's own defaults, nothing at all, or junk.

import HarakaConfig
import HarakaCore
import HarakaPluginHost
import Synchronization

/// Remembers which files were asked for. Any thread.
final class CheckConfiguration: PluginConfiguration {
    enum Kind: Sendable {
        /// As the plugin ships, with nothing added by an administrator.
        case shipped
        /// Every file is missing, those of the plugin too.
        case missing
        /// Every file holds these bytes.
        case junk([UInt8])
    }

    private let kind: Kind
    private let folder: String
    private let asked = Mutex<[String]>([])

    /// - Parameter folder: the administrator's files, none at first.
    init(_ kind: Kind, folder: String) {
        self.kind = kind
        self.folder = folder
    }

    var names: [String] { asked.withLock { $0 } }

    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String]) {
        asked.withLock { if !$0.contains(name) { $0.append(name) } }
        if case .junk(let bytes) = kind { write(bytes, name) }
        let defaults = if case .shipped = kind { package.map { ["\($0)/config"] } ?? [] } else { [String]() }
        let directory = ConfigDirectory(overrides: folder, defaults: defaults)
        // A plugin that names a file of the system gets that file.
        let parsed = directory.get(
            name, CheckConfiguration.type(type), booleans: booleans.split(separator: " ").map(String.init))
        return (Value(parsed.value), parsed.diagnostics.map(\.description))
    }

    /// The types of plugin.h are in the order of the configuration room's.
    private static func type(_ number: Int32) -> ConfigType? {
        let index = Int(number) - 1
        return ConfigType.allCases.indices.contains(index) ? ConfigType.allCases[index] : nil
    }

    /// Puts bytes into a file of the administrator's; not outside of that folder.
    func write(_ bytes: [UInt8], _ name: String) {
        guard !name.hasPrefix("/"), !name.contains("..") else { return }
        JunkFile.write(bytes, "\(folder)/\(name)")
    }
}
