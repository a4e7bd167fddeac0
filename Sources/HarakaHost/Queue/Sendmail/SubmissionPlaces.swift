// Where the running server takes mail of this host.

import Glibc
import HarakaConfig

struct SubmissionPlaces {
    /// `address:port` or a path, those of `[main]` first.
    private(set) var places: [String] = []
    private(set) var serverRuns = true

    /// The server says where it listens; to a user who may not ask it, smtp.ini does.
    init(_ folder: Folder) {
        guard !ControlClient.isRunning(folder) else {
            let lines = ControlClient.ask("status", folder)?.lines ?? []
            let status = JSONParser.parse(Array((lines.first ?? "").utf8), file: "status").value
            places = (status["listening"]?.texts ?? []).map(Self.here)
            return
        }
        serverRuns = errno == EACCES
        let smtp = SMTPSettings.read(from: folder.coreDirectory).settings
        places = (smtp.listen + smtp.roles.flatMap(\.listen)).map { Self.here(Self.text($0)) }
    }

    private static func text(_ address: ListenAddress) -> String {
        switch address {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path, _): path
        }
    }

    /// All addresses are this one, too.
    private static func here(_ place: String) -> String {
        for (all, loopback) in [("0.0.0.0:", "127.0.0.1:"), ("[::]:", "[::1]:"), ("[::0]:", "[::1]:")]
        where place.hasPrefix(all) {
            return loopback + place.dropFirst(all.count)
        }
        return place
    }
}

/// A connection that waits for what it asks.
final class BlockingSocket {
    private let descriptor: Int32
    private var input: [UInt8] = []

    /// How long one answer may take, in seconds.
    private static let patience = 120

    /// Nil, and `errno`: nobody is there.
    init?(_ place: String) {
        guard let descriptor = place.hasPrefix("/") ? Self.unix(place) : Self.tcp(place) else { return nil }
        self.descriptor = descriptor
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { close(descriptor) }

    private static func unix(_ path: String) -> Int32? {
        guard var address = UnixAddress(path) else { return nil }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard address.withPointer({ connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func tcp(_ place: String) -> Int32? {
        guard let colon = place.lastIndex(of: ":") else { return nil }
        let host = place[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(String(host), String(place[place.index(after: colon)...]), &hints, &found) == 0 else {
            return nil
        }
        defer { freeaddrinfo(found) }
        guard let first = found?.pointee else { return nil }
        let descriptor = socket(first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), first.ai_protocol)
        guard connect(descriptor, first.ai_addr, first.ai_addrlen) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// False: the other end does not take it.
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let start = buffer.baseAddress.map { $0 + done }
                let count = Glibc.send(descriptor, start, buffer.count - done, Int32(MSG_NOSIGNAL))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    /// Without its line end; nil: the other end is gone, or takes too long, or its line is no reply's.
    func line() -> String? {
        while true {
            if let end = input.firstIndex(of: 0x0A) {
                let line = String(decoding: input[..<end].filter { $0 != 0x0D }, as: UTF8.self)
                input.removeFirst(end + 1)
                return line
            }
            guard input.count < 4096 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            input += buffer[..<count]
        }
    }
}
