// Listing archives, without a server.
import Testing

@testable import AttachmentChecks

@Suite("attachment: listing")
struct ListingTests {
    private let evil = ZipFile(name: "evil.exe", content: [1, 2, 3])

    @Test("names of a zip archive are found once each")
    func names() {
        let found = listed(zip(ZipFile(name: "a.txt"), evil, ZipFile(name: "größe")))
        #expect(found.names == ["a.txt", "evil.exe", "größe"])
        #expect(found.problem == nil)
    }

    @Test("names of archives in archives have the archive in front of them")
    func nested() {
        let inner = zip(evil)
        let found = listed(zip(ZipFile(name: "b.zip", content: inner), ZipFile(name: "c.jpg", content: inner)))
        #expect(found.names == ["b.zip", "c.jpg", "b.zip/evil.exe", "c.jpg/evil.exe"])
        var limits = ListingLimits()
        limits.detects = false
        let named = listed(
            zip(ZipFile(name: "b.zip", content: inner), ZipFile(name: "c.jpg", content: inner)), "a", limits)
        #expect(named.names == ["b.zip", "c.jpg", "b.zip/evil.exe"])
    }

    @Test("the depth that is allowed is listed, and not one more")
    func depth() {
        let third = zip(ZipFile(name: "3.zip", content: zip(evil)))
        let bytes = zip(ZipFile(name: "2.zip", content: third))
        var limits = ListingLimits()
        limits.depth = 3
        #expect(listed(bytes, "1.zip", limits).problem == nil)
        limits.depth = 2
        #expect(listed(bytes, "1.zip", limits).problem == .tooDeep("2.zip/3.zip"))
    }

    @Test("both names of a file count, and a third one in its extra fields")
    func otherNames() {
        #expect(listed(zip(ZipFile(name: "evil.exe", otherName: "good.txt"))).names == ["good.txt", "evil.exe"])
        #expect(listed(zip(ZipFile(name: "good.txt", otherName: "evil.exe"))).names == ["evil.exe", "good.txt"])
        let path = Array("evil.exe".utf8)
        let extra =
            little(1, 2) + little(2, 2) + [9, 9] + little(0x7075, 2) + little(5 + path.count, 2) + little(1, 5) + path
        #expect(listed(zip(ZipFile(name: "good.txt", extra: extra))).names == ["good.txt", "evil.exe"])
    }

    @Test("an encrypted file is a problem, unless it is allowed; then its name counts", arguments: [1, 0x2001])
    func encrypted(flags: Int) {
        let bytes = zip(ZipFile(name: "a.exe", content: [UInt8](repeating: 1, count: 20), flags: flags))
        #expect(ZipDirectory(Blob(bytes), limit: 9)?.entries.map(\.isEncrypted) == [true])
        #expect(listed(bytes).problem == .encrypted("a.exe"))
        var limits = ListingLimits()
        limits.allowsEncrypted = true
        #expect(listed(bytes, "a.zip", limits).names.first == "a.exe")
    }

