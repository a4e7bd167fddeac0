// Writing to a spool file: few system calls, and nothing lost.

import Glibc
import HarakaCore
import Testing

@testable import HarakaSpool

@Suite("Writing to the spool")
struct SpoolWriterTests {
    private let spool = TemporarySpool()

    private func size(_ writer: SpoolWriter) throws -> Int {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        return try buffer.withUnsafeMutableBytes { try writer.file.read(at: 0, into: $0) }
    }

    private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    @Test("single bytes are gathered until 32 KiB are worth a write")
    func gathers() throws {
        var writer = SpoolWriter(try spool.folder.open())
        for byte in bytes(32_767) { try [byte].withUnsafeBytes { try writer.append($0) } }
        #expect(try size(writer) == 0)
        #expect(writer.size == 32_767)
        try [UInt8(1)].withUnsafeBytes { try writer.append($0) }
        #expect(try size(writer) == 32_768)
        #expect(writer.pending.isEmpty)
    }

    @Test("a large piece is written at once, behind what waits before it")
    func large() throws {
        var writer = SpoolWriter(try spool.folder.open())
        let all = bytes(90_000)
        try all[..<40_000].withUnsafeBytes { try writer.append($0) }
        #expect(try size(writer) == 40_000)
        try all[40_000..<40_010].withUnsafeBytes { try writer.append($0) }
        #expect(try size(writer) == 40_000)
        try all[40_010...].withUnsafeBytes { try writer.append($0) }
        #expect(try size(writer) == 90_000)
        var read = [UInt8](repeating: 0, count: 90_000)
        _ = try read.withUnsafeMutableBytes { try writer.file.read(at: 0, into: $0) }
        #expect(read == all)
    }

    @Test("what waits is written by a flush, and its memory given back")
    func flush() throws {
        var writer = SpoolWriter(try spool.folder.open())
        try bytes(10).withUnsafeBytes { try writer.append($0) }
        try writer.flush()
        #expect(try size(writer) == 10)
        #expect(writer.pending.capacity == 0)
        try writer.flush()
        #expect(try size(writer) == 10)
    }

    @Test("a full disk is an error, in a flush as well")
    func fullDisk() throws {
        var writer = SpoolWriter(SpoolFile(open("/dev/full", O_WRONLY)))
        try bytes(10).withUnsafeBytes { try writer.append($0) }
        #expect(throws: SpoolError.self) { try writer.flush() }
        #expect(throws: SpoolError.self) { try bytes(40_000).withUnsafeBytes { try writer.append($0) } }
    }
}
