// The central directory of a zip archive (PKWARE's APPNOTE 4.3).
import HarakaPluginKit

/// A file, as an archive's directory tells it.
struct DirectoryEntry: Equatable {
    let name: String
    /// Some unpackers take this one.
    let otherName: String?
    let isEncrypted: Bool
}

/// The names in a zip archive as unpackers see them. libarchive takes those beside the contents, which may be others.
struct ZipDirectory {
    /// Of a directory that is larger this much is read.
    private static let largest = 16 << 20

    /// Names of a broken directory up to where it breaks; libarchive says what it thinks of it.
    private(set) var entries: [DirectoryEntry] = []

    /// nil: none is there. `limit`: one more than this is enough.
    init?(_ blob: Blob, limit: Int) {
        guard let bytes = directory(of: blob, largest: ZipDirectory.largest) else { return nil }
        var place = 0
        while entries.count <= limit, number(bytes, place, 4) == 0x0201_4B50 {
            guard let flags = number(bytes, place + 8, 2), let name = number(bytes, place + 28, 2),
                let extra = number(bytes, place + 30, 2), let comment = number(bytes, place + 32, 2)
            else { return }
            let start = min(place + 46, bytes.count)
            let end = min(start + name, bytes.count)
            entries.append(
                DirectoryEntry(
                    name: keptName(bytes[start..<end]),
                    otherName: unicodePath(bytes[end..<min(end + extra, bytes.count)]),
                    // Bit 0: contents, bit 13: the directory itself.
                    isEncrypted: flags & 0x2001 != 0))
            place = start + name + extra + comment
        }
    }
}

/// The directory's bytes. It is found from the archive's end, and may be followed by a comment of 64 KiB.
private func directory(of blob: Blob, largest: Int) -> [UInt8]? {
    let length = min(blob.count, 65_557)
    let tail = blob.bytes(at: blob.count - length, length)
    guard let found = lastRecord(tail), let size = number(tail, found + 12, 4), let offset = number(tail, found + 16, 4)
    else { return nil }
    let end = blob.count - length + found
    // Something may stand before the archive: then the offset is short, but the directory still lies before its end
    // record.
    for (start, size) in [(end - size, size), (offset, size), large(blob, end)] {
        let bytes = blob.bytes(at: start, min(size, largest))
        if number(bytes, 0, 4) == 0x0201_4B50 { return bytes }
    }
    return nil
}

/// Of archives with 64-bit sizes: a locator before the end record leads to a larger one.
private func large(_ blob: Blob, _ end: Int) -> (Int, Int) {
    let locator = blob.bytes(at: end - 20, 20)
    guard number(locator, 0, 4) == 0x0706_4B50, let place = number(locator, 8, 8) else { return (-1, 0) }
    for start in [place, end - 76] {
        let record = blob.bytes(at: start, 56)
        guard number(record, 0, 4) == 0x0606_4B50, let size = number(record, 40, 8) else { continue }
        return (number(record, 48, 8) ?? -1, size)
    }
    return (-1, 0)
}

/// Where the last end record begins.
private func lastRecord(_ tail: [UInt8]) -> Int? {
    guard tail.count >= 22 else { return nil }
    return (0...(tail.count - 22)).last { tail[$0] == 0x50 && number(tail, $0, 4) == 0x0605_4B50 }
}

/// Another name in the extra fields: Info-ZIP's Unicode Path (APPNOTE 4.6.9).
private func unicodePath(_ extras: ArraySlice<UInt8>) -> String? {
    let extras = Array(extras)
    var place = 0
    while let kind = number(extras, place, 2), let length = number(extras, place + 2, 2) {
        let end = place + 4 + length
        if kind == 0x7075, length > 5, end <= extras.count { return keptName(extras[(place + 9)..<end]) }
        place = end
    }
    return nil
}

/// A little-endian number; nil if it is not all there, or too large.
private func number(_ bytes: [UInt8], _ place: Int, _ length: Int) -> Int? {
    guard place >= 0, place <= bytes.count - length else { return nil }
    var number: UInt64 = 0
    for index in (place..<(place + length)).reversed() { number = number << 8 | UInt64(bytes[index]) }
    return Int(exactly: number)
}
