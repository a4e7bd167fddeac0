// Sockets that take clients: opened once, by the process that may, and handed to those that serve.

import Glibc
import HarakaConfig
import HarakaSupervisor

/// A listening socket of the supervisor's.
struct ListenSocket: Sendable {
    let descriptor: Int32
    /// Where it listens, as the log shows it: `127.0.0.1:2525`, `[::]:25`, a path.
    let place: String
    /// The section of smtp.ini that it belongs to; empty: `[main]`.
    var role = ""
    /// The socket file that this server has made.
    var file: String?

    /// At the end of the server.
    func end() {
        close(descriptor)
        if let file { unlink(file) }
    }

    /// All addresses of smtp.ini, or the sockets that the service manager has opened instead.
    static func all(_ smtp: SMTPSettings, _ inherited: ActivationSockets?) throws -> [ListenSocket] {
        if let inherited, !inherited.descriptors.isEmpty {
            return try zip(inherited.descriptors, inherited.names).map { descriptor, name in
                var socket = try adopt(Int32(descriptor))
                // FileDescriptorName= of the unit says which section holds.
                if smtp.roles.contains(where: { $0.name == name }) { socket.role = name }
                return socket
            }
        }
        var addresses = smtp.listen
        if smtp.isListenDefault, access("/proc/net/if_inet6", F_OK) != 0 {
            addresses = [.tcp(host: "0.0.0.0", port: 25)]
        }
        var opened = try addresses.map(open)
        for role in smtp.roles {
            for address in role.listen {
                var socket = try open(address)
                socket.role = role.name
                opened.append(socket)
            }
        }
        return opened
    }

    private static func adopt(_ descriptor: Int32) throws -> ListenSocket {
        var flag: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &flag, &size) == 0, flag != 0 else {
            throw CommandError("descriptor \(descriptor), which the service manager handed over, does not listen")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return ListenSocket(descriptor: descriptor, place: name(descriptor) ?? "descriptor \(descriptor)")
    }

    private static func open(_ address: ListenAddress) throws -> ListenSocket {
        switch address {
        case .unix(let path, let mode): return try openUnix(path, mode)
        case .tcp(let host, let port): return try openTCP(host, port)
        }
    }

    private static func openTCP(_ host: String, _ port: UInt16) throws -> ListenSocket {
        let shown = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, "\(port)", &hints, &found)
        guard status == 0, let first = found else {
            throw CommandError("cannot listen on \(shown): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        let descriptor = try make(first.pointee.ai_family, shown)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        if first.pointee.ai_family == AF_INET6 {
            // `[::]` takes clients of both families, whatever the system's default is.
            var off: Int32 = 0
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
        }
        try begin(descriptor, shown) { bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) }
        return ListenSocket(descriptor: descriptor, place: name(descriptor) ?? shown)
    }

    private static func openUnix(_ path: String, _ mode: UInt32?) throws -> ListenSocket {
        guard var address = UnixAddress(path) else {
            throw CommandError("cannot listen on \(path): the path is too long")
        }
        let descriptor = try make(AF_UNIX, path)
        // A socket file that nobody listens on any more is in the way.
        if connectStatus(&address) == ECONNREFUSED { unlink(path) }
        try begin(descriptor, path) { address.withPointer { bind(descriptor, $0, $1) } }
        if let mode, chmod(path, mode_t(mode)) != 0 { throw CommandError("cannot chmod \(path): \(errnoText())") }
        return ListenSocket(descriptor: descriptor, place: path, file: path)
    }

    private static func connectStatus(_ address: inout UnixAddress) -> Int32 {
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        return address.withPointer { connect(probe, $0, $1) } == 0 ? 0 : errno
    }

    private static func make(_ family: Int32, _ shown: String) throws -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw CommandError("cannot listen on \(shown): \(errnoText())") }
        return descriptor
    }

    private static func begin(_ descriptor: Int32, _ shown: String, _ bind: () -> Int32) throws {
        guard bind() == 0, listen(descriptor, 1024) == 0 else {
            let hint = errno == EACCES ? " (ports below 1024 need root)" : ""
            let reason = errnoText() + hint
            close(descriptor)
            throw CommandError("cannot listen on \(shown): \(reason)")
        }
    }

    /// Where a bound socket listens.
    private static func name(_ descriptor: Int32) -> String? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> String? in
                guard getsockname(descriptor, address, &size) == 0 else { return nil }
                if address.pointee.sa_family == sa_family_t(AF_UNIX) {
                    return address.withMemoryRebound(to: sockaddr_un.self, capacity: 1) { UnixAddress.path($0.pointee) }
                }
                var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
                var port = [CChar](repeating: 0, count: 32)
                let flags = NI_NUMERICHOST | NI_NUMERICSERV
                guard
                    getnameinfo(
                        address, size, &host, socklen_t(host.count), &port, socklen_t(port.count), flags) == 0
                else { return nil }
                let name = text(host)
                return "\(name.contains(":") ? "[\(name)]" : name):\(text(port))"
            }
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The address of a unix socket.
struct UnixAddress {
    private var address = sockaddr_un()

    /// Nil: the path is longer than the system takes.
    init?(_ path: String) {
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    mutating func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    static func path(_ address: sockaddr_un) -> String {
        withUnsafeBytes(of: address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
