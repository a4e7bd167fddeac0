// The end header of a 7z archive (7zFormat.txt of the LZMA SDK), as far as its size goes.
import HarakaPluginKit

/// The bytes of a 7z archive's list of files when it is unpacked: for each bit of it libarchive may take a hundred
/// bytes of memory, and the list may be packed thousands of times smaller. nil: it cannot be told.
func sevenZipHeaderSize(_ blob: Blob, largest: Int) -> Int? {
    var start = SevenZipNumbers(blob.bytes(at: 12, 16))
    guard let place = start.fixed(), let size = start.fixed(), place < blob.count else { return nil }
    guard size > 0, size <= largest else { return size == 0 ? 0 : Int.max }
    var header = SevenZipNumbers(blob.bytes(at: 32 + place, size))
    switch header.byte() {
    case 0x01: return size
    case 0x17: return header.unpackedSize()
    default: return nil
    }
}

/// Numbers, the first byte of which tells by its highest bits how many follow.
private struct SevenZipNumbers {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func byte() -> UInt8? { rest.popFirst() }

    /// Of eight bytes.
    mutating func fixed() -> Int? {
        guard rest.count >= 8 else { return nil }
        let number = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest.removeFirst(8)
        return Int(exactly: number)
    }

    mutating func next() -> Int? {
        guard let first = byte() else { return nil }
        let more = (~first).leadingZeroBitCount
        guard rest.count >= more else { return nil }
        var number: UInt64 = more >= 7 ? 0 : UInt64(first & (0x7F >> UInt8(more))) << (8 * UInt64(more))
        for index in 0..<more { number |= UInt64(rest[rest.startIndex + index]) << (8 * UInt64(index)) }
        rest.removeFirst(more)
        return Int(exactly: number)
    }

    private mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, count <= rest.count else { return false }
        rest.removeFirst(count)
        return true
    }

    /// Of a packed header: where it lies, then how it is packed, with the sizes of what each step of unpacking makes.
    mutating func unpackedSize() -> Int? {
        guard byte() == 0x06, next() != nil, let streams = next(), streams < 32, byte() == 0x09 else { return nil }
        for _ in 0..<streams where next() == nil { return nil }
        var kind = byte()
        // Checksums, which may be there: a byte that says "all", and four for each.
        if kind == 0x0A {
            guard byte() == 1, skip(4 * streams) else { return nil }
            kind = byte()
        }
        guard kind == 0x00, byte() == 0x07, byte() == 0x0B, next() == 1, byte() == 0, let outputs = folder() else {
            return nil
        }
        guard byte() == 0x0C else { return nil }
        var largest = 0
        for _ in 0..<outputs {
            guard let size = next() else { return nil }
            largest = max(largest, size)
        }
        return largest
    }

    /// Over the description of the steps; how many outputs they have.
    private mutating func folder() -> Int? {
        guard let steps = next(), steps > 0, steps < 32 else { return nil }
        var (inputs, outputs) = (0, 0)
        for _ in 0..<steps {
            guard let flags = byte(), skip(Int(flags & 0x0F)) else { return nil }
            guard let more = flags & 0x10 != 0 ? next() : 1, let made = flags & 0x10 != 0 ? next() : 1, more < 32,
                made < 32,
                let properties = flags & 0x20 != 0 ? next() : 0, skip(properties)
            else { return nil }
            inputs += more
            outputs += made
        }
        let bound = outputs - 1
        guard bound >= 0, inputs >= bound else { return nil }
        for _ in 0..<(bound * 2) where next() == nil { return nil }
        let packed = inputs - bound
        if packed > 1 { for _ in 0..<packed where next() == nil { return nil } }
        return outputs
    }
}
