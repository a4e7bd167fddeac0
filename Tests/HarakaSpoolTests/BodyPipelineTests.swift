// A body that somebody has wishes about: filters and banner before it is kept, parts and attachments after.

import HarakaCore
import MailMessage
import Testing

@testable import HarakaSpool

/// Writes down what it hears of attachments.
final class Listener: AttachmentObserver {
    private(set) var heard: [String] = []
    private(set) var bytes = 0
    /// Runs inside, as a plugin that looks around would.
    var meddle: (() -> Void)?

    func begins(_ part: PartFacts) -> (any AttachmentReader)? {
        heard.append("\(part.index) \(part.contentType)")
        return part.filename == "no" ? nil : Reader(self)
    }

    private final class Reader: AttachmentReader {
        private let listener: Listener
        private var text = ""
        init(_ listener: Listener) { self.listener = listener }
        func received(_ bytes: UnsafeRawBufferPointer) {
            listener.meddle?()
            listener.bytes += bytes.count
            if text.utf8.count < 100 { text += String(decoding: bytes, as: UTF8.self) }
        }
        func ended(_ end: PartEnd) { listener.heard.append("\(end) \(text.prefix(100))") }
    }
}

/// Upper case for letters.
final class Shouter: BodyFilter {
    private(set) var heard: [String] = []
    /// Runs inside.
    var meddle: (() -> Void)?

    func begins(_ part: PartFacts) -> (any PartFilter)? { part.isText ? Part(self, part.index) : nil }

    private final class Part: PartFilter {
        private let shouter: Shouter
        private let index: Int
        init(_ shouter: Shouter, _ index: Int) { (self.shouter, self.index) = (shouter, index) }
        func rewrite(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8]) {
            shouter.meddle?()
            output.append(contentsOf: bytes.map { 97...122 ~= $0 ? $0 - 32 : $0 })
            if isLast { shouter.heard.append("last \(index)") }
        }
        func ended() { shouter.heard.append("ended \(index)") }
    }
}

private let header = "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
private let file = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
private let mail = header + "--x\r\n\r\nhello\r\n--x\r\n" + file + "--x--\r\n"

@Suite("A body that somebody wants")
struct BodyPipelineTests {
    private let spool = TemporarySpool()

    private func sink(
        _ wishes: BodyWishes, spoolAfter: Int = 262_144, limits: BodyLimits = BodyLimits()
    ) -> MessageSink {
        let sink = spool.sink(spoolAfter: spoolAfter)
        sink.begin(wishes, limits: limits)
        return sink
    }

