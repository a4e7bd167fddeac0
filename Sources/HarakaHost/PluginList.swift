// `haraka -l`, `-o`: what there is, read from the files' notes without running them.

import HarakaPluginHost

enum PluginList {
    static func show(folder: String?, _ prefix: InstallPrefix) {
        if let folder { show("*local (\(folder)/plugins)", "\(folder)/plugins") }
        show("*global (\(prefix.plugins))", prefix.plugins)
    }

    private static func show(_ title: String, _ root: String) {
        print(title)
        let found = PluginFinder(roots: [root]).all()
        if found.isEmpty { print("  (none)") }
        for (name, location) in found {
            do {
                let plugin = try PluginLoader.inspect(name, location)
                let version = plugin.verified.note.version ?? "-"
                print("  \(pad(name.text, 28)) \(pad(version, 8)) \(plugin.verified.note.summary ?? "")")
            } catch {
                print("  \(pad(name.text, 28)) cannot be used: \(error.message)")
            }
        }
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// `haraka -c DIR -o`: hook by hook, which plugins are asked in which order. docs/command-line.md "Flags".
enum HookOrder {
    private struct Row {
        let plugin: String
        let method: String
        let priority: Int
        let timeout: Double
    }

    static func show(_ folder: Folder) -> Int32 {
        let configuration = Configuration.read(folder)
        let prepared: PreparedPlugins
        do {
            prepared = try PluginLoader(roots: folder.pluginRoots).prepare(configuration.roleLists) {
                configuration.timeouts[$0] ?? 30
            }
        } catch {
            Terminal.error("\(error)")
            return 255
        }
        for (hook, rows) in hooks(prepared) { show(hook, rows) }
        return 0
    }

    /// From the notes: `hooks=mail rcpt:-10` names hooks and, if not 0, priorities.
    private static func hooks(_ prepared: PreparedPlugins) -> [(String, [Row])] {
        var table: [(String, [Row])] = []
        for plugin in prepared.plugins {
            let inherited = prepared.parentHooks(of: plugin)
            for entry in plugin.verified.note.hooks + inherited {
                let parts = entry.split(separator: ":")
                guard let hook = parts.first.map(String.init) else { continue }
                let priority = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
                let row = Row(
                    plugin: plugin.name, method: "hook_\(hook)", priority: priority,
                    timeout: prepared.timeouts[plugin.name] ?? 30)
                if let index = table.firstIndex(where: { $0.0 == hook }) {
                    table[index].1.append(row)
                } else {
                    table.append((hook, [row]))
                }
            }
        }
        return table
    }

    private static func show(_ hook: String, _ rows: [Row]) {
        let title = "Hook: \(hook) "
        print(title + String(repeating: "-", count: max(0, 80 - title.count)))
        print("\(PluginList.pad("Plugin", 35)) \(PluginList.pad("Method", 35)) \(PluginList.pad("Prio", 4)) T/O")
        print(String(repeating: "-", count: 80))
        for row in rows.enumerated().sorted(by: { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) })
            .map(\.element)
        {
            let timeout = row.timeout == row.timeout.rounded() ? "\(Int(row.timeout))" : "\(row.timeout)"
            print(
                "\(PluginList.pad(row.plugin, 35)) \(PluginList.pad(row.method, 35)) "
                    + "\(PluginList.pad("\(row.priority)", 4)) \(timeout)")
        }
        print("")
    }
}
