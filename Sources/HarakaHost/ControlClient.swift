// Asking the running server something, from the command line.

import Glibc
import HarakaPluginHost

enum ControlClient {
    /// Sends one line and prints the answer. Exit status 0 if its last line is OK.
    static func send(_ command: String, _ folder: Folder) -> Int32 {
        guard let (lines, isOK) = ask(command, folder) else { return 255 }
        let text = lines.joined(separator: "\n")
        guard isOK else {
            Terminal.error(text.isEmpty ? "the server went away without an answer" : text)
            return 1
        }
        if !text.isEmpty { print(text) }
        return 0
    }

    /// The lines of the answer but the last, and whether that was OK. Nil, and the reason printed: no server answers.
    static func ask(_ command: String, _ folder: Folder) -> (lines: [String], isOK: Bool)? {
        guard let descriptor = connect(folder.controlSocket) else {
            Terminal.error("no server runs in \(folder.path) (\(folder.controlSocket): \(errnoText()))")
            return nil
        }
        defer { close(descriptor) }
        Terminal.write(command + "\n", to: descriptor)
        var lines = readAll(descriptor).split(separator: "\n").map(String.init)
        let verdict = lines.popLast()
        return (lines, verdict == "OK")
    }

    /// A server answers in that folder.
    static func isRunning(_ folder: Folder) -> Bool {
        guard let descriptor = connect(folder.controlSocket) else { return false }
        close(descriptor)
        return true
    }

    private static func connect(_ path: String) -> Int32? {
        guard var address = UnixAddress(path) else {
            errno = ENAMETOOLONG
            return nil
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let status = address.withPointer { Glibc.connect(descriptor, $0, $1) }
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
