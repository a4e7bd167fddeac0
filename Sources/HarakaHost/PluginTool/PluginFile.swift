// The file that a tool was given: what it is called as a plugin, where its parents are looked for, what is in it.

import Glibc
import HarakaPluginHost

/// A plugin's file by its path, looked at without running it.
struct PluginFile {
    /// Absolute, without symbolic links.
    let path: String
    /// As config/plugins would name it: what the note says if the file is named so, else the file's name.
    let name: String
    /// The folder in which `name` leads to `path`.
    let root: String
    /// What the file's bytes say; nil: they are no shared object for this machine.
    let summary: ELFSummary?
    let problem: ELFError?
    let size: Int

    /// Reads the file. It need not be fit for anything.
    init(_ given: String) throws {
        guard let real = realpath(given, nil) else { throw CommandError("cannot read \(given): \(errnoText())") }
        defer { free(real) }
        path = String(cString: real)
        let bytes = try PluginFile.bytes(path)
        size = bytes.count
        do throws(ELFError) {
            summary = try ELFImage.read(bytes)
            problem = nil
        } catch {
            summary = nil
            problem = error
        }
        (name, root) = PluginFile.place(path, summary?.note.note?.name)
    }

    var note: PluginNote? { summary?.note.note }

    /// Where parents are looked for: beside it, then among the bundled plugins.
    var roots: [String] { [root, InstallPrefix().plugins] }

    /// The plugin's own defaults (config/).
    var package: String? {
        let beside = ["\(root)/\(name)", PluginFile.folder(path)]
        return beside.first { access("\($0)/config", F_OK) == 0 }
    }

    /// Sealed and checked as the server does it.
    func inspect() throws(PluginLoadError) -> SealedPlugin {
        do {
            let name = try PluginName(name)
            return try PluginLoader.inspect(name, try PluginFinder(roots: [root]).find(name))
        } catch let error as PluginLoadError {
            throw error
        } catch {
            throw PluginLoadError(name, "\(error)")
        }
    }

    /// `.../queue/maildir.so` is `queue/maildir` in `...` if its note says so; a package's folder counts too.
    private static func place(_ path: String, _ noted: String?) -> (String, String) {
        if let noted {
            let last = noted.split(separator: "/").last ?? ""
            for file in ["\(noted).so", "\(noted)/\(last).so", "\(noted)/\(noted).so"] where path.hasSuffix("/\(file)")
            {
                let root = path.dropLast(file.utf8.count + 1)
                return (noted, root.isEmpty ? "/" : String(root))
            }
        }
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return (file.hasSuffix(".so") ? String(file.dropLast(3)) : file, folder(path))
    }

    private static func folder(_ path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(parent)"
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CommandError("cannot read \(path): \(errnoText())") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CommandError("\(path) is not a regular file")
        }
        guard status.st_size <= Int(SealedFile.maximumSize) else { throw CommandError("\(path) is too large") }
        return try readAll(descriptor, path)
    }

    /// All of a file that was found to be a regular one of bearable size.
    private static func readAll(_ descriptor: Int32, _ path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandError("cannot read \(path): \(errnoText())") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
