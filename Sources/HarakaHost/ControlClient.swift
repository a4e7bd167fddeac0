// Asking the running server something, from the command line.

import Glibc
import HarakaPluginHost

enum ControlClient {
    /// Sends one line and prints the answer. Exit status 0 if its last line is OK.
    static func send(_ command: String, _ folder: Folder) -> Int32 {
        guard let descriptor = connect(folder.controlSocket) else {
            Terminal.error("no server runs in \(folder.path) (\(folder.controlSocket): \(errnoText()))")
            return 255
        }
        defer { close(descriptor) }
        Terminal.write(command + "\n", to: descriptor)
        var lines = readAll(descriptor).split(separator: "\n").map(String.init)
        let verdict = lines.popLast()
        let text = lines.joined(separator: "\n")
        guard verdict == "OK" else {
            Terminal.error(text.isEmpty ? "the server went away without an answer" : text)
            return 1
        }
        if !text.isEmpty { print(text) }
        return 0
    }

    /// A server answers in that folder.
    static func isRunning(_ folder: Folder) -> Bool {
        guard let descriptor = connect(folder.controlSocket) else { return false }
        close(descriptor)
        return true
    }

    private static func connect(_ path: String) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return nil
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
