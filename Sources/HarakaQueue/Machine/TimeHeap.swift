// What comes next, of many things that wait for a time.

/// What can wait in a ``TimeHeap``.
protocol Timed: Slot {
    /// Milliseconds since 1970. Not to be changed while it waits.
    var time: Int64 { get }
    /// Its place in the heap.
    var place: UInt32 { get set }
}

/// Numbers of things in a slab, of which the one with the earliest time is at hand: a binary heap. As each thing
/// knows its place, it can be taken out as quickly as it was put in, in O(log n).
///
/// What holds between calls: for each place p, `slab[numbers[p]].place` is p, and the thing at (p - 1) / 2 is not
/// later. Who changes all times by the same keeps that; who changes one must take it out before.
struct TimeHeap<Value: Timed> {
    private var numbers: [UInt32] = []

    var isEmpty: Bool { numbers.isEmpty }
    /// The one with the earliest time.
    var first: UInt32? { numbers.first }

    /// It must not be in the heap already.
    mutating func insert(_ number: UInt32, _ slab: inout Slab<Value>) {
        numbers.append(number)
        rise(numbers.count - 1, number, &slab)
    }

    /// Nothing happens if it is not in the heap: a thing's place is what it was when it left, or another's by now.
    mutating func remove(_ number: UInt32, _ slab: inout Slab<Value>) {
        let place = Int(slab[number].place)
        guard place < numbers.count, numbers[place] == number, let last = numbers.popLast() else { return }
        // A queue that was long once keeps no memory for it.
        if numbers.isEmpty { numbers = [] }
        guard last != number else { return }
        // The last one fills the gap, and finds its place from there, up or down.
        if place > 0, slab[last].time < slab[numbers[(place - 1) / 2]].time {
            rise(place, last, &slab)
        } else {
            sink(place, last, &slab)
        }
    }

    /// Puts it at a place, or above it.
    private mutating func rise(_ start: Int, _ number: UInt32, _ slab: inout Slab<Value>) {
        var place = start
        let time = slab[number].time
        while place > 0 {
            let above = (place - 1) / 2
            let other = numbers[above]
            guard time < slab[other].time else { break }
            put(other, place, &slab)
            place = above
        }
        put(number, place, &slab)
    }

    /// Puts it at a place, or below it.
    private mutating func sink(_ start: Int, _ number: UInt32, _ slab: inout Slab<Value>) {
        var place = start
        let time = slab[number].time
        while true {
            // The earlier of the two below it.
            var below = 2 * place + 1
            guard below < numbers.count else { break }
            if below + 1 < numbers.count, slab[numbers[below + 1]].time < slab[numbers[below]].time { below += 1 }
            let other = numbers[below]
            guard slab[other].time < time else { break }
            put(other, place, &slab)
            place = below
        }
        put(number, place, &slab)
    }

    private mutating func put(_ number: UInt32, _ place: Int, _ slab: inout Slab<Value>) {
        numbers[place] = number
        slab[number].place = UInt32(truncatingIfNeeded: place)
    }
}
