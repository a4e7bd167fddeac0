// The heap of things that wait for a time: whatever is put in and taken out, the earliest is at hand.

import Testing

@testable import HarakaQueue

/// What waits, and nothing else.
private struct Thing: Timed {
    var time: Int64 = 0
    var place = nothing
}

/// A heap with its slab, and a list that is searched from end to end to say the same.
private struct Bench {
    var slab = Slab<Thing>()
    var heap = TimeHeap<Thing>()
    var model: [UInt32: Int64] = [:]

    mutating func insert(_ time: Int64) -> UInt32 {
        let number = slab.insert(Thing(time: time))
        heap.insert(number, &slab)
        model[number] = time
        return number
    }

    /// It does not wait any more; its number may be given out again.
    mutating func remove(_ number: UInt32) {
        heap.remove(number, &slab)
        slab.remove(number)
        model[number] = nil
    }

    /// The one at hand has the earliest time of all, and it is one of them.
    var isRight: Bool {
        guard let first = heap.first else { return model.isEmpty && heap.isEmpty }
        return !heap.isEmpty && model[first] == model.values.min() && slab[first].time == model[first]
    }

    func anybody(_ random: inout SeededGenerator) -> UInt32? { model.keys.sorted().randomElement(using: &random) }

    /// Takes all out, from the front. The times as they came.
    mutating func drain() -> [Int64] {
        var times: [Int64] = []
        while let first = heap.first {
            times.append(slab[first].time)
            remove(first)
        }
        return times
    }
}

@Suite("TimeHeap")
struct TimeHeapTests {
    @Test("they come out by time, the extremes too, each once")
    func order() {
        var bench = Bench()
        let times: [Int64] = [5, .max, 3, .min, 0, -1, 3, .max, .min, 4]
        for time in times { _ = bench.insert(time) }
        #expect(bench.drain() == times.sorted())
        #expect(bench.heap.isEmpty && bench.heap.first == nil && bench.model.isEmpty)
    }

    @Test("of many at the same time each comes out, and none twice")
    func equal() {
        var bench = Bench()
        let numbers = (0..<10_000).map { _ in bench.insert(7) }
        var found: Set<UInt32> = []
        while let first = bench.heap.first {
            found.insert(first)
            bench.remove(first)
        }
        #expect(found == Set(numbers))
    }

    @Test("one from the midst is taken out, and what fills its gap finds its place above and below")
    func midst() {
        // As a tree: 1; 10, 8; 11, 12, 13, 9. In the place of 11 the last one, 9, must rise above 10.
        let times: [Int64] = [1, 10, 8, 11, 12, 13, 9]
        for gone in times.indices {
            var bench = Bench()
            let numbers = times.map { bench.insert($0) }
            bench.remove(numbers[gone])
            #expect(bench.isRight)
            var rest = times
            rest.remove(at: gone)
            #expect(bench.drain() == rest.sorted(), "without \(times[gone])")
        }
    }

    @Test("what does not wait is not taken out, though its old place is another's now")
    func absent() {
        var bench = Bench()
        let (first, second, third) = (bench.insert(1), bench.insert(2), bench.insert(3))
        bench.heap.remove(first, &bench.slab)
        bench.heap.remove(first, &bench.slab)
        #expect(bench.heap.first == second)
        bench.heap.remove(second, &bench.slab)
        bench.heap.remove(second, &bench.slab)
        bench.heap.remove(first, &bench.slab)
        #expect(bench.heap.first == third)
        bench.heap.remove(third, &bench.slab)
        bench.heap.remove(third, &bench.slab)
        #expect(bench.heap.isEmpty)
    }

    @Test("a thing that is taken out may wait again, for another time")
    func again() {
        var bench = Bench()
        let (one, two) = (bench.insert(10), bench.insert(20))
        bench.heap.remove(one, &bench.slab)
        bench.slab[one].time = 30
        bench.heap.insert(one, &bench.slab)
        #expect(bench.heap.first == two)
        bench.heap.remove(two, &bench.slab)
        bench.slab[two].time = 25
        bench.heap.insert(two, &bench.slab)
        #expect(bench.heap.first == two)
        bench.heap.remove(two, &bench.slab)
        #expect(bench.heap.first == one)
    }

    @Test("if all times become earlier by the same, nothing moves")
    func shifted() {
        var bench = Bench()
        let times: [Int64] = [9, 4, 7, 4, 8, 1, 6]
        let numbers = times.map { bench.insert($0) }
        for number in numbers { bench.slab[number].time -= 1000 }
        #expect(bench.drain() == times.sorted().map { $0 - 1000 })
    }

    @Test(
        "a long life of comings and goings, few times and many, numbers used again and again",
        arguments: [1, 2, 40, 1_000_000] as [Int64])
    func life(times: Int64) {
        var bench = Bench()
        var random = SeededGenerator(state: UInt64(times))
        // It grows, shrinks to nothing, and grows again.
        for step in 0..<4000 {
            let isGrowing = step % 1000 < 600
            if bench.model.isEmpty || random.once(in: 4) != isGrowing {
                _ = bench.insert(Int64(random.next() % UInt64(times)))
            } else if let gone = [bench.heap.first, bench.model.keys.min(), bench.anybody(&random)][step % 3] {
                bench.remove(gone)
            }
            guard bench.isRight else {
                Issue.record("wrong after \(step) steps")
                return
            }
        }
        let rest = bench.model.values.sorted()
        #expect(bench.drain() == rest)
    }
}