    @Test("what is no archive, or breaks off, cannot be read; nothing at all is no problem")
    func broken() {
        #expect(
            listed(Array("hello, world, this is a text".utf8)).problem
                == .unreadable("a.zip", "Unrecognized archive format"))
        #expect(listed([]).problem == nil)
        let bytes = zip(evil, ZipFile(name: "b", content: [UInt8](repeating: 7, count: 100)))
        for length in [35, 60, 120, 140] {
            let problem = listed(Array(bytes.prefix(length))).problem
            guard case .unreadable("a.zip", _)? = problem else {
                Issue.record("\(length): \(String(describing: problem))")
                continue
            }
        }
    }

    @Test("entries, bytes and time are limited")
    func limits() {
        var limits = ListingLimits()
        limits.entries = 2
        #expect(listed(zip(evil, evil), "a.zip", limits).problem == nil)
        #expect(listed(zip(evil, evil, evil), "a.zip", limits).problem == .unreadable("a.zip", "too many entries"))
        let bytes = zip(
            ZipFile(name: "b.zip", content: zip(ZipFile(name: "c", content: [UInt8](repeating: 0, count: 999)))))
        limits = ListingLimits()
        limits.bytes = 700
        #expect(listed(bytes, "a.zip", limits).problem == .unreadable("b.zip", "more than 700 bytes unpacked"))
        limits = ListingLimits()
        limits.size = 700
        #expect(listed(bytes, "a.zip", limits).problem == .unreadable("b.zip", "more than 700 bytes"))
        #expect(listed(bytes, milliseconds: 0).problem == .unreadable("a.zip", "timeout"))
    }

    @Test("of a long name the end is kept")
    func longNames() {
        let found = listed(zip(ZipFile(name: String(repeating: "x", count: 65_000) + ".exe")))
        #expect(found.names == [String(repeating: "x", count: longestName - 4) + ".exe"])
    }

    @Test("a directory that lies about its place or size is read as far as it goes, and never beyond")
    func lyingDirectory() {
        let bytes = zip(ZipFile(name: "a.txt"), evil)
        #expect(ZipDirectory(Blob(bytes), limit: 9)?.entries.map(\.name) == ["a.txt", "evil.exe"])
        #expect(ZipDirectory(Blob(bytes), limit: 0)?.entries.count == 1)
        for place in bytes.indices {
            for value in [0, 0xFF] as [UInt8] {
                var changed = bytes
                changed[place] = value
                let names = ZipDirectory(Blob(changed), limit: 9)?.entries ?? []
                #expect(names.count <= 2)
            }
            _ = ZipDirectory(Blob(Array(bytes[place...])), limit: 9)
        }
    }

    @Test("an encrypted file in a rar archive is told by a record in its header")
    func rar() {
        let plain = rarFile("a.txt", data: 3), secret = rarFile("b.exe", data: 5, flags: 6, records: [2, 1, 0])
        let bytes = Array("Rar!".utf8) + [0x1A, 7, 1, 0] + plain + secret
        #expect(
            RarDirectory(Blob(bytes), limit: 9)?.entries == [
                DirectoryEntry(name: "a.txt", otherName: nil, isEncrypted: false),
                DirectoryEntry(name: "b.exe", otherName: nil, isEncrypted: true),
            ])
        #expect(listed(bytes, "a.rar").problem == .encrypted("b.exe"))
        #expect(RarDirectory(Blob(bytes), limit: 0)?.entries.count == 1)
        #expect(RarDirectory(Blob(Array(bytes.dropFirst())), limit: 9) == nil)
        for place in bytes.indices.dropFirst(8) {
            var changed = bytes
            changed[place] = 0xFF
            #expect(RarDirectory(Blob(changed), limit: 9)?.entries.count ?? 9 <= 2)
            _ = RarDirectory(Blob(Array(bytes[..<place])), limit: 9)
        }
    }

    @Test("a list of files in a 7z archive that is too long is not unpacked")
    func longSevenZip() {
        // A list of eight million files without names, a bit for each.
        let count = 8_000_000
        let bits = [UInt8](repeating: 0xFF, count: count / 8)
        let header =
            [1, 5, 0xE0 | UInt8(count >> 24)] + little(count, 3) + [0x0E, 0xE0] + little(bits.count, 3) + bits + [0, 0]
        #expect(listed(sevenZip(header), "a.7z").problem == .unreadable("a.7z", "too many entries"))
        // The same, packed: a header says how long the list is.
        let packed =
            [0x17, 6, 0, 1, 9, 10, 0, 7, 0x0B, 1, 0, 1, 0x23, 3, 1, 1, 5, 0x5D, 0, 0, 0, 1, 0x0C, 0xE0]
            + little(bits.count, 3) + [0, 0] as [UInt8]
        #expect(sevenZipHeaderSize(Blob(sevenZip(packed)), largest: 1000) == 1_000_000)
        #expect(listed(sevenZip(packed), "a.7z").problem == .unreadable("a.7z", "too many entries"))
        for length in packed.indices.dropLast(5) {
            #expect(sevenZipHeaderSize(Blob(sevenZip(Array(packed[..<length]))), largest: 1000) ?? 0 == 0)
        }
    }

    @Test("what is larger than memory is for is read back the same")
    func large() throws {
        let blob = Blob()
        let piece = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for _ in 0..<20 { try piece.withUnsafeBytes { try blob.append($0) } }
        #expect(blob.count == 1_400_000)
        #expect(blob.bytes(at: 70_000 * 15 + 5, 10) == Array(piece[5..<15]))
        #expect(blob.bytes(at: 1_399_998, 10) == Array(piece.suffix(2)))
        #expect(blob.bytes(at: 1_400_000, 1) == [])
        #expect(blob.bytes(at: -1, 1) == [])
    }
}
