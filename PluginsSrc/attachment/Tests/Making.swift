// Archives for tests, byte by byte.
import HarakaPluginKit

@testable import AttachmentChecks

/// Files of a zip archive that is not compressed.
struct ZipFile {
    var name: String
    var content: [UInt8] = []
    /// In the directory; nil: the same.
    var otherName: String?
    var flags = 0
    /// Extra fields in the directory.
    var extra: [UInt8] = []
}

func zip(_ files: ZipFile...) -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for file in files {
        let name = Array(file.name.utf8), other = Array((file.otherName ?? file.name).utf8)
        let place = bytes.count
        let sizes = little(file.content.count, 4) + little(file.content.count, 4)
        let common = little(file.flags, 2) + little(0, 6) + little(checksum(file.content), 4) + sizes
        bytes +=
            little(0x0403_4B50, 4) + little(20, 2) + common + little(name.count, 2) + little(0, 2) + name + file.content
        directory += little(0x0201_4B50, 4) + little(20, 2) + little(20, 2) + common + little(other.count, 2)
        directory += little(file.extra.count, 2) + little(0, 10) + little(place, 4) + other + file.extra
    }
    let end = little(0x0605_4B50, 4) + little(0, 4) + little(files.count, 2) + little(files.count, 2)
    return bytes + directory + end + little(directory.count, 4) + little(bytes.count, 4) + little(0, 2)
}

/// A file in a rar archive, with a checksum that is none. `data`: bytes behind its header; `flags`: 2 for a time, 4
/// for a checksum.
func rarFile(_ name: String, data: Int, flags: UInt8 = 0, records: [UInt8] = []) -> [UInt8] {
    let stamps = [UInt8](repeating: 0xFF, count: flags == 6 ? 8 : 0)
    let start = [2, 3, UInt8(records.count), UInt8(data), flags, 3, 0x20] + stamps
    let fields = start + [0, 0, UInt8(name.utf8.count)] + Array(name.utf8)
    return little(0, 4) + [UInt8(fields.count + records.count)] + fields + records + [UInt8](repeating: 7, count: data)
}

/// A 7z archive that is nothing but its header.
func sevenZip(_ header: [UInt8]) -> [UInt8] {
    let place = little(0, 8) + little(header.count, 8) + little(checksum(header), 4)
    return Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C, 0, 4] + little(checksum(place), 4) + place + header
}

/// A number of `length` bytes, the lowest first.
func little(_ number: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

/// CRC-32 as in zip.
private func checksum(_ bytes: [UInt8]) -> Int {
    var sum: UInt32 = .max
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return Int(~sum)
}

/// The names in an archive, and why there are not more.
func listed(
    _ bytes: [UInt8], _ name: String = "a.zip", _ limits: ListingLimits = ListingLimits(), milliseconds: Int64 = 30_000
) -> (names: [String], problem: Problem?) {
    var listing = Listing(limits, Budget(milliseconds: milliseconds, limits))
    do throws(Problem) { try listing.list(Blob(bytes), name: name) } catch { return (listing.names, error) }
    return (listing.names, nil)
}
