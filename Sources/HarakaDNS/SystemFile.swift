// The system's own files about names: resolv.conf(5), hosts(5).

import Glibc

enum SystemFile {
    /// The resolvers of a resolv.conf; the one of this machine if it names none, as the C library has it.
    static func nameServers(_ path: String) -> [String] {
        let found = lines(path).compactMap { words in
            words.count >= 2 && words[0] == "nameserver" ? String(words[1]) : nil
        }
        return found.isEmpty ? ["127.0.0.1"] : found
    }

    /// The words of each line, without comments; nothing if the file cannot be read.
    static func lines(_ path: String) -> [[Substring]] {
        guard let text = read(path) else { return [] }
        return text.split(whereSeparator: \.isNewline).map { line in
            let content = line.prefix { $0 != "#" && $0 != ";" }
            return content.split { $0 == " " || $0 == "\t" }
        }
    }

    /// When a file was changed, and its size: another value means another content. Nil: there is none.
    static func stamp(_ path: String) -> [Int]? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }

    private static let largest = 16 * 1024 * 1024

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < largest {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
