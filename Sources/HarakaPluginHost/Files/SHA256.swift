// SHA-256 (FIPS 180-4), to name the bytes of a plugin in logs, in status and in crash reports.

/// The SHA-256 hash of some bytes.
///
/// It stands here, and not in a library, because it is all that this room needs of one. Not for secrets: it takes
/// no care about timing.
struct SHA256 {
    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
    private static let constants: [UInt32] = [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ]

    /// The hash so far; at first, from the square roots of the first eight primes (section 5.3.3).
    private var state: SIMD8<UInt32> = [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ]

    /// The hash of `bytes`, as 64 lower-case hexadecimal digits.
    static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        let whole = bytes.count & ~63
        hash.consume(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
        padding(after: bytes[whole...], total: bytes.count).withUnsafeBytes { hash.consume($0) }
        return hash.digits
    }

    /// The last one or two blocks: what is left, a 1 bit, zeros, the length in bits (section 5.1.1).
    private static func padding(after rest: Slice<UnsafeRawBufferPointer>, total: Int) -> [UInt8] {
        var block = Array(rest)
        block.append(0x80)
        while block.count & 63 != 56 { block.append(0) }
        withUnsafeBytes(of: (UInt64(total) &* 8).bigEndian) { block.append(contentsOf: $0) }
        return block
    }

    /// Takes in whole blocks of 64 bytes.
    private mutating func consume(_ blocks: UnsafeRawBufferPointer) {
        Self.constants.withUnsafeBufferPointer { constants in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
                schedule.initialize(repeating: 0)
                for offset in stride(from: 0, to: blocks.count, by: 64) {
                    Self.expand(blocks, at: offset, into: schedule)
                    compress(schedule, constants)
                }
            }
        }
    }

    /// Prepares the message schedule of one block (section 6.2.2, step 1).
    private static func expand(
        _ blocks: UnsafeRawBufferPointer, at offset: Int, into schedule: UnsafeMutableBufferPointer<UInt32>
    ) {
        for t in 0..<16 {
            let word = blocks.loadUnaligned(fromByteOffset: offset &+ t &* 4, as: UInt32.self)
            schedule[t] = UInt32(bigEndian: word)
        }
        for t in 16..<64 {
            let early = schedule[t &- 15]
            let late = schedule[t &- 2]
            let sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >> 3)
            let sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >> 10)
            schedule[t] = sigma1 &+ schedule[t &- 7] &+ sigma0 &+ schedule[t &- 16]
        }
    }

    /// Works one block into the hash (section 6.2.2, steps 2 to 4).
    private mutating func compress(
        _ schedule: UnsafeMutableBufferPointer<UInt32>, _ constants: UnsafeBufferPointer<UInt32>
    ) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for t in 0..<64 {
            let sum1 = Self.rotate(e, 6) ^ Self.rotate(e, 11) ^ Self.rotate(e, 25)
            let first = h &+ sum1 &+ ((e & f) ^ (~e & g)) &+ constants[t] &+ schedule[t]
            let sum0 = Self.rotate(a, 2) ^ Self.rotate(a, 13) ^ Self.rotate(a, 22)
            let second = sum0 &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ second)
        }
        state = state &+ [a, b, c, d, e, f, g, h]
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &>> count | word &<< (32 &- count)
    }

    private var digits: String {
        let alphabet = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for word in state.indices.map({ state[$0] }) {
            for shift in stride(from: 28, through: 0, by: -4) { text.append(alphabet[Int(word >> shift & 15)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
