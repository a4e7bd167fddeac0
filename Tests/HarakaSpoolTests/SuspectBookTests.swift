// Which mails were under way when a process died.

import Glibc
import Testing

@testable import HarakaSpool

@Suite("Suspects")
struct SuspectBookTests {
    private static func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/haraka-suspects-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            for name in [".active", ".suspects"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    /// A life that ends as processes die: nothing is closed.
    private static func die(_ folder: String, with uuids: [String], limit: Int = 3) -> SuspectBook {
        let book = SuspectBook(folder, limit: limit)
        book.open()
        for uuid in uuids { book.begins(uuid) }
        return book
    }

    @Test("who was under way at a death is suspect, and who had survived is not")
    func suspects() throws {
        try Self.withFolder { folder in
            let first = Self.die(folder, with: ["a.1", "b.1"])
            first.survived("a.1")
            let book = SuspectBook(folder, limit: 3)
            #expect(book.open() == ["b.1": 1])
            #expect(book.isSuspect("b.1") && !book.isSuspect("a.1"))
        }
    }

    @Test("a mail of two parts is under way until both are over")
    func parts() throws {
        try Self.withFolder { folder in
            let first = Self.die(folder, with: ["a.1", "a.1"])
            first.survived("a.1")
            #expect(SuspectBook(folder, limit: 3).open() == ["a.1": 1])
        }
    }

    @Test("suspects go a few at a time, and one that was there twice without any other")
    func turns() throws {
        try Self.withFolder { folder in
            let many = (0..<20).map { "\($0).1" }
            _ = Self.die(folder, with: many)
            let book = SuspectBook(folder, limit: 3)
            book.open()
            for uuid in many where book.mayBegin(uuid) { book.begins(uuid) }
            #expect(many.filter { book.mayBegin($0) } == Array(many[..<8]))
            book.survived("0.1")
            #expect(book.mayBegin("8.1"))
            let next = SuspectBook(folder, limit: 3)
            #expect(next.open().values.filter { $0 == 2 }.count == 7)
            #expect(next.mayBegin("1.1"))
            next.begins("8.1")
            #expect(!next.mayBegin("1.1"))
        }
    }

    @Test("an end in peace accuses nobody")
    func peace() throws {
        try Self.withFolder { folder in
            Self.die(folder, with: ["a.1"]).close()
            #expect(SuspectBook(folder, limit: 3).open().isEmpty)
        }
    }

    @Test("after the first death one alone is accused, and at the limit condemned")
    func condemned() throws {
        try Self.withFolder { folder in
            _ = Self.die(folder, with: ["bad.1", "good.1"])
            _ = Self.die(folder, with: ["bad.1", "other.1"])
            let third = Self.die(folder, with: ["bad.1"])
            #expect(!third.isCondemned("bad.1"))
            #expect(!third.mayBegin("good.1") && third.mayBegin("new.1"))
            let book = SuspectBook(folder, limit: 3)
            #expect(book.open() == ["bad.1": 3, "good.1": 1])
            #expect(book.isCondemned("bad.1") && !book.isCondemned("good.1"))
            #expect(!SuspectBook(folder, limit: 0).isCondemned("bad.1"))
        }
    }

    @Test("who survives is forgiven, also by the next process")
    func forgiven() throws {
        try Self.withFolder { folder in
            _ = Self.die(folder, with: ["a.1"])
            let book = SuspectBook(folder, limit: 3)
            book.open()
            book.begins("a.1")
            book.survived("a.1")
            #expect(!book.isSuspect("a.1"))
            book.close()
            #expect(SuspectBook(folder, limit: 3).open().isEmpty)
        }
    }

    @Test("junk in its files, and more mails than it has room for, do no harm")
    func junk() throws {
        try Self.withFolder { folder in
            let book = Self.die(folder, with: (0..<1100).map { "\($0).1" } + [String(repeating: "x", count: 200)])
            for number in 0..<1100 { book.survived("\(number).1") }
            book.close()
            if let file = fopen("\(folder)/.suspects", "w") {
                fputs("x\n-3 a.1\n2 b.1\n\n9\n", file)
                fclose(file)
            }
            #expect(SuspectBook(folder, limit: 3).open() == ["b.1": 2])
        }
    }
}
