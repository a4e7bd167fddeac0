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
    /// The core's files as they were when they last made sense: for workers that start while an administrator edits.
    private var goodConfig: String { "\(run)/config" }
    var goodDirectory: ConfigDirectory { ConfigDirectory(overrides: goodConfig) }

    /// Private to the server's user.
    func makeRun() throws {
        for path in [run, goodConfig] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw CommandError("cannot make \(path): \(errnoText())")
        }
    }

    /// Copies the core's files. What cannot be copied is left: it only matters if a worker dies while files are broken.
    func keepGoodConfiguration() {
        let names = (try? FileNames.of(config)) ?? []
        for name in names where Configuration.isCore(name) {
            if let text = TextFile.read("\(config)/\(name)") {
                _ = try? TextFile.write(text, to: "\(goodConfig)/\(name)", force: true)
            }
        }
        for name in (try? FileNames.of(goodConfig)) ?? [] where !names.contains(name) {
            unlink("\(goodConfig)/\(name)")
        }
    }

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

/// What is in a folder.
enum FileNames {
    static func of(_ folder: String) throws -> [String] {
        guard let directory = opendir(folder) else { throw CommandError("cannot read \(folder): \(errnoText())") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
