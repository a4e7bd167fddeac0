// The name of a client's address. RFC 5321 section 4.1.3 asks for none; Haraka always looks.

import HarakaCore
import HarakaDNS
import NIOCore

/// Reverse lookups, in Haraka's words. On the loop.
final class NameResolver {
    /// PTR, RFC 1035 section 3.3.12.
    private static let pointer: UInt16 = 12

    private let resolver: HarakaDNS.Resolver
    private let limit: TimeAmount

    init(_ resolver: HarakaDNS.Resolver, limit: TimeAmount) {
        self.resolver = resolver
        self.limit = limit
    }

    /// What is known of `ip` without asking.
    func remembered(_ ip: String) -> String? {
        if ip.isEmpty { return "Unknown" }
        guard let question = NameResolver.question(ip) else { return "DNSERROR" }
        return resolver.remembered(question, strict: false).map(NameResolver.word)
    }

    /// Calls `done` once on the loop, later, with the first name, or Haraka's words for none: NXDOMAIN, DNSERROR.
    func resolve(_ ip: String, on loop: any EventLoop, _ done: @escaping (String) -> Void) {
        nonisolated(unsafe) let done = done
        let lookup = NameResolver.question(ip).flatMap { question in
            resolver.lookup(question, strict: false, limit: limit) { done(NameResolver.word($0)) }
        }
        if lookup == nil { loop.execute { done("DNSERROR") } }
    }

    private static func question(_ ip: String) -> NameQuestion? {
        DomainName.reverse(ip).map { NameQuestion($0, pointer) }
    }

    /// What the session calls the client. Names that are none of a host count as none, as with the C library: they go
    /// into Received lines and logs.
    private static func word(_ answer: NameAnswer) -> String {
        switch answer.status {
        case .found: answer.records.first { isHost($0.text) }?.text ?? "NXDOMAIN"
        case .noName, .noData: "NXDOMAIN"
        default: "DNSERROR"
        }
    }

    private static func isHost(_ name: String) -> Bool {
        name != "."
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
                default: false
                }
            }
    }
}
