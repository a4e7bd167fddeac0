// The queue's folder as its users see it: what was stored is there, and nothing else is.

import Foundation
import Glibc
import HarakaCore
import HarakaQueue
import SMTPSyntax
import Testing

@testable import HarakaSpool

@Suite("The queue's folder")
struct QueueFolderTests {
    private let queue = TemporaryQueue()
    private let text = "Subject: hello\r\n\r\nworld\r\n"

    private func mode(_ name: String) -> mode_t {
        var found = stat()
        return lstat("\(queue.path)/\(name)", &found) == 0 ? found.st_mode & 0o7777 : 0
    }

    @Test("a stored mail is a file of head, message and end mark, for the server's user only")
    func stored() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        #expect(queue.names == ["AA.1"])
        #expect(mode("") == 0o700)
        #expect(mode("AA.1") == 0o600)
        let bytes = try queue.bytes("AA.1")
        let found = try QueueFile.check(bytes)
        #expect(found.mail == .sample("AA.1", size: text.utf8.count))
        #expect(String(decoding: bytes[found.messageStart...].prefix(text.utf8.count), as: UTF8.self) == text)
        #expect(found.end == bytes.count)
    }

    @Test("another process opens it: head, states, message and the place of its body")
    func opened() throws {
        try queue.folder().store("AA.1")
        let mail = try queue.folder().open("AA.1")
        #expect(mail.mail == .sample("AA.1", size: text.utf8.count))
        #expect(mail.states.waiting == [0, 1])
        #expect(try mail.text() == text)
        #expect(mail.bodyStart == 18)
        var byte = [UInt8(0)]
        #expect(try byte.withUnsafeMutableBytes { try mail.read(at: text.utf8.count, into: $0) } == 0)
        #expect(try byte.withUnsafeMutableBytes { try mail.read(at: -1, into: $0) } == 0)
    }

    @Test("an open mail can be read after it was removed")
    func removedWhileOpen() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        let mail = try folder.open("AA.1")
        try folder.remove("AA.1")
        #expect(queue.names == [])
        #expect(try mail.text() == text)
        try folder.remove("AA.1")
        let error = #expect(throws: QueueFolderError.self) { try folder.open("AA.1") }
        #expect(error?.kind == .missing)
    }

    @Test(
        "messages of any size come back, however their bytes are handed over",
        arguments: [0, 1, 262_143, 262_144, 1_000_000])
    func sizes(_ size: Int) throws {
        let text = String(repeating: "x", count: size)
        let folder = try queue.folder()
        let mail = QueuedMail.sample("AA.1", size: size)
        try folder.store(mail, head: [], MemoryMessage(text, most: 65_521), from: 0)
        for folder in [folder, try queue.folder()] {
            let stored = try folder.open("AA.1")
            #expect(try stored.text() == text)
            // A line that is no field is body.
            #expect(stored.bodyStart == (size == 0 ? 0 : size))
        }
    }

    @Test("a uuid that is taken is an error, and the mail that has it stays")
    func taken() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        let before = try queue.bytes("AA.1")
        let error = #expect(throws: QueueFolderError.self) { try folder.store("AA.1", "Subject: other one\r\n\r\n") }
        #expect(error?.kind == .exists)
        #expect(error?.description == "linkat \(queue.path)/AA.1: File exists")
        #expect(try queue.bytes("AA.1") == before)
    }

    @Test(
        "no call takes a name that could lead elsewhere or is one of the folder's own",
        arguments: [
            "", ".", "..", "../x", "a/b", "/nowhere/x", ".hidden", "-x", "a\u{0}b", "ä", "a b", "a_b", "__tmp__.x",
            "error.x", "quarantine.x", String(repeating: "a", count: 201),
        ])
    func names(_ name: String) throws {
        let folder = try queue.folder()
        let attempts: [() throws -> Void] = [
            { try folder.store(name) }, { _ = try folder.open(name) },
            { try folder.append([.held(true)], to: name, sync: true) },
            { try folder.remove(name) }, { try folder.setAside(name, as: .error, because: "") },
            { try folder.restore(name, from: .error) },
        ]
        for attempt in attempts {
            let error = #expect(throws: QueueFolderError.self) { try attempt() }
            #expect(error?.kind == .refused)
        }
        #expect(queue.names == [])
    }

    @Test("a mail whose size is not that of its parts is refused before anything is made")
    func wrongSize() throws {
        let folder = try queue.folder()
        for (size, offset) in [(3, 0), (5, 0), (4, 1), (4, -1), (4, 5)] {
            let error = #expect(throws: QueueFolderError.self) {
                try folder.store(.sample("AA.1", size: size), head: [1, 2], MemoryMessage("ab"), from: offset)
            }
            #expect(error?.kind == .refused)
        }
        #expect(queue.names == [])
    }

    @Test("a folder that others may write to, or that has no place to be made in, is refused")
    func refused() throws {
        mkdir(queue.path, 0o700)
        chmod(queue.path, 0o770)
        var error = #expect(throws: QueueFolderError.self) { try queue.folder() }
        #expect(error?.kind == .refused)
        error = #expect(throws: QueueFolderError.self) { try QueueFolder(queue.path + "/not/there") }
        #expect(error?.kind == .missing)
        #expect(error?.call == "mkdir")
        error = #expect(throws: QueueFolderError.self) { try QueueFolder("/dev/null") }
        #expect(error?.call == "open")
    }

    @Test("a symbolic link, a pipe or a folder is never taken for a mail")
    func notFiles() throws {
        let folder = try queue.folder()
        try folder.store("AA.1")
        symlink("\(queue.path)/AA.1", "\(queue.path)/BB.1")
        mkfifo("\(queue.path)/CC.1", 0o600)
        mkdir("\(queue.path)/DD.1", 0o700)
        for name in ["BB.1", "CC.1", "DD.1"] {
            #expect(throws: QueueFolderError.self) { try folder.open(name) }
            #expect(throws: QueueFolderError.self) { try folder.append([.held(true)], to: name, sync: false) }
        }
        var good: [String] = []
        let report = try folder.scan {
            good.append($0.mail.uuid)
            return true
        }
        #expect(good == ["AA.1"])
        #expect(report.unknown.sorted() == ["BB.1", "CC.1", "DD.1"])
    }

    @Test(
        "where files cannot be without a name, they have a temporary one while they are written",
        arguments: [QueueCall.nameless, .name])
    func temporaryNames(_ call: QueueCall) throws {
        let script = CallScript()
        script.next(call, call == .name ? -Int(ENOENT) : -Int(EOPNOTSUPP))
        let folder = try queue.folder(script.calls)
        try folder.store("AA.1")
        #expect(queue.names == ["AA.1"])
        #expect(try QueueFile.check(try queue.bytes("AA.1")).mail.uuid == "AA.1")
        #expect(script.made.suffix(5) == [.open, .write, .rename, .syncFile, .syncFolder])
        let error = #expect(throws: QueueFolderError.self) { try folder.store("AA.1") }
        #expect(error?.kind == .exists)
        try folder.store("BB.1")
        #expect(queue.names == ["AA.1", "BB.1"])
        // It is known now.
        #expect(script.made.filter { $0 == .nameless }.count == 1)
    }

    @Test("a small mail is one write, and its sync comes behind its name")
    func order() throws {
        let script = CallScript()
        let folder = try queue.folder(script.calls)
        script.die(after: .max)
        try folder.store("AA.1")
        #expect(script.made == [.nameless, .write, .name, .syncFile, .syncFolder])
    }

    @Test("space is asked for once a second at most, and every kind of shortage is told")
    func shortage() throws {
        let script = CallScript()
        let folder = try queue.folder(script.calls)
        for _ in 0..<100 { #expect(folder.isShort == nil) }
        #expect(script.made.filter { $0 == .space }.count <= 2)
        var options = QueueFolderOptions()
        options.minimumFreeBytes = .max
        #expect(try QueueFolder(queue.path, options).isShort?.contains("MiB are free") == true)
        options = QueueFolderOptions()
        options.minimumFreeFiles = .max
        #expect(try QueueFolder(queue.path, options).isShort?.contains("inodes are free") == true)
        let broken = CallScript()
        broken.next(.space, -Int(EIO))
        #expect(try queue.folder(broken.calls).isShort == "fstatvfs \(queue.path): Input/output error")
    }
}
