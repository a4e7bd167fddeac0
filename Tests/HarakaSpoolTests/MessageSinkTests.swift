// A message while it comes in: what plugins read afterwards is what was sent, wherever it was kept.

import Glibc
import HarakaCore
import Testing

@testable import HarakaSpool

/// A private folder for spool files, removed with its owner.
final class TemporarySpool {
    let path: String
    let folder: SpoolFolder

    init() {
        var template = Array("/tmp/haraka-spool-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!).map { String(cString: $0) } }
        path = made ?? "/nonexistent"
        folder = SpoolFolder(in: path)
    }

    deinit {
        rmdir(folder.path)
        rmdir(path)
    }

    func sink(spoolAfter: Int = 262_144) -> MessageSink {
        MessageSink(folder: folder, spoolAfter: spoolAfter, maxHeaderLines: 1000)
    }
}

extension MessageSink {
    func append(_ text: String) { Array(text.utf8).withUnsafeBytes { append($0) } }

    /// The whole message as plugins read it, in pieces of `step` bytes.
    func text(step: Int = 7) throws -> String {
        let view = try snapshot()
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: step)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try view.read(at: bytes.count, into: $0) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        #expect(bytes.count == view.size)
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite("A message while it comes in")
struct MessageSinkTests {
    private let mail = "From: a@b\r\nSubject: x\r\n y\r\n\r\nbody\r\n.dot\r\n"
    private let spool = TemporarySpool()

    @Test("what nobody touched comes out byte for byte", arguments: [-1, 0, 10, 262_144])
    func untouched(spoolAfter: Int) throws {
        let sink = spool.sink(spoolAfter: spoolAfter)
        for byte in mail.utf8 { sink.append(String(UnicodeScalar(byte))) }
        sink.end()
        #expect(try sink.text() == mail)
        #expect(sink.byteCount == mail.utf8.count)
    }

    @Test("leading fields come first, others last, in the order in which they were added", arguments: [0, 262_144])
    func edits(spoolAfter: Int) throws {
        let sink = spool.sink(spoolAfter: spoolAfter)
        sink.edit(.addLeading(name: "Received", value: "one"))
        sink.append(mail)
        sink.end()
        sink.edit(.addEnd(name: "X-A", value: "1"))
        sink.edit(.addLeading(name: "Received", value: "two"))
        let expected =
            "Received: two\r\nReceived: one\r\nFrom: a@b\r\nSubject: x\r\n y\r\nX-A: 1\r\n\r\nbody\r\n.dot\r\n"
        #expect(try sink.text() == expected)
    }

    @Test("a removed field is gone, also one that was added before", arguments: [0, 262_144])
    func removes(spoolAfter: Int) throws {
        let sink = spool.sink(spoolAfter: spoolAfter)
        sink.edit(.addLeading(name: "X-Gone", value: "1"))
        sink.append(mail)
        sink.end()
        sink.edit(.remove(name: "x-gone"))
        sink.edit(.remove(name: "SUBJECT"))
        #expect(try sink.text() == "From: a@b\r\n\r\nbody\r\n.dot\r\n")
        #expect(sink.headerValues("from") == ["a@b"])
        #expect(sink.headerValues("subject") == [])
    }

    @Test("a message without any header gets a blank line between what is added and its body")
    func headerless() throws {
        let sink = spool.sink()
        sink.edit(.addLeading(name: "Received", value: "one"))
        sink.append("Hello there\r\n")
        sink.end()
        #expect(try sink.text() == "Received: one\r\n\r\nHello there\r\n")
    }

    @Test("a message that begins with its blank line keeps just that one")
    func blankFirst() throws {
        let sink = spool.sink()
        sink.edit(.addLeading(name: "Received", value: "one"))
        sink.append("\r\nbody\r\n")
        sink.end()
        #expect(try sink.text() == "Received: one\r\n\r\nbody\r\n")
    }

    @Test("a message of header lines only stays one")
    func headerOnly() throws {
        let sink = spool.sink()
        sink.append("From: a@b\r\n")
        sink.end()
        sink.edit(.addEnd(name: "X", value: "y"))
        #expect(try sink.text() == "From: a@b\r\nX: y\r\n")
    }

    @Test("a header longer than its limit is kept whole, but not parsed")
    func endlessHeader() throws {
        let sink = spool.sink(spoolAfter: 100)
        let line = "X-Long: " + String(repeating: "a", count: 900) + "\r\n"
        let header = String(repeating: line, count: 100)
        sink.append(header)
        sink.append("\r\nbody\r\n")
        sink.end()
        #expect(try sink.text(step: 4096) == header + "\r\nbody\r\n")
    }

    @Test("Received fields are counted in the header only, in any case")
    func received() {
        let sink = spool.sink()
        sink.append("RECEIVED: 1\r\nX: y\r\nreceived: 2\r\nReceived-SPF: no\r\n\r\nReceived: body\r\n")
        sink.end()
        #expect(sink.receivedCount == 2)
    }

    @Test("a view does not change when the message is edited later")
    func immutable() throws {
        let sink = spool.sink()
        sink.append(mail)
        sink.end()
        let view = try sink.snapshot()
        let size = view.size
        sink.edit(.addEnd(name: "X-Late", value: "1"))
        #expect(view.size == size)
        #expect(try sink.snapshot().size == size + "X-Late: 1\r\n".utf8.count)
    }

    @Test("what is not wanted is counted and not kept")
    func discarding() throws {
        let sink = spool.sink(spoolAfter: 0)
        sink.append(mail)
        sink.isDiscarding = true
        sink.append("more")
        sink.end()
        #expect(sink.byteCount == mail.utf8.count + 4)
        #expect(try sink.snapshot().size == 0)
    }

    @Test("a spool folder that cannot be made fails the message and names the folder")
    func noFolder() {
        let sink = MessageSink(folder: SpoolFolder(in: "/nonexistent"), spoolAfter: 0, maxHeaderLines: 10)
        sink.append(mail)
        sink.end()
        #expect("\(String(describing: sink.failure))".contains("/nonexistent/haraka-spool-"))
        #expect(throws: SpoolError.self) { try sink.snapshot() }
    }

    @Test("a spool folder that others may write to is refused")
    func openFolder() {
        mkdir(spool.folder.path, 0o700)
        chmod(spool.folder.path, 0o777)
        let sink = spool.sink(spoolAfter: 0)
        sink.append(mail)
        #expect(sink.failure?.description.contains("must be a folder of the server's user with mode 0700") == true)
    }

    @Test("a full disk fails the message")
    func fullDisk() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        #expect(descriptor >= 0)
        let file = SpoolFile(descriptor)
        #expect(throws: SpoolError.self) { try Array("x".utf8).withUnsafeBytes { try file.append($0) } }
    }
}
