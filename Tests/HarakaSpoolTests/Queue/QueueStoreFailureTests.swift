// Stores that fail, and what is said of them.

import Glibc
import HarakaCore
import HarakaQueue
import Testing

@testable import HarakaSpool

@Suite("Mails that cannot be stored")
struct QueueStoreFailureTests {
    private let queue = TemporaryQueue()

    @Test("a file whose sync failed is gone even if the next sync would succeed; if it cannot go, the error says so")
    func failedSync() throws {
        let script = CallScript()
        let folder = try queue.folder(script.calls)
        script.next(.syncFile, -Int(EIO))
        var error = #expect(throws: QueueFolderError.self) { try folder.store("AA.1") }
        #expect(error?.description == "fdatasync \(queue.path)/AA.1: Input/output error")
        #expect(queue.names == [])
        #expect(script.made.filter { $0 == .syncFile }.count == 1)
        script.next(.syncFolder, -Int(EIO))
        script.next(.unlink, -Int(EROFS))
        error = #expect(throws: QueueFolderError.self) { try folder.store("AA.1") }
        let words = "fsync \(queue.path): Input/output error; then unlinkat \(queue.path)/AA.1: Read-only file system"
        #expect(error?.description == words)
    }

    @Test("a message that cannot be read to its end is not stored")
    func message() throws {
        final class Broken: MessageView {
            let size = 100
            let isSilent: Bool
            init(_ isSilent: Bool) { self.isSilent = isSilent }
            func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
                if offset == 0 { return 50 }
                if isSilent { return 0 }
                throw SpoolError(reason: "spool gone")
            }
        }
        let folder = try queue.folder()
        var error = #expect(throws: QueueFolderError.self) {
            try folder.store(.sample("AA.1", size: 100), head: [], Broken(true), from: 0)
        }
        #expect(error?.reason == "the message ends at 50 of 100 bytes")
        error = #expect(throws: QueueFolderError.self) {
            try folder.store(.sample("AA.1", size: 100), head: [], Broken(false), from: 0)
        }
        #expect(error?.reason == "the message cannot be read: spool gone")
        #expect(queue.names == [])
    }

    @Test("what root stores belongs to the owner of the folder", .enabled(if: geteuid() == 0))
    func root() throws {
        mkdir(queue.path, 0o700)
        chown(queue.path, 12_345, .max)
        let folder = try queue.folder()
        try folder.store("AA.1")
        var found = stat()
        #expect(lstat("\(queue.path)/AA.1", &found) == 0)
        #expect(found.st_uid == 12_345)
        #expect(try folder.open("AA.1").size == 25)
    }
}
