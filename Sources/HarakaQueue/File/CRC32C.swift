// The checksum of the queue's files: CRC-32C (RFC 3720 section 12.1), as file systems use it.

/// A checksum that takes its bytes piece by piece. Finds every change of up to 32 bits in a row.
public struct CRC32C: Sendable, Equatable {
    private var register: UInt32 = .max

    /// The checksum of no bytes at all.
    public init() {}

    /// Of what was added so far.
    public var value: UInt32 { ~register }

    /// The bytes behind those that were added before.
    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        register = CRC32C.tables.withUnsafeBufferPointer { CRC32C.step(register, bytes, $0) }
    }

    /// The bytes behind those that were added before.
    public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    /// Of these bytes alone.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var sum = CRC32C()
        sum.add(bytes)
        return sum.value
    }

    /// Of these bytes alone.
    public static func of(_ bytes: some Collection<UInt8>) -> UInt32 {
        bytes.withContiguousStorageIfAvailable { of(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { of($0) }
    }

    /// Eight bytes at a time: a message is summed when it is stored and again before it is delivered.
    private static func step(
        _ start: UInt32, _ bytes: UnsafeRawBufferPointer, _ table: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        var sum = start
        var offset = 0
        while offset &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(sum)
            sum = 0
            for place in 0..<8 {
                let octet = Int(truncatingIfNeeded: word &>> UInt64(place &* 8)) & 0xFF
                sum ^= table[(7 &- place) &* 256 &+ octet]
            }
            offset &+= 8
        }
        while offset < bytes.count {
            sum = sum &>> 8 ^ table[Int(truncatingIfNeeded: sum ^ UInt32(bytes[offset])) & 0xFF]
            offset &+= 1
        }
        return sum
    }

    /// Eight tables of 256: what a byte does with n bytes behind it.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        tables.reserveCapacity(8 * 256)
        for octet in 0..<UInt32(256) {
            tables.append((0..<8).reduce(octet) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 })
        }
        for place in 256..<(8 * 256) {
            let before = tables[place - 256]
            tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
        }
        return tables
    }()
}

/// Eight digits of lower-case hexadecimal, as checksums stand in lines.
enum HexWord {
    static let digits = Array("0123456789abcdef".utf8)

    static func append(_ word: UInt32, to bytes: inout [UInt8]) {
        for shift in stride(from: 28, through: 0, by: -4) { bytes.append(digits[Int(word >> UInt32(shift) & 0xF)]) }
    }

    /// Nil unless it is exactly eight such digits.
    static func read(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count == 8 else { return nil }
        var word: UInt32 = 0
        for octet in bytes {
            guard let digit = HexWord.value(octet) else { return nil }
            word = word << 4 | UInt32(digit)
        }
        return word
    }

    /// Of one digit. Upper case is none of ours.
    static func value(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}
