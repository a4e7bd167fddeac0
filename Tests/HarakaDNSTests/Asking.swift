// A resolver on a loop of its own, for tests.

import HarakaCore
import HarakaDNS
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Runs a body on a loop with a resolver, and closes both. Everything here is on the loop.
final class Asking: @unchecked Sendable {
    let loop: any EventLoop
    private(set) var resolver: HarakaDNS.Resolver
    /// What was logged: level and text.
    let lines = Mutex<[String]>([])
    private let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

    private init(_ settings: DNSSettings, _ loop: any EventLoop) {
        self.loop = loop
        resolver = Resolver(settings, loop: loop)
        resolver = Resolver(settings, loop: loop) { [weak self] level, text in
            self?.lines.withLock { $0.append("\(level) \(text)") }
            self?.listener.withLock { $0 }?("\(level) \(text)")
        }
    }

    /// Settings that ask one server, and nothing of this machine.
    static func settings(_ address: String, limit: Double = 60) -> DNSSettings {
        var settings = DNSSettings()
        settings.resolvers = [address]
        settings.limit = limit
        settings.hostsFile = nil
        settings.validation = .off
        return settings
    }

    static func with(_ settings: DNSSettings, _ body: (Asking) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let asking = try await loop.submit { Asking(settings, loop) }.get()
        var failure: (any Error)?
        do { try await body(asking) } catch { failure = error }
        try await loop.submit { asking.resolver.close() }.get()
        try await group.shutdownGracefully()
        if let failure { throw failure }
    }

    /// With a server that is ready, and ends.
    static func with(
        limit: Double = 60, _ change: (inout DNSSettings) -> Void = { _ in },
        _ body: (Asking, HostileServer) async throws -> Void
    ) async throws {
        let server = HostileServer()
        defer { server.stop() }
        var settings = Asking.settings(server.address, limit: limit)
        change(&settings)
        try await with(settings) { try await body($0, server) }
    }

    /// The answer of one lookup.
    func ask(
        _ name: String, _ type: UInt16 = 1, strict: Bool = false, limit: TimeAmount? = nil
    ) async throws -> NameAnswer {
        try await start(name, type, strict: strict, limit: limit).get()
    }

    /// Begins a lookup and returns its answer to come.
    func start(
        _ name: String, _ type: UInt16 = 1, strict: Bool = false, limit: TimeAmount? = nil
    ) -> EventLoopFuture<NameAnswer> {
        loop.flatSubmit { [self] in
            let promise = loop.makePromise(of: NameAnswer.self)
            let lookup = resolver.lookup(NameQuestion(name, type), strict: strict, limit: limit) { promise.succeed($0) }
            if lookup == nil { promise.fail(Refused()) }
            return promise.futureResult
        }
    }

    /// Waits until the server was asked for a name.
    func untilAsked(_ name: String, _ server: HostileServer) async throws {
        let asked = loop.makePromise(of: Void.self)
        server.when(name, askedFor: 1) { asked.succeed(()) }
        try await asked.futureResult.get()
    }

    /// Calls `then` with each line that is logged from now on.
    func onLine(_ then: @escaping @Sendable (String) -> Void) { listener.withLock { $0 = then } }

    struct Refused: Error {}

    /// Something on the loop.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (HarakaDNS.Resolver) -> Value) async throws -> Value {
        try await loop.submit { [self] in body(resolver) }.get()
    }
}
