// The version, and where an installed server keeps its parts.

import Glibc

enum Version {
    static let number = "0.1.0"
}

/// PREFIX/bin/haraka, PREFIX/lib/haraka/plugins, PREFIX/share/haraka/{config,docs}.
struct InstallPrefix: Sendable {
    let path: String

    /// Found from the running binary, so that the tree can be moved.
    init() {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count - 1))
        let binary = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        path = binary.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
    }

    var plugins: String { "\(path)/lib/haraka/plugins" }
    var config: String { "\(path)/share/haraka/config" }
    var docs: String { "\(path)/share/haraka/docs" }
}
