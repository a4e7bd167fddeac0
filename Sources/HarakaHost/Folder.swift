// The folder of `-c DIR`: configuration, plugins, and what the server puts there.

import Glibc
import HarakaConfig

/// DIR, made absolute: the server changes into it, so that relative paths in configuration mean the same for all.
struct Folder: Sendable {
    let path: String
    let prefix: InstallPrefix

    init(_ path: String, _ prefix: InstallPrefix) throws {
        guard let real = realpath(path, nil) else { throw CommandError("No such directory: \(path)") }
        defer { free(real) }
        self.path = String(cString: real)
        self.prefix = prefix
        let names = ["smtp.ini", "smtp.json"]
        guard names.contains(where: { access("\(self.path)/config/\($0)", R_OK) == 0 }) else {
            throw CommandError(
                "No smtp.ini at: \(self.path)/config/smtp.ini\nDid you install a Haraka config? (haraka -i \(path))")
        }
    }

    var config: String { "\(path)/config" }
    var plugins: String { "\(path)/plugins" }
    /// The user's plugins shadow the bundled ones.
    var pluginRoots: [String] { [plugins, prefix.plugins] }
    var run: String { "\(path)/run" }
    var controlSocket: String { "\(run)/control.sock" }

    /// The configuration as it is on disk now. Core files have built-in defaults; plugins' files have those that ship.
    func configDirectory(package: String? = nil) -> ConfigDirectory {
        ConfigDirectory(overrides: config, defaults: [prefix.config] + (package.map { ["\($0)/config"] } ?? []))
    }

    /// The configuration as that plugin sees it: the user's, over its own defaults.
    func configDirectory(ofPlugin name: String) -> ConfigDirectory {
        let folders = pluginRoots.map { "\($0)/\(name)" }
        return configDirectory(package: folders.first { access("\($0)/config", F_OK) == 0 })
    }

    /// Core files are read from the user's folder only, as Haraka does.
    var coreDirectory: ConfigDirectory { ConfigDirectory(overrides: config) }
}
