// The only place of this room that touches the file system: a path in, bytes or a reason out.

import Glibc

/// What a path holds.
enum FileContent {
    /// Larger files are refused: configuration is read whole, and this one must be a mistake.
    static let sizeLimit = 16 * 1024 * 1024

    /// There is no such file.
    case missing
    /// The file's bytes.
    case bytes([UInt8])
    /// Why it cannot be used: the end of a sentence that begins with the file.
    case refused(String)

    /// Reads a file whole. Folders, devices and pipes are refused without waiting for them.
    static func read(_ path: String) -> FileContent {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            return errno == ENOENT || errno == ENOTDIR ? .missing : refused(by: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return refused(by: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return read(descriptor, expecting: Int(status.st_size))
        case S_IFDIR: return .refused("is a folder; expected a file")
        default: return .refused("is no ordinary file; expected one")
        }
    }

    /// Reads to the end; a file that grows meanwhile is read until the limit says no.
    private static func read(_ descriptor: Int32, expecting size: Int) -> FileContent {
        guard size <= sizeLimit else { return tooLarge }
        var content: [UInt8] = []
        content.reserveCapacity(size)
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while content.count <= sizeLimit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return .bytes(content) }
            if count < 0 {
                // A signal came in between: nothing was read, nothing is wrong.
                if errno == EINTR { continue }
                return refused(by: errno)
            }
            content += chunk.prefix(count)
        }
        return tooLarge
    }

    /// The size is named, so that nobody has to look the limit up.
    private static var tooLarge: FileContent {
        .refused("is larger than \(sizeLimit / 1024 / 1024) MiB; expected a configuration file")
    }

    /// The system's own words for an error.
    private static func refused(by error: Int32) -> FileContent {
        .refused("cannot be read: \(String(cString: strerror(error)))")
    }
}

/// The name of this machine as the kernel has it; `localhost` should it have none.
func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "localhost" : text
}
