// Which files have changed: inotify(7) over whole folders.

import Glibc

/// Used by one thread, which waits for `descriptor` and then calls `changes`.
final class FileWatch {
    let descriptor: Int32
    private var folders: [Int32: String] = [:]
    private static let events = UInt32(
        IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB)

    /// Nil: the system has no more watches to give (fs.inotify.max_user_instances).
    init?() {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// This folder and those in it. A folder that is not there is not watched.
    func add(_ folder: String) {
        let number = inotify_add_watch(descriptor, folder, FileWatch.events | UInt32(IN_ONLYDIR))
        guard number >= 0, let directory = opendir(folder) else { return }
        folders[number] = folder
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if entry.pointee.d_type == UInt8(DT_DIR), !name.hasPrefix(".") { add("\(folder)/\(name)") }
        }
    }

    /// Full paths of what has changed, each once. Files that editors make on their way are left out.
    func changes() -> Set<String> {
        var found: Set<String> = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            buffer.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<count]), &found) }
        }
        return found
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ found: inout Set<String>) {
        let headSize = MemoryLayout<inotify_event>.size
        var at = 0
        while at + headSize <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
            let start = at + headSize
            let end = min(bytes.count, start + Int(event.len))
            let name = String(decoding: bytes[start..<end].prefix { $0 != 0 }, as: UTF8.self)
            at = end
            // Too much happened at once: nobody knows what, so everything may have changed.
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { found.formUnion(folders.values) }
            guard let folder = folders[event.wd], !name.isEmpty, !name.hasPrefix("."), !name.hasSuffix("~") else {
                continue
            }
            let isFolder = event.mask & UInt32(IN_ISDIR) != 0
            if isFolder, event.mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0 { add("\(folder)/\(name)") }
            // A file that was just made is empty; what is written into it comes as an event of its own.
            if !isFolder, event.mask & UInt32(IN_CREATE) == 0 { found.insert("\(folder)/\(name)") }
        }
    }
}
