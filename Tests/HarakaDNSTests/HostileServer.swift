// A name server that answers as a test wants it to, over UDP and TCP.

import Glibc
import Synchronization

/// One UDP and one TCP port of 127.0.0.1 with the same number, each with a thread.
final class HostileServer: Sendable {
    /// What it does with a question.
    enum Manner: Sendable {
        case records([(type: UInt16, data: [UInt8])])
        /// NXDOMAIN (3), SERVFAIL (2), REFUSED (5) ...; 0: no data.
        case code(UInt8)
        case silent
        /// An answer to a question that nobody has asked.
        case otherIdentity
        /// An answer about another name.
        case otherName
        case garbage
        /// TC over UDP, this over TCP.
        case truncated([(type: UInt16, data: [UInt8])])
        /// Nothing until `release`, then this.
        case held([(type: UInt16, data: [UInt8])])
    }

    private struct State {
        var manners: [String: Manner] = [:]
        var all: Manner?
        var asked: [String] = []
        var held: [(message: [UInt8], to: sockaddr_in)] = []
        var watchers: [(name: String, count: Int, then: @Sendable () -> Void)] = []
    }

    private let state = Mutex(State())
    private let udp: CInt
    private let tcp: CInt
    let port: UInt16

    var address: String { "127.0.0.1@\(port)" }

    init() {
        (udp, tcp, port) = HostileServer.open()
        start { $0.serveUDP() }
        start { $0.serveTCP() }
    }

    func stop() {
        for socket in [udp, tcp] { shutdown(socket, CInt(SHUT_RDWR)) }
    }

    // MARK: what a test says

    func set(_ name: String, _ manner: Manner) { state.withLock { $0.manners[name] = manner } }

    /// For every name, until it is nil again.
    func setAll(_ manner: Manner?) { state.withLock { $0.all = manner } }

    /// How often a name was asked for.
    func count(_ name: String) -> Int { state.withLock { $0.asked.count { $0 == name } } }

    /// Runs `then` once, on any thread, when `name` was asked for so often.
    func when(_ name: String, askedFor count: Int, _ then: @escaping @Sendable () -> Void) {
        let isNow = state.withLock { state in
            if state.asked.count(where: { $0 == name }) >= count { return true }
            state.watchers.append((name, count, then))
            return false
        }
        if isNow { then() }
    }

    /// Sends what was held back.
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for (message, client) in held { send(message, client) }
    }

    // MARK: sockets

    private func start(_ work: @escaping @Sendable (HostileServer) -> Void) {
        final class Start { let run: () -> Void; init(_ run: @escaping () -> Void) { self.run = run } }
        var thread = pthread_t()
        let itself = Unmanaged.passRetained(Start { work(self) }).toOpaque()
        pthread_create(
            &thread, nil,
            { start in
                start.map { Unmanaged<Start>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, itself)
        pthread_detach(thread)
    }

    private static func open() -> (CInt, CInt, UInt16) {
        while true {
            let udp = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
            let tcp = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withSocket(&address) { _ = bind(udp, $0, size) }
            withSocket(&address) { _ = getsockname(udp, $0, &size) }
            var isBound = false
            withSocket(&address) { isBound = bind(tcp, $0, size) == 0 && listen(tcp, 16) == 0 }
            if isBound { return (udp, tcp, UInt16(bigEndian: address.sin_port)) }
            close(udp)
            close(tcp)
        }
    }

    private static func withSocket(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Void) {
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.baseAddress.map { body($0.assumingMemoryBound(to: sockaddr.self)) }
        }
    }

    private func serveUDP() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var client = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            var count = 0
            Self.withSocket(&client) { count = recvfrom(udp, &buffer, buffer.count, 0, $0, &size) }
            guard count > 0 else { break }
            answer(Array(buffer[..<count]), isTCP: false, from: client).map { send($0, client) }
        }
        close(udp)
    }

    private func send(_ message: [UInt8], _ client: sockaddr_in) {
        var client = client
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        Self.withSocket(&client) { _ = sendto(udp, message, message.count, 0, $0, size) }
    }

    /// One client at a time, one question each.
    private func serveTCP() {
        while true {
            let client = accept(tcp, nil, nil)
            guard client >= 0 else { break }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(client, &buffer, buffer.count, 0)
            if count > 2, let message = answer(Array(buffer[2..<count]), isTCP: true, from: sockaddr_in()) {
                let size = [UInt8(message.count >> 8), UInt8(message.count & 255)]
                Glibc.send(client, size + message, message.count + 2, CInt(MSG_NOSIGNAL))
            }
            close(client)
        }
        close(tcp)
    }

    // MARK: answers

    private func answer(_ question: [UInt8], isTCP: Bool, from client: sockaddr_in) -> [UInt8]? {
        let (name, end) = Message.question(question)
        let (manner, watchers) = state.withLock { state in
            state.asked.append(name)
            let count = state.asked.count { $0 == name }
            let ready = state.watchers.filter { $0.name == name && count >= $0.count }
            state.watchers.removeAll { $0.name == name && count >= $0.count }
            return (state.all ?? state.manners[name] ?? .code(3), ready)
        }
        defer { for watcher in watchers { watcher.then() } }
        let message = Message(question: question, end: end)
        switch manner {
        case .records(let records): return message.answer(records)
        case .code(let code): return message.answer([], code: code)
        case .silent: return nil
        case .otherIdentity: return message.answer([(1, [192, 0, 2, 66])], identity: 1)
        case .otherName: return message.answer([(1, [192, 0, 2, 66])], name: [5, 0x6f, 0x74, 0x68, 0x65, 0x72, 0])
        case .garbage: return [UInt8](repeating: 0xff, count: 60)
        case .truncated(let records): return isTCP ? message.answer(records) : message.answer([], flags: 2)
        case .held(let records):
            state.withLock { $0.held.append((message.answer(records), client)) }
            return nil
        }
    }
}

/// Answers to one question.
private struct Message {
    let question: [UInt8]
    let end: Int

    static func question(_ bytes: [UInt8]) -> (name: String, end: Int) {
        var labels: [String] = []
        var at = 12
        while at < bytes.count, bytes[at] != 0, at + Int(bytes[at]) < bytes.count {
            labels.append(String(decoding: bytes[(at + 1)...(at + Int(bytes[at]))], as: UTF8.self))
            at += 1 + Int(bytes[at])
        }
        return (labels.joined(separator: "."), min(at + 5, bytes.count))
    }

    func answer(
        _ records: [(type: UInt16, data: [UInt8])], code: UInt8 = 0, flags: UInt8 = 0, identity: UInt8 = 0,
        name: [UInt8] = [0xc0, 12]
    ) -> [UInt8] {
        var message = [question[0] ^ identity, question[1], 0x84 | flags | question[2] & 1, 0x80 | code]
        let hasAuthority = records.isEmpty && flags == 0 && (code == 0 || code == 3)
        message += [0, 1, 0, UInt8(records.count), 0, hasAuthority ? 1 : 0, 0, 0] + question[12..<end]
        for record in records {
            message += name + [UInt8(record.type >> 8), UInt8(record.type & 255), 0, 1, 0, 0, 0, 60]
            message += [UInt8(record.data.count >> 8), UInt8(record.data.count & 255)] + record.data
        }
        // The SOA of the root, whose negative answers hold for 30 seconds.
        let numbers: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 30]
        return hasAuthority ? message + [0, 0, 6, 0, 1, 0, 0, 0, 30, 0, 22, 0, 0] + numbers : message
    }
}
