// Lookups against a server with bad manners.

import HarakaCore
import HarakaDNS
import NIOCore
import Synchronization
import Testing

@Suite("Lookups", .timeLimit(.minutes(1)))
struct LookupTests {
    private static let address: [(type: UInt16, data: [UInt8])] = [(1, [192, 0, 2, 1])]

    @Test("an address is found, and remembered with what is left of its time")
    func found() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .records(Self.address))
            let answer = try await asking.ask("a.example.com")
            #expect(answer.status == .found)
            #expect(answer.records.map(\.text) == ["192.0.2.1"])
            #expect(answer.records.first?.data == [192, 0, 2, 1])
            #expect(answer.canonical == "a.example.com")
            #expect(answer.security == .insecure)
            #expect((50...60).contains(answer.ttl))
            let known = try await asking.onLoop { $0.remembered(NameQuestion("a.example.com", 1), strict: false) }
            #expect(known?.records == answer.records)
            #expect(server.count("a.example.com") == 1)
        }
    }

    @Test("a name in upper case, or with a dot at its end, is the same name")
    func otherSpelling() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .records(Self.address))
            #expect(try await asking.ask("A.Example.COM.").question.name == "a.example.com")
            let known = try await asking.onLoop { $0.remembered(NameQuestion("A.example.com", 1), strict: false) }
            #expect(known?.status == .found)
        }
    }

    @Test("NXDOMAIN and no data are remembered for as long as the SOA says")
    func negative() async throws {
        try await Asking.with { asking, server in
            server.set("b.example.com", .code(0))
            let noName = try await asking.ask("a.example.com")
            #expect(noName.status == .noName)
            #expect(noName.reason == "NXDOMAIN")
            #expect((25...30).contains(noName.ttl))
            let noData = try await asking.ask("b.example.com")
            #expect(noData.status == .noData)
            #expect((25...30).contains(noData.ttl))
            let known = try await asking.onLoop { $0.remembered(NameQuestion("a.example.com", 1), strict: false) }
            #expect(known?.status == .noName)
        }
    }

    @Test("SERVFAIL and REFUSED are failures, for five seconds", arguments: [2, 5] as [UInt8])
    func failures(_ code: UInt8) async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .code(code))
            let answer = try await asking.ask("a.example.com")
            #expect(answer.status == .failed)
            #expect(answer.ttl == 5)
            #expect(answer.records.isEmpty)
        }
    }

    @Test("what is cut off is asked for again over TCP")
    func truncated() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .truncated(Self.address))
            let answer = try await asking.ask("a.example.com")
            #expect(answer.records.map(\.text) == ["192.0.2.1"])
        }
    }

    @Test("an answer with another id, about another name, or no answer at all is none", arguments: 0..<4)
    func wrong(_ which: Int) async throws {
        let manners: [HostileServer.Manner] = [.otherIdentity, .otherName, .garbage, .silent]
        try await Asking.with(limit: 0.4) { asking, server in
            server.set("a.example.com", manners[which])
            server.set("", .records([]))
            let answer = try await asking.ask("a.example.com")
            #expect(answer.status != .found)
            #expect(answer.records.isEmpty)
        }
    }

    @Test("records whose data make no sense are no answer")
    func nonsense() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .records([(1, [1, 2, 3])]))
            let answer = try await asking.ask("a.example.com")
            #expect(answer.status == .failed || answer.status == .timedOut)
            #expect(answer.records.isEmpty)
        }
    }

    @Test("what is no name is answered without asking, later when it is looked up", arguments: ["", "a..b", "a b"])
    func badName(_ name: String) async throws {
        try await Asking.with { asking, server in
            let answer = try await asking.ask(name)
            #expect(answer.status == .badName)
            #expect(answer.reason == "no domain name")
            let known = try await asking.onLoop { $0.remembered(NameQuestion(name, 1), strict: true) }
            #expect(known?.status == .badName)
            #expect(try await asking.onLoop { $0.underWay } == 0)
        }
    }

    @Test("a lookup never ends before it has returned")
    func later() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .records(Self.address))
            _ = try await asking.ask("a.example.com")
            for name in ["a.example.com", "not a name"] {
                let promise = asking.loop.makePromise(of: Void.self)
                let early = try await asking.onLoop { resolver in
                    let ended = Mutex(false)
                    _ = resolver.lookup(NameQuestion(name, 1), strict: false, limit: nil) { _ in
                        ended.withLock { $0 = true }
                        promise.succeed(())
                    }
                    return ended.withLock { $0 }
                }
                #expect(!early)
                try await promise.futureResult.get()
            }
        }
    }

    @Test("those who ask the same at the same time share one question")
    func shared() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .held(Self.address))
            let waiting = (0..<20).map { _ in asking.start("a.example.com") }
            try await asking.untilAsked("a.example.com", server)
            server.release()
            for waiting in waiting {
                let answer = try await waiting.get()
                #expect(answer.records.map(\.text) == ["192.0.2.1"])
            }
            // On a busy machine libunbound may ask once more before it is answered.
            #expect(server.count("a.example.com") <= 3)
            #expect(try await asking.onLoop { $0.underWay } == 0)
        }
    }

    @Test("who cancels is not told, and the others are")
    func cancelled() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .held(Self.address))
            let told = Mutex(0)
            let other = asking.start("a.example.com")
            try await asking.onLoop { resolver in
                let lookup = resolver.lookup(NameQuestion("a.example.com", 1), strict: false, limit: nil) { _ in
                    told.withLock { $0 += 1 }
                }
                #expect(resolver.underWay == 2)
                lookup?.cancel()
                lookup?.cancel()
                #expect(resolver.underWay == 1)
            }
            try await asking.untilAsked("a.example.com", server)
            server.release()
            #expect(try await other.get().status == .found)
            #expect(told.withLock { $0 } == 0)
        }
    }

    @Test("the last one who cancels ends the question, and the next one asks anew")
    func allCancelled() async throws {
        try await Asking.with { asking, server in
            server.set("a.example.com", .silent)
            try await asking.onLoop { resolver in
                resolver.lookup(NameQuestion("a.example.com", 1), strict: false, limit: nil) { _ in }?.cancel()
                #expect(resolver.underWay == 0)
            }
            server.set("a.example.com", .records(Self.address))
            #expect(try await asking.ask("a.example.com").status == .found)
        }
    }

    @Test("with too many lookups under way the next one is refused, until one has ended")
    func tooMany() async throws {
        try await Asking.with({ $0.maxUnderWay = 3 }) { asking, server in
            server.set("a.example.com", .held(Self.address))
            let waiting = (0..<3).map { _ in asking.start("a.example.com") }
            await #expect(throws: Asking.Refused.self) { _ = try await asking.ask("b.example.com") }
            try await asking.untilAsked("a.example.com", server)
            server.release()
            for answer in waiting { #expect(try await answer.get().status == .found) }
            #expect(try await asking.ask("b.example.com").status == .noName)
        }
    }

    @Test("a lookup ends within its own limit, others go on")
    func ownLimit() async throws {
        try await Asking.with(limit: 30) { asking, server in
            server.set("a.example.com", .held(Self.address))
            let patient = asking.start("a.example.com")
            let begin = NIODeadline.now()
            let answer = try await asking.ask("a.example.com", limit: .milliseconds(50))
            #expect(answer.status == .timedOut)
            #expect(NIODeadline.now() - begin < .seconds(25))
            let known = try await asking.onLoop { $0.remembered(NameQuestion("a.example.com", 1), strict: false) }
            #expect(known == nil)
            try await asking.untilAsked("a.example.com", server)
            server.release()
            #expect(try await patient.get().status == .found)
        }
    }

    @Test("a name that took the whole limit does so once in five seconds")
    func dead() async throws {
        try await Asking.with(limit: 0.3) { asking, server in
            server.set("a.example.com", .silent)
            server.set("", .records([]))
            let begun = ContinuousClock.now
            _ = try await asking.ask("a.example.com")
            let known = try await asking.onLoop { $0.remembered(NameQuestion("a.example.com", 1), strict: false) }
            // On a machine that takes longer to come here, it is right that less is left.
            guard begun.duration(to: .now) < .seconds(2) else { return }
            #expect(known?.status == .timedOut)
            #expect((4...5).contains(known?.ttl ?? 0))
        }
    }

    @Test("a closed resolver takes no lookup and tells nobody, and closing it waits for nobody")
    func closed() async throws {
        try await Asking.with(limit: 30) { asking, server in
            server.setAll(.silent)
            let told = Mutex(0)
            let seconds = try await asking.onLoop { resolver in
                for number in 0..<50 {
                    _ = resolver.lookup(NameQuestion("n\(number).example.com", 1), strict: false, limit: nil) { _ in
                        told.withLock { $0 += 1 }
                    }
                }
                let begin = NIODeadline.now()
                resolver.close()
                return NIODeadline.now() - begin
            }
            #expect(seconds < .seconds(2))
            await #expect(throws: Asking.Refused.self) { _ = try await asking.ask("b.example.com") }
            #expect(told.withLock { $0 } == 0)
        }
    }

    @Test("with other settings others are asked, also for what is under way, and what was remembered is forgotten")
    func changed() async throws {
        try await Asking.with { asking, server in
            let other = HostileServer()
            defer { other.stop() }
            server.set("known.example.com", .records(Self.address))
            server.set("a.example.com", .silent)
            other.set("a.example.com", .records(Self.address))
            _ = try await asking.ask("known.example.com")
            let waiting = [asking.start("a.example.com"), asking.start("a.example.com")]
            try await asking.untilAsked("a.example.com", server)
            let settings = Asking.settings(other.address)
            try await asking.onLoop { $0.change(settings) }
            for waiting in waiting {
                let answer = try await waiting.get()
                #expect(answer.status == .found)
            }
            #expect(other.count("a.example.com") == 1)
            let known = try await asking.ask("known.example.com")
            #expect(known.status == .noName)
            #expect(try await asking.onLoop { $0.underWay } == 0)
        }
    }
}
