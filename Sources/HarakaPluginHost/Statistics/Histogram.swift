// How long things took, in a fixed number of buckets.

/// Counts durations from 64 ns to 137 s in buckets of a quarter of an octave each, so any quantile is right within an
/// eighth or so. What is shorter or longer counts in the first or the last.
struct Histogram {
    static let bucketCount = 124
    /// The first octave is that of 2^6 ns.
    private static let firstOctave = 6

    private let buckets: UnsafeMutablePointer<UInt32>
    private(set) var count: UInt64 = 0
    /// Nanoseconds.
    private(set) var longest: UInt64 = 0

    init() {
        buckets = .allocate(capacity: Histogram.bucketCount)
        buckets.initialize(repeating: 0, count: Histogram.bucketCount)
    }

    /// Gives back the memory. A struct in memory of its own, so nothing does it by itself.
    func deallocate() { buckets.deallocate() }

    mutating func add(_ nanoseconds: UInt64) {
        let index = Histogram.bucket(nanoseconds)
        if buckets[index] < .max { buckets[index] += 1 }
        count += 1
        if nanoseconds > longest { longest = nanoseconds }
    }

    static func bucket(_ nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 1 << firstOctave else { return 0 }
        let octave = 63 - nanoseconds.leadingZeroBitCount
        let quarter = Int(nanoseconds >> UInt64(octave - 2)) & 3
        return min((octave - firstOctave) * 4 + quarter, bucketCount - 1)
    }

    /// The middle of a bucket, in nanoseconds.
    static func middle(_ bucket: Int) -> UInt64 {
        let octave = UInt64(bucket / 4 + firstOctave)
        let start = (4 + UInt64(bucket % 4)) << (octave - 2)
        return start + (1 << (octave - 3))
    }

    /// A duration that this part of all was not longer than, in nanoseconds; 0 if there were none.
    func quantile(_ part: Double) -> UInt64 {
        guard count > 0, part < 1 else { return longest }
        let wanted = UInt64((Double(count) * part).rounded(.up))
        var seen: UInt64 = 0
        for index in 0..<Histogram.bucketCount {
            seen += UInt64(buckets[index])
            if seen >= wanted { return min(Histogram.middle(index), longest) }
        }
        return longest
    }
}
