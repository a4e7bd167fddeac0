// `haraka -c DIR --check`: reads everything, runs nothing, says what is wrong.

import Glibc
import HarakaConfig
import HarakaPluginHost

enum ConfigCheck {
    /// Exit status 0: no mistakes.
    static func run(_ folder: Folder) -> Int32 {
        let configuration = Configuration.read(folder)
        for finding in configuration.diagnostics { print(finding) }
        var mistakes = configuration.errors.count
        for finding in checkPluginFiles(folder) {
            print(finding)
            mistakes += finding.severity == .error ? 1 : 0
        }
        mistakes += checkPlugins(configuration, folder)
        print(mistakes == 0 ? "\(folder.path): no mistakes found" : "\(folder.path): \(mistakes) mistakes")
        return mistakes == 0 ? 0 : 1
    }

    /// Each listed plugin: found, sealed, its file checked. Parents are checked with their children.
    private static func checkPlugins(_ configuration: Configuration, _ folder: Folder) -> Int {
        let loader = PluginLoader(roots: folder.pluginRoots)
        var mistakes = 0
        for (list, entry) in configuration.lists.flatMap({ list in list.entries.map { (list, $0) } }) {
            let place = "\(list.file)" + (entry.line > 0 ? ":\(entry.line):\(entry.column)" : "")
            do {
                let prepared = try loader.prepare([entry.name]) { _ in 0 }
                for notice in prepared.notices { print("\(folder.config)/\(place): warning: \(notice.text)") }
            } catch {
                print("\(folder.config)/\(place): error: \(error)")
                mistakes += 1
            }
        }
        return mistakes
    }

    /// The syntax of every other file in config/: plugins read them, and only they know the keys.
    private static func checkPluginFiles(_ folder: Folder) -> [Diagnostic] {
        let names = ((try? FileNames.of(folder.config)) ?? []).filter { name in
            [".ini", ".json", ".yaml", ".yml", ".hjson"].contains { name.hasSuffix($0) } && !Configuration.isCore(name)
        }
        return names.flatMap { folder.coreDirectory.get($0).diagnostics }
    }
}
