// Counting in time, and in bounded memory.
import Testing

@testable import Limit

@Suite("Counting")
struct WindowsTests {
    @Test("a window begins with the first and is over some seconds later")
    func window() {
        let windows = Windows()
        #expect(windows.hit("a", seconds: 60, now: 1000) == 1)
        #expect(windows.hit("a", seconds: 60, now: 60_999) == 2)
        #expect(windows.count(of: "a", now: 60_999) == 2)
        #expect(windows.count(of: "a", now: 61_000) == 0)
        #expect(windows.hit("a", seconds: 60, now: 61_000) == 1)
        #expect(windows.hit("a", seconds: 60, now: 61_001) == 2)
    }

    @Test("keys are counted apart, and asking does not count")
    func apart() {
        let windows = Windows()
        _ = windows.hit("a", seconds: 60, now: 0)
        #expect(windows.count(of: "b", now: 0) == 0)
        #expect(windows.hit("b", seconds: 60, now: 0) == 1)
        #expect(windows.count == 2)
    }

    @Test("when there are too many keys the oldest goes first")
    func bounded() {
        let windows = Windows(capacity: 3)
        for (index, key) in ["a", "b", "c", "d"].enumerated() {
            _ = windows.hit(key, seconds: 60, now: Int64(index))
        }
        #expect(windows.count == 3)
        #expect(windows.count(of: "a", now: 4) == 0)
        #expect(["b", "c", "d"].allSatisfy { windows.count(of: $0, now: 4) == 1 })
        // b begins anew after its window: now c is the oldest.
        _ = windows.hit("b", seconds: 60, now: 60_001)
        #expect(windows.count <= 3)
        _ = windows.hit("e", seconds: 60, now: 60_001)
        #expect(windows.count(of: "c", now: 60_001) == 0)
        #expect(windows.count(of: "d", now: 60_001) == 1)
        #expect(windows.count(of: "b", now: 60_001) == 1)
    }

    @Test("windows that are over are dropped by those that begin")
    func swept() {
        let windows = Windows()
        for index in 0..<1000 { _ = windows.hit("old \(index)", seconds: 1, now: 0) }
        #expect(windows.count == 1000)
        for index in 0..<1000 { _ = windows.hit("new \(index)", seconds: 60, now: 1000) }
        #expect(windows.count == 1000)
        #expect(windows.count(of: "new 0", now: 1001) == 1)
    }

    @Test("any order of hits keeps what a plain table would, as long as there is room")
    func model() {
        let windows = Windows(capacity: 1000)
        var plain: [Int: (count: Int64, ends: Int64)] = [:]
        var state: UInt64 = 7
        for now in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = Int(state >> 33) % 300
            let now = Int64(now) * 10
            let old = plain[key].flatMap { $0.ends > now ? $0 : nil } ?? (count: 0, ends: now + 2000)
            plain[key] = (count: old.count + 1, ends: old.ends)
            #expect(windows.hit("\(key)", seconds: 2, now: now) == old.count + 1)
        }
        #expect(windows.count <= 300)
    }

    @Test("an open connection counts until the end of its visit, however that comes about")
    func open() {
        let open = OpenConnections()
        var visits = [Visit("a", in: open), Visit("a", in: open), Visit("b", in: open), Visit("", in: nil)]
        #expect(open.count(of: "a") == 2)
        visits.removeFirst()
        #expect(open.count(of: "a") == 1)
        visits = []
        #expect(open.count(of: "a") == 0)
        #expect(open.clients == 0)
    }
}
