// `haraka -h [NAME]`: the usage, or a page about a plugin or a topic, in $PAGER on a terminal.

import Glibc
import HarakaPluginHost

enum HelpPage {
    static func show(_ name: String?, folder: String?, _ prefix: InstallPrefix) throws -> Int32 {
        guard let name else {
            print(Usage.text)
            return 0
        }
        let plain = try PluginName(name)
        guard let page = find(plain, folder, prefix) else { throw CommandError("No documentation found for: \(name)") }
        try display(page)
        return 0
    }

    /// Haraka's order: the user's docs, the server's, then what a plugin brought along.
    private static func find(_ name: PluginName, _ folder: String?, _ prefix: InstallPrefix) -> String? {
        let docs = (folder.map { ["\($0)/docs"] } ?? []) + [prefix.docs]
        for path in docs.flatMap({ ["\($0)/\(name.text).md", "\($0)/plugins/\(name.text).md"] }) {
            if let text = TextFile.read(path) { return text }
        }
        let roots = (folder.map { ["\($0)/plugins"] } ?? []) + [prefix.plugins]
        guard let location = try? PluginFinder(roots: roots).find(name) else { return nil }
        if let package = location.packageFolder, let text = TextFile.read("\(package)/README.md") { return text }
        guard let plugin = try? PluginLoader.inspect(name, location) else { return nil }
        let note = plugin.verified.note
        return note.help ?? note.summary.map { "# \(name.text)\n\n\($0)\n" }
    }

    /// $PAGER may have arguments; it gets the text on its standard input.
    private static func display(_ text: String) throws {
        guard isatty(1) == 1 else { return Terminal.write(text, to: 1) }
        let pager = getenv("PAGER").map { String(cString: $0) } ?? "less"
        guard !pager.isEmpty, let pipe = popen(pager, "w") else { return Terminal.write(text, to: 1) }
        fputs(text, pipe)
        pclose(pipe)
    }
}

/// Small text files, whole.
enum TextFile {
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0, bytes.count < 4 << 20 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// False: not written, because it is there and `force` is not set.
    @discardableResult
    static func write(_ text: String, to path: String, force: Bool) throws -> Bool {
        if !force, access(path, F_OK) == 0 { return false }
        guard let file = fopen(path, "w") else { throw CommandError("cannot write \(path): \(errnoText())") }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else { throw CommandError("cannot write \(path): \(errnoText())") }
        return true
    }
}
