// Who could change a plugin's file: only root and the server's own user may.

import Glibc

/// The rule about owner and permissions of a plugin's file and of the folders above it.
///
/// A plugin runs with all the rights of the server, so whoever may write one has them too.
struct FileTrust {
    /// Write permission of group and others; the sticky bit.
    private static let othersWrite: mode_t = 0o022
    private static let sticky: mode_t = 0o1000

    /// The effective user of this process.
    let user: uid_t

    /// - Parameters:
    ///   - path: the file, absolute and without symbolic links.
    ///   - status: what fstat(2) says about the open file.
    func check(_ path: String, _ status: stat) throws(PluginFileError) {
        guard status.st_uid == 0 || status.st_uid == user else {
            throw PluginFileError(path: path, reason: .foreignOwner(owner: status.st_uid, process: user))
        }
        guard status.st_mode & Self.othersWrite == 0 else {
            throw PluginFileError(path: path, reason: .writableByOthers(path: path))
        }
        for folder in Self.folders(above: path) { try checkFolder(folder, of: path) }
    }

    /// In a sticky folder of root's, as /tmp, anyone may add a file, but nobody can replace another user's.
    private func checkFolder(_ folder: String, of path: String) throws(PluginFileError) {
        var status = stat()
        guard lstat(folder, &status) == 0 else {
            throw PluginFileError(path: folder, reason: .system(action: "examined", code: errno))
        }
        let isStickyOfRoot = status.st_mode & Self.sticky != 0 && status.st_uid == 0
        guard status.st_mode & Self.othersWrite == 0 || isStickyOfRoot else {
            throw PluginFileError(path: path, reason: .writableByOthers(path: folder))
        }
    }

    /// Every folder above an absolute path, the nearest first, "/" last.
    static func folders(above path: String) -> [String] {
        var folders: [String] = []
        var rest = path[...]
        while let slash = rest.utf8.lastIndex(of: 0x2f) {
            rest = rest[..<slash]
            folders.append(rest.isEmpty ? "/" : String(rest))
        }
        return folders
    }
}
