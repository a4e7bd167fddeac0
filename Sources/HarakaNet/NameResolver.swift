// The name of a client's address, by the system's resolver on a pool thread. RFC 5321 section 4.1.3 asks for none; Haraka
// always looks.

import Glibc
import HarakaCore
import NIOCore
import NIOPosix

/// Reverse lookups with a time limit and a memory. On the loop.
final class NameResolver {
    private struct Known {
        let name: String
        let until: NIODeadline
    }

    private static let maximumKnown = 10_000
    private static let keeps = TimeAmount.seconds(120)

    private let pool: NIOThreadPool
    private let limit: TimeAmount
    private var known: [String: Known] = [:]

    init(pool: NIOThreadPool, limit: TimeAmount) {
        self.pool = pool
        self.limit = limit
    }

    /// What is known of `ip` without asking.
    func remembered(_ ip: String) -> String? {
        if ip.isEmpty { return "Unknown" }
        guard let entry = known[ip], entry.until > .now() else { return nil }
        return entry.name
    }

    /// Calls `done` once on `loop` with the first name, or Haraka's words for none: NXDOMAIN, DNSERROR.
    func resolve(_ ip: String, on loop: any EventLoop, _ done: @escaping (String) -> Void) {
        let answer = loop.makePromise(of: String.self)
        let timer = loop.scheduleTask(in: limit) { answer.succeed("DNSERROR") }
        let until = NIODeadline.now() + limit
        // One that waited for a thread until nobody wants its answer any more does not hold up those behind it.
        let asked = pool.runIfActive(eventLoop: loop) { NIODeadline.now() < until ? NameResolver.ask(ip) : "DNSERROR" }
        asked.whenComplete { result in
            timer.cancel()
            answer.succeed((try? result.get()) ?? "DNSERROR")
        }
        nonisolated(unsafe) let (resolver, finish) = (self, done)
        answer.futureResult.whenSuccess { name in
            resolver.remember(ip, name)
            finish(name)
        }
    }

    private func remember(_ ip: String, _ name: String) {
        guard name != "DNSERROR" else { return }
        if known.count >= NameResolver.maximumKnown { known = [:] }
        known[ip] = Known(name: name, until: .now() + NameResolver.keeps)
    }

    /// Blocks.
    private static func ask(_ ip: String) -> String {
        guard let address = try? SocketAddress(ipAddress: ip, port: 0) else { return "DNSERROR" }
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = address.withSockAddr { pointer, size in
            getnameinfo(pointer, socklen_t(size), &name, socklen_t(name.count), nil, 0, NI_NAMEREQD)
        }
        switch status {
        case 0:
            let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return text.isEmpty ? "Unknown" : text
        case EAI_NONAME: return "NXDOMAIN"
        default: return "DNSERROR"
        }
    }
}