    private func send(_ text: String, to sink: MessageSink, pieces: Int) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { sink.append($0) }
            rest = rest.dropFirst(pieces)
        }
    }

    @Test("its parts are known when it ends, and counted before", arguments: [0, 262_144], [1, 7, 10_000])
    func tree(spoolAfter: Int, pieces: Int) throws {
        var wishes = BodyWishes()
        wishes.parses = true
        let sink = sink(wishes, spoolAfter: spoolAfter)
        send(mail, to: sink, pieces: pieces)
        #expect(sink.mimePartCount == 3)
        #expect(throws: BodyUnknown.notYet) { try sink.bodyTree() }
        sink.end()
        #expect(try sink.text() == mail)
        #expect(try sink.bodyTree().parts.map(\.facts.contentType) == ["multipart/mixed", "text/plain", "image/png"])
        let view = try sink.snapshot()
        let part = try #require(try sink.bodyTree().parts.last)
        var content = [UInt8](repeating: 0, count: part.content.count)
        _ = try content.withUnsafeMutableBytes { try view.read(at: view.bodyStart + part.content.lowerBound, into: $0) }
        #expect(String(decoding: content, as: UTF8.self) == "AAAA")
    }

    @Test("asked for later, its parts are the same", arguments: [0, 262_144])
    func later(spoolAfter: Int) throws {
        let sink = spool.sink(spoolAfter: spoolAfter)
        sink.append(mail)
        #expect(sink.mimePartCount == 0)
        sink.end()
        #expect(try sink.bodyTree().parts.map(\.facts.index) == [0, 1, 2])
        #expect(try sink.bodyTree().parts.map(\.isComplete) == [true, true, true])
    }

    @Test("attachments are heard while they come, and in whole", arguments: [1, 5, 10_000])
    func attachments(pieces: Int) throws {
        let listener = Listener()
        var wishes = BodyWishes()
        wishes.observers = [listener]
        let sink = sink(wishes)
        send(mail, to: sink, pieces: pieces)
        sink.end()
        #expect(listener.heard == ["2 image/png", "complete \0\0\0"])
        #expect(try sink.text() == mail)
    }

    @Test("a message that is not wanted any more aborts what is read of it, once")
    func aborted() {
        let listener = Listener()
        let shouter = Shouter()
        var wishes = BodyWishes()
        wishes.observers = [listener]
        wishes.filters = [shouter]
        let sink = sink(wishes)
        sink.append(header + "--x\r\nContent-Type: image/png\r\n\r\nabc\r\ndef\r\nghi")
        sink.abort()
        sink.append("more\r\n--x--\r\n")
        sink.abort()
        sink.end()
        #expect(listener.heard.first == "1 image/png")
        #expect(listener.heard.count == 2)
        #expect(listener.heard.last?.hasPrefix("aborted abc") == true)
        #expect(shouter.heard == [])
    }

    @Test(
        "what a filter gives is what is kept, walked, read and counted as stored", arguments: [0, 262_144],
        [1, 10_000])
    func filter(spoolAfter: Int, pieces: Int) throws {
        let shouter = Shouter()
        var wishes = BodyWishes()
        wishes.parses = true
        wishes.filters = [shouter]
        let sink = sink(wishes, spoolAfter: spoolAfter)
        send(mail, to: sink, pieces: pieces)
        sink.end()
        #expect(try sink.text() == mail.replacing("hello", with: "HELLO"))
        #expect(sink.byteCount == mail.utf8.count)
        #expect(shouter.heard == ["last 1", "ended 1"])
        #expect(try sink.bodyTree().parts.count == 3)
    }

    @Test("a banner stands under the text")
    func banner() throws {
        var wishes = BodyWishes()
        wishes.banner = Banner(text: "our words")
        let sink = sink(wishes)
        sink.append("Subject: x\r\n\r\nhello\r\n")
        sink.end()
        let text = try sink.text()
        #expect(text.hasPrefix("Subject: x\r\n"))
        #expect(text.contains("\r\n\r\nhello\r\n"))
        #expect(text.contains("our words"))
    }

    @Test("a message without a body can be given one, behind a blank line")
    func emptyBody() throws {
        var wishes = BodyWishes()
        wishes.banner = Banner(text: "our words")
        let sink = sink(wishes)
        sink.append("Subject: x\r\n")
        sink.end()
        #expect(try sink.text().hasPrefix("Subject: x\r\n"))
        #expect(try sink.text().split(separator: "\r\n\r\n").count <= 2)
        #expect(sink.headerValues("subject") == ["x"])
    }

    @Test("a header that is too long to be parsed is kept, no filter touches it, and what it hides is said")
    func endlessHeader() throws {
        var wishes = BodyWishes()
        wishes.filters = [Shouter()]
        wishes.parses = true
        let sink = sink(wishes, spoolAfter: 100)
        let line = "X-Long: " + String(repeating: "a", count: 900) + "\r\n"
        let text = String(repeating: line, count: 100) + "\r\nbody\r\n"
        send(text, to: sink, pieces: 4000)
        sink.end()
        #expect(try sink.text(step: 4096) == text)
        #expect(sink.hidesParts)
        #expect(throws: BodyUnknown.tooManyParts) { try sink.bodyTree() }
        let unasked = spool.sink(spoolAfter: 100)
        unasked.begin(BodyWishes(), limits: BodyLimits())
        send(text, to: unasked, pieces: 4000)
        unasked.end()
        #expect(!unasked.hidesParts)
    }

    @Test("a body that is not kept is taken apart all the same, and costs neither memory nor a file")
    func notKept() throws {
        var wishes = BodyWishes()
        wishes.parses = true
        let sink = sink(wishes, spoolAfter: 0)
        sink.keepsBody = false
        sink.append(mail)
        sink.end()
        #expect(sink.byteCount == mail.utf8.count)
        #expect(sink.writer == nil)
        #expect(try sink.bodyTree().parts.count > 1)
        #expect(try sink.text() == header)
    }

    @Test("too many parts are noted, nobody is given a tree, and what came is kept")
    func tooMany() throws {
        var limits = BodyLimits()
        limits.parts = 1
        var wishes = BodyWishes()
        wishes.parses = true
        let sink = sink(wishes, limits: limits)
        sink.append(mail)
        sink.end()
        #expect(sink.isOverfull)
        #expect(throws: BodyUnknown.tooManyParts) { try sink.bodyTree() }
        #expect(try sink.text() == mail)
        let unasked = spool.sink()
        unasked.begin(BodyWishes(), limits: limits)
        unasked.append(mail)
        unasked.end()
        #expect(!unasked.isOverfull)
        #expect(throws: BodyUnknown.tooManyParts) { try unasked.bodyTree() }
    }

    @Test("whoever looks at the message from inside its own way finds it in order", arguments: [0, 262_144])
    func meddling(spoolAfter: Int) throws {
        let listener = Listener()
        let shouter = Shouter()
        var wishes = BodyWishes()
        wishes.observers = [listener]
        wishes.filters = [shouter]
        let sink = sink(wishes, spoolAfter: spoolAfter)
        var sizes: [Int] = []
        let look = {
            sizes.append((try? sink.snapshot().size) ?? -1)
            sizes.append(sink.mimePartCount)
            _ = sink.headerValues("From")
            sink.edit(.addEnd(name: "X-Met", value: "1"))
            #expect(throws: BodyUnknown.notYet) { try sink.bodyTree() }
        }
        (listener.meddle, shouter.meddle) = (look, look)
        send(mail, to: sink, pieces: 16)
        sink.end()
        #expect(sizes.allSatisfy { $0 >= 0 })
        #expect(sink.headerValues("X-Met").count * 2 == sizes.count)
        let met = String(repeating: "X-Met: 1\r\n", count: sizes.count / 2)
        let expected = mail.replacing("hello", with: "HELLO").replacing("boundary=x\r\n", with: "boundary=x\r\n" + met)
        #expect(try sink.text() == expected)
    }

    @Test("a message that somebody fails from inside is refused for now, and its memory given back")
    func failing() throws {
        let shouter = Shouter()
        var wishes = BodyWishes()
        wishes.filters = [shouter]
        let sink = sink(wishes)
        shouter.meddle = { sink.fail("a plugin cannot go on") }
        sink.append(mail)
        #expect(sink.failure?.description == "a plugin cannot go on")
        #expect(sink.memory.isEmpty)
        #expect(sink.heldBytes == 0)
        sink.append("more")
        sink.end()
        #expect(throws: SpoolError.self) { try sink.snapshot() }
        #expect(throws: SpoolError.self) { try sink.bodyTree() }
        #expect(shouter.heard.count { $0.hasPrefix("ended") } == 1)
    }

    @Test(
        "in the middle of a message a view has all that has come, also what is not written yet",
        arguments: [0, 40, 262_144])
    func middle(spoolAfter: Int) throws {
        let sink = spool.sink(spoolAfter: spoolAfter)
        sink.append(String(mail.prefix(100)))
        #expect(try sink.text() == mail.prefix(100))
        sink.append(String(mail.dropFirst(100)))
        #expect(try sink.text() == mail)
    }

    @Test("a view does not copy what it shares")
    func sharing() throws {
        let sink = spool.sink()
        sink.append("A: b\r\n\r\n" + String(repeating: "x", count: 100_000))
        sink.end()
        let view = try #require(try sink.snapshot() as? StoredMessage)
        let (own, shared) = (sink.memory, view.memory)
        #expect(own.withUnsafeBytes(\.baseAddress) == shared.withUnsafeBytes(\.baseAddress))
    }

    @Test("100 MiB with parts, a filter and somebody who reads attachments are held in a few hundred KiB")
    func bounded() throws {
        let listener = Listener()
        var wishes = BodyWishes()
        wishes.parses = true
        wishes.observers = [listener]
        wishes.filters = [Shouter()]
        let sink = sink(wishes)
        sink.append(header + "--x\r\nContent-Type: application/x-large\r\n\r\n")
        let piece = Array(String(repeating: String(repeating: "a", count: 1022) + "\r\n", count: 64).utf8)
        var most = 0
        for _ in 0..<1600 {
            piece.withUnsafeBytes { sink.append($0) }
            most = max(most, sink.heldBytes)
        }
        sink.append("--x--\r\n")
        sink.end()
        #expect(most < 1 << 20)
        #expect(listener.bytes == 1600 * piece.count - 2)
        #expect(sink.heldBytes < 1000)
        #expect(try sink.snapshot().size > 100 << 20)
    }
}
