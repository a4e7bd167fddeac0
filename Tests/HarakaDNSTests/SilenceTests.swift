// Resolvers that do not answer at all, and come back.

import HarakaCore
import NIOCore
import Synchronization
import Testing

@testable import HarakaDNS

@Suite("Silent resolvers", .timeLimit(.minutes(1)))
struct SilenceTests {
    private static let address: [(type: UInt16, data: [UInt8])] = [(1, [192, 0, 2, 1])]
    /// Seconds: enough for an answer on a machine that has much else to do.
    private static let patience = 4.0
    private static func begins(_ limit: Double = patience) -> String {
        "4 dns: no answer of anything for \(limit) s; until there is one, lookups end at once"
    }
    private static let ends = "5 dns: the resolvers answer again"

    @Test("fifty lookups one behind the other cost one limit together, and one line of the log")
    func oneAfterTheOther() async throws {
        try await Asking.with(limit: 0.4) { asking, server in
            server.setAll(.silent)
            let begin = NIODeadline.now()
            for number in 0..<50 {
                let answer = try await asking.ask("n\(number).example.com")
                #expect(answer.status == .timedOut)
            }
            let spent = NIODeadline.now() - begin
            #expect(spent >= .milliseconds(400))
            #expect(spent < .seconds(15))
            #expect(asking.lines.withLock { $0 } == [Self.begins(0.4)])
            #expect(try await asking.onLoop { $0.underWay } == 0)
        }
    }

    @Test("fifty lookups at the same time cost one limit")
    func atTheSameTime() async throws {
        try await Asking.with(limit: 0.4) { asking, server in
            server.setAll(.silent)
            let begin = NIODeadline.now()
            let waiting = (0..<50).map { asking.start("n\($0).example.com") }
            for waiting in waiting {
                let answer = try await waiting.get()
                #expect(answer.status == .timedOut)
            }
            #expect(NIODeadline.now() - begin < .seconds(15))
        }
    }

    @Test("the first answer of anything ends it, with one line of the log, and lookups work again")
    func recovery() async throws {
        try await Asking.with(limit: Self.patience) { asking, server in
            server.setAll(.silent)
            for number in 0..<3 { _ = try await asking.ask("n\(number).example.com") }
            let ended = asking.loop.makePromise(of: Void.self)
            asking.onLine { if $0 == Self.ends { ended.succeed(()) } }
            server.set("a.example.com", .records(Self.address))
            server.setAll(nil)
            try await ended.futureResult.get()
            let answer = try await asking.ask("a.example.com")
            #expect(answer.status == .found)
            #expect(asking.lines.withLock { $0 } == [Self.begins(), Self.ends])
        }
    }

    @Test("one name whose servers are dead does not make the resolvers silent")
    func oneDeadName() async throws {
        try await Asking.with(limit: Self.patience) { asking, server in
            server.set("dead.example.com", .silent)
            server.set("a.example.com", .records(Self.address))
            let dead = try await asking.ask("dead.example.com")
            #expect(dead.status == .timedOut)
            let alive = try await asking.ask("a.example.com")
            #expect(alive.status == .found)
            #expect(asking.lines.withLock { $0 }.isEmpty)
            #expect(server.count("") > 0)
        }
    }

    @Test("a slow answer is waited for")
    func slow() async throws {
        try await Asking.with(limit: 30) { asking, server in
            server.set("a.example.com", .held(Self.address))
            let begun = ContinuousClock.now
            let waiting = asking.start("a.example.com")
            try await asking.untilAsked("a.example.com", server)
            // As long as a resolver may need that has to ask others; libunbound alone would have asked again.
            try await asking.loop.scheduleTask(in: .milliseconds(700)) { server.release() }.futureResult.get()
            let answer = try await waiting.get()
            #expect(answer.status == .found)
            // Where the machine has taken much longer than that, to ask again was right.
            if begun.duration(to: .now) < .seconds(1) { #expect(server.count("a.example.com") == 1) }
        }
    }

    @Test("while there is silence the resolvers of the system are looked up again")
    func otherNetwork() async throws {
        let server = HostileServer()
        let gone = HostileServer()
        defer {
            server.stop()
            gone.stop()
        }
        gone.setAll(.silent)
        server.set("a.example.com", .records(Self.address))
        let file = TemporaryFile("nameserver \(gone.address)\n")
        var settings = Asking.settings("", limit: Self.patience)
        settings.resolvers = []
        settings.systemResolvers = file.path
        try await Asking.with(settings) { asking in
            let ended = asking.loop.makePromise(of: Void.self)
            asking.onLine { line in
                if line == Self.begins() { file.write("nameserver \(server.address)\n") }
                if line == Self.ends { ended.succeed(()) }
            }
            let silent = try await asking.ask("a.example.com")
            #expect(silent.status == .timedOut)
            try await ended.futureResult.get()
            let answer = try await asking.ask("b.example.com")
            #expect(answer.status == .noName)
        }
    }

    @Test("what is remembered is given while the resolvers are silent")
    func remembered() async throws {
        try await Asking.with(limit: Self.patience) { asking, server in
            server.set("a.example.com", .records(Self.address))
            _ = try await asking.ask("a.example.com")
            server.setAll(.silent)
            for number in 0..<3 { _ = try await asking.ask("n\(number).example.com") }
            let answer = try await asking.ask("a.example.com")
            #expect(answer.status == .found)
        }
    }

    @Test("a watch asks for a sign at half of the limit, begins at the limit, and asks each second from then on")
    func machine() {
        var silence = Silence(limit: .seconds(4))
        let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        #expect(silence.asked(now: begin) == .look(begin + .seconds(2)))
        #expect(silence.asked(now: begin + .seconds(1)) == .nothing)
        #expect(silence.look(now: begin + .seconds(1)) == .look(begin + .seconds(2)))
        #expect(silence.look(now: begin + .seconds(2)) == .probe(begin + .seconds(4)))
        #expect(silence.look(now: begin + .seconds(3)) == .look(begin + .seconds(4)))
        #expect(!silence.isSilent)
        #expect(silence.look(now: begin + .seconds(4)) == .began(begin + .seconds(5)))
        #expect(silence.isSilent)
        #expect(silence.look(now: begin + .seconds(5)) == .probe(begin + .seconds(6)))
        var wasSilent = silence.heard()
        #expect(wasSilent)
        #expect(!silence.isSilent)
        wasSilent = silence.heard()
        #expect(!wasSilent)
        #expect(silence.look(now: begin + .seconds(6)) == .nothing)
    }

    @Test("an answer of anything begins the watch anew")
    func answered() {
        var silence = Silence(limit: .seconds(4))
        let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        _ = silence.asked(now: begin)
        let wasSilent = silence.heard()
        #expect(!wasSilent)
        #expect(silence.asked(now: begin + .seconds(3)) == .look(begin + .seconds(5)))
        #expect(silence.look(now: begin + .seconds(4)) == .look(begin + .seconds(5)))
    }

    @Test("a loop that was too busy to ask for a sign gives the resolvers their time all the same")
    func busy() {
        var silence = Silence(limit: .seconds(4))
        let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        _ = silence.asked(now: begin)
        #expect(silence.look(now: begin + .seconds(9)) == .probe(begin + .seconds(11)))
        #expect(silence.look(now: begin + .seconds(10)) == .look(begin + .seconds(11)))
    }
}
