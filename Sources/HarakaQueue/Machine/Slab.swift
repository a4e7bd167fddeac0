// Where the queue's many small things live: by number, in chunks, and in lists without memory of their own.

/// No thing: the end of a list.
let nothing = UInt32.max

/// What lies in a ``Slab``. A new value holds nothing that costs memory elsewhere: it stands in slots that are free.
protocol Slot {
    init()
}

/// Values of one kind by number. Numbers of removed ones are given out again.
///
/// An array would be copied as a whole each time it grows, and own up to twice what it needs.
///
/// Numbers are for who keeps them: a removed one must not be used any more. Who lets others keep numbers gives each
/// thing a serial beside it (``PartID``).
struct Slab<Value: Slot> {
    /// 256 values are a chunk: 16 KiB of parts.
    private static var shift: UInt32 { 8 }
    private static var chunkSize: Int { 1 << Int(shift) }

    private var chunks: [ContiguousArray<Value>] = []
    /// Numbers of removed ones, the last one at the end: its memory is the warmest.
    private var free: [UInt32] = []
    /// Values in it.
    private(set) var count = 0
    /// All numbers are below it.
    private(set) var end: UInt32 = 0

    /// The value of a number that ``insert(_:)`` gave.
    subscript(number: UInt32) -> Value {
        get { chunks[Int(number >> Self.shift)][Int(number) & (Self.chunkSize - 1)] }
        _modify { yield &chunks[Int(number >> Self.shift)][Int(number) & (Self.chunkSize - 1)] }
    }

    /// Its number, which is below ``nothing`` for as many as memory holds.
    mutating func insert(_ value: Value) -> UInt32 {
        count += 1
        if let number = free.popLast() {
            self[number] = value
            return number
        }
        if Int(end >> Self.shift) == chunks.count {
            var chunk = ContiguousArray<Value>()
            chunk.reserveCapacity(Self.chunkSize)
            chunks.append(chunk)
        }
        chunks[chunks.count - 1].append(value)
        end += 1
        return end - 1
    }

    /// The last one to go takes all memory along.
    mutating func remove(_ number: UInt32) {
        count -= 1
        if count == 0 {
            self = Slab()
        } else {
            self[number] = Value()
            free.append(number)
        }
    }
}

/// What can stand in a ``Chain``: in one at a time.
protocol Linked: Slot {
    var next: UInt32 { get set }
    var previous: UInt32 { get set }
}

/// A list of things in a slab, which hold its links: whatever is done to it takes the same time.
///
/// A thing is in one chain of its kind at most, and only who knows in which may take it out: nothing here could tell.
struct Chain<Value: Linked> {
    private(set) var first = nothing
    private(set) var last = nothing

    var isEmpty: Bool { first == nothing }

    mutating func append(_ number: UInt32, _ slab: inout Slab<Value>) {
        slab[number].next = nothing
        slab[number].previous = last
        if last == nothing { first = number } else { slab[last].next = number }
        last = number
    }

    /// For who had his turn and could not use it.
    mutating func prepend(_ number: UInt32, _ slab: inout Slab<Value>) {
        slab[number].previous = nothing
        slab[number].next = first
        if first == nothing { last = number } else { slab[first].previous = number }
        first = number
    }

    /// Its own links stay as they are, so that who goes through the list may take out where he stands, if he has looked
    /// ahead.
    mutating func remove(_ number: UInt32, _ slab: inout Slab<Value>) {
        let (before, after) = (slab[number].previous, slab[number].next)
        if before == nothing { first = after } else { slab[before].next = after }
        if after == nothing { last = before } else { slab[after].previous = before }
    }
}
