// Bytes that arrive in pieces, at places that are the same in each run.

import Testing

/// Places to cut at. The seed is all its state, so a failing test can be repeated.
struct Cuts: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Any bytes, or bytes of an alphabet.
    mutating func bytes(_ count: Int, of alphabet: String? = nil) -> [UInt8] {
        let octets = alphabet.map { Array($0.utf8) } ?? Array(0...255)
        return (0..<count).map { _ in octets[Int.random(in: 0..<octets.count, using: &self)] }
    }

    /// Hands out `bytes` in pieces of 0 to `longest` bytes.
    mutating func cut(_ bytes: [UInt8], longest: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = Swift.min(start + Int.random(in: 0...longest, using: &self), bytes.count)
                body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
    }
}

/// One thing that takes bytes in pieces and appends what it makes of them.
struct Incremental {
    var take: (UnsafeRawBufferPointer, inout [UInt8]) -> Void
    var finish: (inout [UInt8]) -> Void
}

/// What comes out for `bytes` in one piece. Byte by byte, and cut at random places, the same must come out.
func result(_ bytes: [UInt8], _ make: () -> Incremental) -> [UInt8] {
    func run(_ cut: ((UnsafeRawBufferPointer) -> Void) -> Void) -> [UInt8] {
        let machine = make()
        var output: [UInt8] = []
        cut { machine.take($0, &output) }
        machine.finish(&output)
        return output
    }
    let whole = run { take in bytes.withUnsafeBytes { take($0) } }
    for longest in [1, 3, 7, 100] {
        var cuts = Cuts(seed: UInt64(longest))
        let pieces = run { take in cuts.cut(bytes, longest: longest, take) }
        #expect(pieces == whole, "cut into pieces of up to \(longest) bytes")
    }
    return whole
}

/// The same as text.
func result(_ text: String, _ make: () -> Incremental) -> String {
    String(decoding: result(Array(text.utf8), make), as: UTF8.self)
}
