// Sessions that go on by ticket.

import Synchronization
import Testing

@testable import HarakaTLS

@Suite("Resumption")
struct ResumptionTests {
    /// A clock for tests.
    private final class Clock: Sendable {
        let seconds = Mutex<Int64>(1_000_000)
        var now: Int64 { seconds.withLock { $0 } }
        func advance(_ by: Int64) { seconds.withLock { $0 += by } }
    }

    private func keys(_ clock: Clock, _ byte: UInt8 = 1) -> TicketKeys {
        TicketKeys(secret: [UInt8](repeating: byte, count: 32), epoch: 1_000_000, period: 3600) { clock.now }
    }

    /// A session that the server has given to a client.
    private func session(
        _ server: TLSContext, _ version: TLSVersion, name: String? = "mail.example.com", from old: TLSSession? = nil
    ) throws -> (session: TLSSession, isResumed: Bool) {
        let pair = try Pair(server, try Made.client { $0.rules.maxVersion = version }, name: name, resuming: old)
        pair.carry()
        pair.server.write("220\r\n")
        pair.carry()
        let (here, there) = (pair.server.recorder.facts?.isResumed, pair.client.recorder.facts?.isResumed)
        #expect(here == there)
        return (try #require(pair.client.tls?.session), here == true)
    }

    @Test("a ticket resumes, in another process with the same secret too", arguments: [TLSVersion.v1_2, .v1_3])
    func resumes(version: TLSVersion) throws {
        let clock = Clock()
        let one = try Made.context(tickets: keys(clock))
        let first = try session(one, version)
        #expect(!first.isResumed)
        let again = try session(one, version, from: first.session)
        #expect(again.isResumed)
        let two = try Made.context(tickets: keys(clock))
        #expect(try session(two, version, from: first.session).isResumed)
        #expect(try session(two, version, from: again.session).isResumed)
        let stranger = try Made.context(tickets: keys(clock, 2))
        #expect(!(try session(stranger, version, from: first.session)).isResumed)
    }

    @Test("keys change: the last ones are still read, older ones are not", arguments: [TLSVersion.v1_2, .v1_3])
    func rotation(version: TLSVersion) throws {
        let clock = Clock()
        let server = try Made.context(tickets: keys(clock))
        let first = try session(server, version).session
        clock.advance(2 * 3600)
        let renewed = try session(server, version, from: first)
        #expect(renewed.isResumed)
        clock.advance(3600)
        #expect(!(try session(server, version, from: first)).isResumed)
        // It was given with the resumption, by the newer key.
        #expect(try session(server, version, from: renewed.session).isResumed)
    }

    @Test("without tickets nothing is resumed", arguments: [TLSVersion.v1_2, .v1_3])
    func noTickets(version: TLSVersion) throws {
        let server = try Made.context { $0.usesTickets = false }
        let first = try session(server, version).session
        #expect(!(try session(server, version, from: first)).isResumed)
    }

    @Test("a session of one host is none of another's with rules of its own, nor of a stricter rule")
    func scope() throws {
        let server = try Made.context { $0.hosts["b.example.com"] = .init(rules: $0.rules) }
        let first = try session(server, .v1_2).session
        #expect(try session(server, .v1_2, from: first).isResumed)
        #expect(!(try session(server, .v1_2, name: "b.example.com", from: first)).isResumed)
        let asking = try Made.context { $0.rules.clientCertificate = .requested }
        #expect(!(try session(asking, .v1_2, from: first)).isResumed)
        #expect(!(try session(asking, .v1_3, from: try session(server, .v1_3).session)).isResumed)
    }

    @Test("the ratchet: workers agree, the state carries on, and old keys cannot be made from it")
    func ratchet() {
        let clock = Clock()
        let (a, b) = (keys(clock), keys(clock))
        let first = a.current
        #expect(first == b.current && first.name.count == 16 && first.cipher.count == 32 && first.mac.count == 32)
        #expect(first.cipher != first.mac)
        clock.advance(7199)
        #expect(a.current == first)
        clock.advance(1)
        let second = a.current
        #expect(second != first)
        let old = first.name.withUnsafeBytes { a.keys(named: $0) }
        #expect(old?.keys == first && old?.isOld == true)
        clock.advance(3600)
        #expect(first.name.withUnsafeBytes { a.keys(named: $0) } == nil)
        #expect(second.name.withUnsafeBytes { a.keys(named: $0) }?.isOld == true)
        // b has slept through all of it.
        #expect(b.current == a.current)
        let state = a.state
        #expect(state.secret != [UInt8](repeating: 1, count: 32))
        let late = TicketKeys(secret: state.secret, epoch: state.epoch, period: 3600) { clock.now }
        #expect(late.current == a.current)
        #expect(second.name.withUnsafeBytes { late.keys(named: $0) } != nil)
        #expect(first.name.withUnsafeBytes { late.keys(named: $0) } == nil)
        clock.advance(5 * 3600)
        #expect(late.current == a.current && late.state == a.state)
    }

    @Test("a clock that goes back changes nothing, and a period of nothing is a second")
    func clocks() {
        let clock = Clock()
        let keys = keys(clock)
        clock.advance(10 * 3600)
        let now = keys.current
        clock.advance(-20 * 3600)
        #expect(keys.current == now)
        let odd = TicketKeys(secret: [], epoch: .min, period: 0) { 5 }
        #expect(odd.period == 1 && odd.current.name.count == 16)
    }
}
