// A folder of configuration files for one test, gone with it.

import Glibc

@testable import HarakaConfig

final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/haraka-config-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit {
        Self.removeTree(path)
    }

    /// Writes a file, and the folders on its way. Returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = path + "/" + name
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o700)
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String) -> String {
        write(name, Array(text.utf8))
    }

    /// The folder as an administrator's, without defaults below.
    var directory: ConfigDirectory {
        ConfigDirectory(overrides: path)
    }

    private static func removeTree(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { removeTree(path + "/" + name) }
            }
            closedir(folder)
        }
        remove(path)
    }
}

extension [Diagnostic] {
    /// Each finding's place and message without the path: `3:7: error: ...`.
    var brief: [String] {
        map { finding in
            let place = finding.line == 0 ? "" : "\(finding.line):\(finding.column): "
            return "\(place)\(finding.severity.rawValue): \(finding.message)"
        }
    }
}
