// Whether a resolver is there at all: a question that each of them can answer at once.

import Glibc

/// Asks "." for NS over UDP, past libunbound, which would answer from its cache or wait longer each time it got none.
/// On the resolver's thread.
struct Probe {
    private static let identity: [UInt8] = [0x48, 0x4b]
    /// One question with recursion desired: NS of the root. RFC 1035 section 4.1.
    private static let question: [UInt8] = identity + [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]

    private let targets: [String]
    private(set) var sockets: [CInt] = []

    init(_ targets: [String]) { self.targets = targets }

    /// Asks all of them, once more if they were asked before.
    mutating func ask() {
        if sockets.isEmpty { sockets = targets.compactMap(Probe.connect) }
        for socket in sockets { _ = send(socket, Probe.question, Probe.question.count, CInt(MSG_NOSIGNAL)) }
    }

    /// Whether there is an answer on `socket`. What went wrong on it is read too, so that it is not reported again.
    func hasAnswer(_ socket: CInt) -> Bool {
        var answer = [UInt8](repeating: 0, count: 512)
        var isAnswer = false
        while true {
            let count = recv(socket, &answer, answer.count, CInt(MSG_DONTWAIT))
            if count < 0 { return isAnswer }
            if count >= 12, answer[0] == Probe.identity[0], answer[1] == Probe.identity[1], answer[2] & 0x80 != 0 {
                isAnswer = true
            }
        }
    }

    mutating func end() {
        for socket in sockets { close(socket) }
        sockets = []
    }

    /// A socket that hears nobody else; nil: there is no such address here.
    private static func connect(_ target: String) -> CInt? {
        let parts = target.split(separator: "@", maxSplits: 1).map(String.init)
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(parts.first ?? "", parts.count > 1 ? parts[1] : "53", &hints, &found) == 0, let found else {
            return nil
        }
        defer { freeaddrinfo(found) }
        let kind = hints.ai_socktype | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(found.pointee.ai_family, kind, 0)
        guard socket >= 0 else { return nil }
        guard Glibc.connect(socket, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
            close(socket)
            return nil
        }
        return socket
    }
}
