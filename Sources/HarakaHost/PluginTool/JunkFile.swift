// Bytes that no program should trust: for configuration files, arguments and messages.

import Glibc

enum Junk {
    /// Always the same, so that what was found once is found again.
    static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }

    /// What is unpleasant in texts: NUL, control characters, no UTF-8, formats, paths, quotes, wide characters.
    static let text =
        "\u{FFFD}\u{0}\u{1}\u{7F}\r\n250 ok\r\n%s%n%d ../../etc/passwd"
        + " \"'\\;|`$(x)<>\t\u{1F4A9}\u{202E}\u{D7FF}\u{FEFF}"

    /// 64 KiB.
    static let long = String(repeating: "0123456789abcde.", count: 4096)
}

enum JunkFile {
    static func write(_ bytes: [UInt8], _ path: String) {
        var parent = ""
        for part in path.split(separator: "/").dropLast() {
            parent += "/\(part)"
            mkdir(parent, 0o700)
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
