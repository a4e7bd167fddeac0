// `haraka plugin new NAME` and `haraka -c DIR -p NAME`: a plugin to begin with, from PREFIX/share/haraka/templates.

import Glibc
import HarakaPluginHost

/// One new plugin. What it is made of: share/templates/README.md.
struct NewPlugin {
    private let name: PluginName
    private let template: String
    private let force: Bool
    private let prefix: InstallPrefix

    init(_ name: String, language: String, force: Bool, _ prefix: InstallPrefix) throws {
        do {
            self.name = try PluginName(name)
        } catch {
            throw CommandError("the plugin name \(name) \(error)")
        }
        self.force = force
        self.prefix = prefix
        let templates = "\(prefix.path)/share/haraka/templates"
        let languages = ((try? FileNames.of(templates)) ?? []).filter { !$0.contains(".") }
        guard languages.contains(language) else {
            let known = languages.isEmpty ? "none: \(templates) is empty" : languages.joined(separator: ", ")
            throw CommandError("there is no template for \(language); languages: \(known)")
        }
        template = "\(templates)/\(language)"
        try checkCharacters()
    }

    /// The name becomes part of C code, of make rules and of file names.
    private func checkCharacters() throws {
        let isPlain = name.text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F: true
            default: false
            }
        }
        guard isPlain else {
            throw CommandError("the plugin name \(name) may hold letters, digits, '_', '-', '.' and '/' only")
        }
    }

    // MARK: the two ways

    /// `haraka plugin new`: in the current folder.
    func makeHere() throws {
        let folder = name.lastComponent
        if access(folder, F_OK) == 0, !force {
            throw CommandError("\(folder) is there already; --force writes over it")
        }
        try copy(template, to: folder)
        print(
            """
            Made \(folder)/ for the plugin \(name). In there,
                make                        builds it
                make check                  says whether it is fit to ship
                make install DIR=/path      puts it into the server's folder
            """)
    }

    /// Haraka's `-p`: in the server's folder, where `make` puts the object to where the server looks for it, with a
    /// page for `haraka -h NAME`. Files that are there are kept, unless `force` is set.
    func make(in folder: Folder) throws {
        let target = "\(folder.plugins)/\(name)"
        let page = "\(folder.path)/docs/plugins/\(name).md"
        for path in [target, page] { try NewPlugin.makeFolders(above: path) }
        try copy(template, to: target)
        try TextFile.write(
            "# \(name)\n\nWhat the plugin does, and what can be configured.\n", to: page, force: force)
        print(
            """
            Plugin \(name) created
            Now edit its code, then make:  \(target)
            Add the plugin to the list:    \(folder.config)/plugins
            And edit the documentation:    \(page)
            """)
    }

    // MARK: copying

    /// A folder of the template and all that is in it, with the words replaced.
    private func copy(_ source: String, to target: String) throws {
        guard mkdir(target, 0o755) == 0 || errno == EEXIST else {
            throw CommandError("cannot make \(target): \(errnoText())")
        }
        for file in try FileNames.of(source) {
            let (from, to) = ("\(source)/\(file)", "\(target)/\(replaced(file))")
            var status = stat()
            guard stat(from, &status) == 0 else { throw CommandError("cannot read \(from): \(errnoText())") }
            guard status.st_mode & S_IFMT != S_IFDIR else {
                try copy(from, to: to)
                continue
            }
            guard let text = TextFile.read(from) else { throw CommandError("cannot read \(from): \(errnoText())") }
            guard try TextFile.write(replaced(text), to: to, force: force) else { continue }
            chmod(to, status.st_mode & 0o777 & ~0o022)
        }
    }

    /// The words of share/templates/README.md, in names and contents alike.
    private func replaced(_ text: String) -> String {
        let words = [
            ("@NAME@", name.text), ("@FILE@", name.lastComponent), ("@IDENT@", identifier), ("@PREFIX@", prefix.path),
        ]
        return words.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    /// The name as C spells names.
    private var identifier: String {
        let bytes = name.text.utf8.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: byte
            default: 0x5F
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.first?.isNumber == true ? "plugin_\(text)" : text
    }

    private static func makeFolders(above path: String) throws {
        let isAbsolute = path.hasPrefix("/")
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += folder.isEmpty && !isAbsolute ? String(part) : "/\(part)"
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw CommandError("cannot make \(folder): \(errnoText())")
            }
        }
    }
}
