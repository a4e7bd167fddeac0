// Routes by a name server of the test's own.

import HarakaCore
import HarakaDNS
import HarakaQueue
import NIOCore
import NIOPosix
import Testing

@testable import HarakaNet

@Suite struct RouteFinderTests {
    typealias Outcome = Result<[Hop], RouteFailure>

    /// All on one loop.
    final class World: @unchecked Sendable {
        let loop: any EventLoop
        let resolver: HarakaDNS.Resolver
        let finder: RouteFinder

        init(_ loop: any EventLoop, _ address: String, maxUnderWay: Int) {
            var settings = DNSSettings()
            (settings.resolvers, settings.hostsFile, settings.validation) = ([address], nil, .off)
            (settings.limit, settings.maxUnderWay) = (30, maxUnderWay)
            self.loop = loop
            resolver = Resolver(settings, loop: loop)
            let own = OwnHost(names: ["ME.example"], listeners: ["192.0.2.99"]) { [] }
            finder = RouteFinder(resolver, loop: loop, settings: .init(), own: own) { 7 }
        }

        func route(_ domain: String, given: [MX]? = nil) async throws -> Outcome {
            try await loop.flatSubmit { [self] in
                let promise = loop.makePromise(of: Outcome.self)
                finder.route(domain: domain, given: given) { promise.succeed($0) }
                return promise.futureResult
            }.get()
        }
    }

    static func with(
        _ records: [String: [[UInt8]]], silent: Set<String> = [], maxUnderWay: Int = 100,
        _ body: (World) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let zone = RouteFinderZone(records, silent: silent)
        let address = try await zone.start(on: loop)
        let world = try await loop.submit { World(loop, address, maxUnderWay: maxUnderWay) }.get()
        var failure: (any Error)?
        do { try await body(world) } catch { failure = error }
        try await loop.submit { world.resolver.close() }.get()
        try await zone.stop()
        try await group.shutdownGracefully()
        if let failure { throw failure }
    }

    static let six: [UInt8] = [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]

    @Test("a domain's MX and their addresses are looked up", .timeLimit(.minutes(1)))
    func finds() async throws {
        let records = [
            "d.example 15": [RouteFinderZone.mx(20, "b.example"), RouteFinderZone.mx(10, "A.example")],
            "a.example 1": [[192, 0, 2, 1]], "a.example 28": [RouteFinderTests.six], "b.example 1": [[192, 0, 2, 2]],
        ]
        try await RouteFinderTests.with(records) { world in
            let hops = try await world.route("d.example").get()
            #expect(
                hops.map(\.shown) == [
                    "a.example [2001:db8::1]:25", "a.example [192.0.2.1]:25", "b.example [192.0.2.2]:25",
                ])
            #expect(try await world.route("[192.0.2.4]").get().map(\.ip) == ["192.0.2.4"])
            #expect(try await world.route("d.example", given: [MX("B.example")]).get().map(\.ip) == ["192.0.2.2"])
        }
    }

    @Test("own names, listeners and loopback are known", .timeLimit(.minutes(1)))
    func ownHost() async throws {
        let records = [
            "d.example 15": [RouteFinderZone.mx(10, "me.example")], "e.example 1": [[127, 0, 0, 1]],
            "f.example 1": [[192, 0, 2, 99]],
        ]
        try await RouteFinderTests.with(records) { world in
            for domain in ["d.example", "e.example", "f.example"] {
                guard case .failure(let failure) = try await world.route(domain) else {
                    Issue.record("\(domain) has a route")
                    continue
                }
                #expect(failure.status.description == "5.4.6")
            }
        }
    }

    @Test("a resolver that has too much to do is a temporary failure", .timeLimit(.minutes(1)))
    func tooMany() async throws {
        try await RouteFinderTests.with(["d.example 1": [[192, 0, 2, 1]]], maxUnderWay: 0) { world in
            guard case .failure(let failure) = try await world.route("d.example") else {
                Issue.record("it has a route")
                return
            }
            #expect(failure.status.description == "4.4.3" && !failure.isPermanent)
            #expect(failure.cause == "d.example type 15: too many lookups at the same time")
        }
    }

    @Test("who cancels is not told, and leaves no lookup behind", .timeLimit(.minutes(1)))
    func cancels() async throws {
        try await RouteFinderTests.with([:], silent: ["d.example"]) { world in
            let left = try await world.loop.submit {
                let search = world.finder.route(domain: "d.example") { _ in Issue.record("told") }
                search.advance()
                let before = world.resolver.underWay
                search.cancel()
                return (before, world.resolver.underWay)
            }.get()
            #expect(left == (1, 0))
            // Before it has begun, too.
            try await world.loop.submit {
                world.finder.route(domain: "[192.0.2.1]") { _ in Issue.record("told") }.cancel()
            }.get()
            try await world.loop.submit {}.get()
        }
    }

    @Test("nobody is told before the call has returned", .timeLimit(.minutes(1)))
    func isLater() async throws {
        try await RouteFinderTests.with([:]) { world in
            let wasTold = try await world.loop.submit {
                var wasTold = false
                world.finder.route(domain: "[192.0.2.1]") { _ in wasTold = true }
                return wasTold
            }.get()
            #expect(!wasTold)
        }
    }

    @Test("the machine's interfaces are among the own addresses, and are read once a minute")
    func interfaces() {
        #expect(OwnHost.interfaces().contains { $0.isLocal })
        var reads = 0
        let host = OwnHost(names: [], listeners: []) {
            reads += 1
            return []
        }
        for second in [0, 30, 59, 60, 61] as [Int64] {
            _ = host.names(now: .uptimeNanoseconds(1) + .seconds(second))
        }
        #expect(reads == 2)
    }
}

extension MX {
    fileprivate init(_ exchange: String) {
        self.init()
        self.exchange = exchange.lowercased()
    }
}
