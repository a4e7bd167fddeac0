// Telling the service manager how things stand: sd_notify(3)'s protocol, a datagram of KEY=VALUE lines.

import Glibc
import HarakaSupervisor

/// Does nothing where nobody asked to be told. Used by the supervisor's thread.
final class ServiceNotifier {
    private let path: String?
    /// Half of what the service manager allows between two signs of life; nil if it wants none.
    let watchdogSeconds: Double?

    init() {
        path = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
        let limit = getenv("WATCHDOG_USEC").flatMap { Double(String(cString: $0)) }
        let isMine = getenv("WATCHDOG_PID").map { String(cString: $0) == "\(getpid())" } ?? true
        watchdogSeconds = isMine ? limit.map { $0 / 2_000_000 } : nil
    }

    func send(_ message: ServiceMessage) {
        guard let path, path.count > 1 else { return }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            target.copyBytes(from: path.utf8)
            // A leading @ stands for the zero byte of an abstract name.
            if path.hasPrefix("@") { target[0] = 0 }
        }
        // An abstract name ends where its length says.
        let offset = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
        let size = socklen_t(offset + path.utf8.count)
        let text = Array(message.text.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, text, text.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }
}
