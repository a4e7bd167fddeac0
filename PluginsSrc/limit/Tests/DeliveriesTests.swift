// Deliveries to a domain at a time.
import HarakaPluginKit
import Testing

@testable import Limit

@Suite("Deliveries")
struct DeliveriesTests {
    @Test("one too many has to wait until another has ended, however often it asks")
    func limit() {
        var deliveries = Deliveries()
        #expect(deliveries.begin("A.1", to: "x", max: 2, now: 0) == (1, true))
        #expect(deliveries.begin("B.1", to: "x", max: 2, now: 0) == (2, true))
        #expect(deliveries.begin("C.1", to: "x", max: 2, now: 0) == (3, false))
        #expect(deliveries.begin("C.1", to: "x", max: 2, now: 0) == (3, false))
        #expect(deliveries.begin("C.2", to: "y", max: 2, now: 0) == (1, true))
        deliveries.end("A.1", to: "x")
        #expect(deliveries.begin("C.1", to: "x", max: 2, now: 0) == (2, true))
    }

    @Test("one that begins anew has its place already; one that ends twice, or was never counted, frees nothing")
    func again() {
        var deliveries = Deliveries()
        #expect(deliveries.begin("A.1", to: "x", max: 1, now: 0) == (1, true))
        #expect(deliveries.begin("A.1", to: "x", max: 1, now: 5) == (1, true))
        deliveries.end("Z.1", to: "x")
        #expect(deliveries.begin("B.1", to: "x", max: 1, now: 5) == (2, false))
        deliveries.end("A.1", to: "x")
        deliveries.end("A.1", to: "x")
        #expect(deliveries.domains == 0)
        #expect(deliveries.begin("B.1", to: "x", max: 1, now: 5) == (1, true))
        #expect(deliveries.begin("C.1", to: "x", max: 1, now: 5) == (2, false))
    }

    @Test("one that never says how it ended is forgotten after a while")
    func forgotten() {
        var deliveries = Deliveries()
        _ = deliveries.begin("A.1", to: "x", max: 1, now: 0)
        #expect(deliveries.begin("B.1", to: "x", max: 1, now: Deliveries.lifetime - 1).isAllowed == false)
        #expect(deliveries.begin("B.1", to: "x", max: 1, now: Deliveries.lifetime) == (1, true))
    }

    @Test("each key but two is a domain; off unless it is said to be on")
    func settings() throws {
        func read(_ entries: [(String, Value)]) throws -> OutboundLimits? {
            try Settings(.map([("outbound", .map(entries))])).outbound
        }
        #expect(try read([("Example.COM", .integer(2))]) == nil)
        let limits = try read([("enabled", .boolean(true)), ("Example.COM", .integer(2)), ("delay", .integer(5))])
        #expect(limits == OutboundLimits(max: ["example.com": 2], delay: 5))
        for wrong in [("delay", Value.integer(0)), ("x", .text("many")), ("x", .integer(0)), ("x", .integer(-1))] {
            #expect(throws: PluginError.self) { try read([wrong]) }
        }
    }
}
