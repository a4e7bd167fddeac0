// The headers of a rar archive of version 5 (RARLAB's technical note "RAR 5.0 archive format").
import HarakaPluginKit

/// The files of a rar archive. libarchive does not say which of them are encrypted, in this version of the format.
struct RarDirectory {
    private static let sign: [UInt8] = [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07, 0x01, 0x00]
    /// No header is larger.
    private static let largest = 2 << 20

    /// Up to where it breaks; libarchive says what it thinks of it.
    private(set) var entries: [DirectoryEntry] = []

    /// nil: it is no such archive. `limit`: one more than this is enough.
    init?(_ blob: Blob, limit: Int) {
        guard blob.bytes(at: 0, 8) == RarDirectory.sign else { return nil }
        var place = 8
        // Each file may bring some blocks of other kinds along.
        for _ in 0...(limit * 4 + 64) {
            guard entries.count <= limit, let block = RarBlock(blob, place, largest: RarDirectory.largest) else {
                return
            }
            if let entry = block.entry { entries.append(entry) }
            place = block.end
        }
    }
}

/// One block: a header, and data that do not matter here.
private struct RarBlock {
    /// Where the next one begins.
    let end: Int
    /// If it is a file's.
    private(set) var entry: DirectoryEntry?

    init?(_ blob: Blob, _ place: Int, largest: Int) {
        // A checksum of four bytes, then the size of what comes after the size.
        var front = RarNumbers(blob.bytes(at: place, 7), at: 4)
        guard let size = front.next(), size > 0, size <= largest else { return nil }
        var header = RarNumbers(blob.bytes(at: place + front.place, size), at: 0)
        guard let kind = header.next(), let flags = header.next() else { return nil }
        guard let extra = flags & 1 != 0 ? header.next() : 0, let data = flags & 2 != 0 ? header.next() : 0 else {
            return nil
        }
        let (end, overflow) = (place + front.place + size).addingReportingOverflow(data)
        guard !overflow else { return nil }
        self.end = end
        if kind == 2 { entry = RarBlock.file(&header, extra) }
    }

    private static func file(_ header: inout RarNumbers, _ extra: Int) -> DirectoryEntry? {
        guard let flags = header.next(), header.next() != nil, header.next() != nil else { return nil }
        // A time and a checksum, of four bytes each.
        header.skip((flags & 2 != 0 ? 4 : 0) + (flags & 4 != 0 ? 4 : 0))
        guard header.next() != nil, header.next() != nil, let length = header.next() else { return nil }
        let name = keptName(header.bytes.dropFirst(header.place).prefix(length))
        return DirectoryEntry(name: name, otherName: nil, isEncrypted: isEncrypted(header.bytes.suffix(extra)))
    }

    /// Among the records at the header's end, the kind 1 is about encryption.
    private static func isEncrypted(_ records: ArraySlice<UInt8>) -> Bool {
        var numbers = RarNumbers(Array(records), at: 0)
        while let size = numbers.next() {
            let start = numbers.place
            guard let kind = numbers.next() else { return false }
            if kind == 1 { return true }
            numbers.place = start
            numbers.skip(size)
        }
        return false
    }
}

/// Numbers of seven bits a byte, the lowest first; all bytes but the last have the highest bit.
private struct RarNumbers {
    let bytes: [UInt8]
    var place: Int

    init(_ bytes: [UInt8], at place: Int) {
        self.bytes = bytes
        self.place = place
    }

    /// nil: it does not end, or is too large.
    mutating func next() -> Int? {
        var number: UInt64 = 0
        for index in 0..<9 {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            number |= UInt64(byte & 0x7F) << (7 * UInt64(index))
            if byte & 0x80 == 0 { return Int(exactly: number) }
        }
        return nil
    }

    mutating func skip(_ count: Int) { place = count > bytes.count - place ? bytes.count : place + count }
}
