// Several servers that can take each other's place: asked in turn, the dead ones left out. Haraka's host_pool.

import NIOCore

/// A list of servers, `ip:port, ip:port`. On the loop.
///
/// The list is shuffled once, so that not all workers begin with the same server, and then asked round robin. One that
/// cannot be connected is left out, and looked for every `retry` until it is there again. If all are dead the next one
/// is asked anyway.
final class HostPool {
    struct Server: Equatable {
        /// A name or an address.
        var host: String
        var port: Int
    }

    /// For a look whether somebody is there again.
    static let probeLimit = TimeAmount.milliseconds(200)

    let servers: [Server]
    private var next = 0
    private var dead: Set<Int> = []
    private let retry: TimeAmount
    /// Looks whether a server is there, and says so later.
    private let probe: (Server, @escaping (Bool) -> Void) -> Void
    private let loop: any EventLoop

    /// nil: there is none in the text.
    init?(
        _ text: String, retry: TimeAmount, loop: any EventLoop, shuffle: ([Server]) -> [Server] = { $0.shuffled() },
        probe: @escaping (Server, @escaping (Bool) -> Void) -> Void
    ) {
        servers = shuffle(HostPool.servers(text))
        (self.retry, self.loop, self.probe) = (retry, loop, probe)
        if servers.isEmpty { return nil }
    }

    /// `192.0.2.1:2525`, `[2001:db8::1]:25`, `mx.example.com`; without a port it is 25. What is none of them is left
    /// out.
    static func servers(_ text: String) -> [Server] {
        text.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap { entry in
            guard let colon = entry.lastIndex(of: ":"), entry[colon...].dropFirst().allSatisfy(\.isNumber),
                entry.first == "[" ? entry[..<colon].last == "]" : entry.firstIndex(of: ":") == colon
            else { return Server(host: plain(entry), port: 25) }
            guard let port = Int(entry[entry.index(after: colon)...]), (1...65_535).contains(port) else { return nil }
            let host = plain(entry[..<colon])
            return host.isEmpty ? nil : Server(host: host, port: port)
        }
    }

    private static func plain(_ host: Substring) -> String {
        host.first == "[" && host.last == "]" ? String(host.dropFirst().dropLast()) : String(host)
    }

    /// The turn moves on with each question, whatever becomes of it: dialogues at the same time go to different
    /// servers.
    /// All, in the order in which they are to be tried now: those that are there in turn, then the dead ones in turn.
    func inTurn() -> [Server] {
        let order = servers.indices.map { (next + $0) % servers.count }
        let alive = order.filter { !dead.contains($0) }
        next = ((alive.first ?? order[0]) + 1) % servers.count
        return (alive + order.filter { dead.contains($0) }).map { servers[$0] }
    }

    func isDead(_ server: Server) -> Bool { servers.firstIndex(of: server).map(dead.contains) ?? false }

    func revived(_ server: Server) {
        if let index = servers.firstIndex(of: server) { dead.remove(index) }
    }

    func failed(_ server: Server) {
        // Once: those who tried it at the same time do not each begin a series of looks.
        guard let index = servers.firstIndex(of: server), dead.insert(index).inserted else { return }
        look(index)
    }

    /// As long as it is dead; a pool that nobody has any more is forgotten with its timers.
    private func look(_ index: Int) {
        loop.assumeIsolated().scheduleTask(in: retry) { [weak self] in
            guard let self, dead.contains(index) else { return }
            probe(servers[index]) { [weak self] isThere in
                guard let self else { return }
                if isThere { dead.remove(index) } else { look(index) }
            }
        }
    }
}
