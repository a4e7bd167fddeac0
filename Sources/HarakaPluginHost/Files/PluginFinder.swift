// From a plugin's name to its file.

import Glibc

/// Where a plugin is.
public struct PluginLocation: Equatable, Sendable {
    /// The file, absolute, without symbolic links.
    public let path: String
    /// The plugin's own folder, with its config and README.md; nil for a plain file.
    public let packageFolder: String?
    /// The root under which it was found, as it was given to ``PluginFinder``.
    public let root: String
}

/// Looks plugins up under a few roots: the administrator's folder first, so that it can stand in for a bundled plugin.
///
/// Stateless but for the roots: each call looks at the disk. It blocks, so keep it off the event loop.
public struct PluginFinder: Sendable {
    /// How deep ``all()`` looks: the number of names between the root and the end of a path.
    static let maximumDepth = 4
    private static let suffix = ".so"

    public let roots: [String]

    /// - Parameter roots: folders in the order of preference, as DIR/plugins, PREFIX/lib/haraka/plugins. One that does
    ///   not exist is passed over.
    public init(roots: [String]) {
        self.roots = roots
    }

    /// The first of ROOT/N.so, ROOT/N/<last part of N>.so and ROOT/N/N.so that exists, root by root.
    ///
    /// - Throws: ``PluginFileError/Reason/notFound(tried:)``, or the reason why the first that exists can't be used: a
    ///   bad file is never passed over for another one of the same name.
    public func find(_ name: PluginName) throws(PluginFileError) -> PluginLocation {
        var tried: [String] = []
        for root in roots {
            guard let realRoot = try resolve(root) else {
                tried.append(root)
                continue
            }
            for (file, folder) in candidates(name, in: root) {
                guard let path = try resolve(file), !isFolder(path) else {
                    tried.append(file)
                    continue
                }
                try check(file, isAt: path, under: realRoot)
                let realFolder = try folder.flatMap { (folder) throws(PluginFileError) in try resolve(folder) }
                if let folder, let realFolder { try check(folder, isAt: realFolder, under: realRoot) }
                return PluginLocation(path: path, packageFolder: realFolder, root: root)
            }
        }
        throw PluginFileError(path: name.text, reason: .notFound(tried: tried))
    }

    /// Every plugin that ``find(_:)`` would find, by name, to four folders deep.
    ///
    /// Files that ``find(_:)`` refuses, folders that can't be read, and linked folders are left out.
    public func all() -> [(name: PluginName, location: PluginLocation)] {
        var names: Set<PluginName> = []
        for root in roots { collect(root, prefix: [], into: &names) }
        return names.sorted { $0.text < $1.text }.compactMap { name in
            (try? find(name)).map { (name, $0) }
        }
    }

    /// The paths to try in one root, each with its package folder.
    private func candidates(_ name: PluginName, in root: String) -> [(file: String, folder: String?)] {
        let folder = "\(root)/\(name.text)"
        let plain = (file: folder + Self.suffix, folder: String?.none)
        let package = (file: "\(folder)/\(name.lastComponent)\(Self.suffix)", folder: Optional(folder))
        let nested = (file: "\(folder)/\(name.text)\(Self.suffix)", folder: Optional(folder))
        return nested.file == package.file ? [plain, package] : [plain, package, nested]
    }

    /// The path without symbolic links; nil if there is nothing there.
    private func resolve(_ path: String) throws(PluginFileError) -> String? {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        let code = errno
        guard code == ENOENT || code == ENOTDIR else {
            throw PluginFileError(path: path, reason: .system(action: "reached", code: code))
        }
        guard fileKind(path) != S_IFLNK else { throw PluginFileError(path: path, reason: .danglingLink) }
        return nil
    }

    private func check(_ path: String, isAt target: String, under root: String) throws(PluginFileError) {
        let folder = root == "/" ? root : root + "/"
        guard target.utf8.starts(with: folder.utf8) else {
            throw PluginFileError(path: path, reason: .leavesRoot(target: target, root: root))
        }
    }

    private func isFolder(_ path: String) -> Bool { fileKind(path) == S_IFDIR }

    /// The type bits of what is at `path`, links not followed; nil if there is nothing.
    private func fileKind(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Adds the names of the plugins in one folder and those below it.
    private func collect(_ folder: String, prefix: [String], into names: inout Set<PluginName>) {
        guard prefix.count < Self.maximumDepth, let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            // Hidden names, and the folder itself and its parent.
            guard !name.hasPrefix(".") else { continue }
            let path = folder + "/" + name
            if isFolder(path) {
                collect(path, prefix: prefix + [name], into: &names)
            } else if name.hasSuffix(Self.suffix), name.utf8.count > Self.suffix.utf8.count {
                let parts = prefix + [String(name.dropLast(Self.suffix.count))]
                if let name = pluginName(parts) { names.insert(name) }
            }
        }
    }

    /// The name under which ROOT/parts.so is found: of a package the folder's, not folder and file.
    private func pluginName(_ parts: [String]) -> PluginName? {
        let last = parts.count - 1
        let half = parts.count / 2
        let text =
            if parts.count.isMultiple(of: 2), parts[..<half].elementsEqual(parts[half...]) {
                parts[..<half].joined(separator: "/")
            } else if last > 0, parts[last] == parts[last - 1] {
                parts[..<last].joined(separator: "/")
            } else {
                parts.joined(separator: "/")
            }
        return try? PluginName(text)
    }
}
