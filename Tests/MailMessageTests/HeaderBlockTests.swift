// Header blocks: reading, searching, editing, writing.

import MailMessage
import Testing

extension HeaderBlock {
    init(_ text: String, maxLines: Int = 1000) {
        self = Array(text.utf8).withUnsafeBytes { HeaderBlock(parsing: $0, maxLines: maxLines) }
    }

    /// What the block writes; its size is checked on the way.
    var wire: String {
        var bytes: [UInt8] = []
        write { bytes += $0 }
        #expect(bytes.count == byteCount)
        return String(decoding: bytes, as: UTF8.self)
    }

    var pieces: Int {
        var pieces = 0
        write { _ in pieces += 1 }
        return pieces
    }
}

@Suite("HeaderBlock")
struct HeaderBlockTests {
    static let message = "Received: one\r\n\tfolded\r\nSubject:  Hi \r\nreceived:two\r\nX-Empty:\r\n"

    @Test("values are found whatever the case of the name, with their folding and without outer blanks")
    func values() {
        let block = HeaderBlock(Self.message)
        #expect(block.values("RECEIVED") == ["one\r\n\tfolded", "two"])
        #expect(block.first("received") == "one\r\n\tfolded")
        #expect(block.first("Subject") == "Hi")
        #expect(block.values("X-Empty") == [""])
        #expect(block.count("Received") == 2)
        #expect(block.count("Receive") == 0)
        #expect(block.first("None") == nil)
        #expect(block.values("") == [])
    }

    @Test(
        "an untouched block is written byte for byte and in one piece",
        arguments: [
            message, "", "A:b\n", "A: b\r\n\t \r\n c\r\n", "no field\r\nA: b\r\n", " continuation\r\nA: b\r\n",
            "A : b\r\n",
            "A: \u{0}\u{7F}\r\n", "A: a\rb\r\n", ":x\r\nA: b\r\n",
        ])
    func untouched(text: String) {
        for maxLines in [0, 1, 2, 1000] {
            let block = HeaderBlock(text, maxLines: maxLines)
            #expect(block.wire == text)
            #expect(block.pieces == (text.isEmpty ? 0 : 1))
        }
    }

    @Test("reading stops at the blank line", arguments: ["\r\n", "\n"])
    func blankLine(blank: String) {
        let block = HeaderBlock("A: b\r\n" + blank + "B: c\r\n")
        #expect(block.wire == "A: b\r\n")
        #expect(block.count("B") == 0)
    }

    @Test("a last line without its end gets one", arguments: [("A: b", "A: b\r\n"), ("A: b\r", "A: b\r\n")])
    func noLineEnd(text: String, wire: String) {
        var block = HeaderBlock(text)
        #expect(block.wire == wire)
        block.addEnd("C", "d")
        #expect(block.wire == wire + "C: d\r\n")
    }

    @Test("fields come with raw values")
    func fields() {
        let block = HeaderBlock("A:  b \r\n\tc\r\nno field\r\nD\t: \u{E9}\n")
        #expect(
            block.fields == [
                HeaderField(name: "A", value: Array("  b \r\n\tc".utf8)),
                HeaderField(name: "D", value: Array(" \u{E9}".utf8)),
            ])
        #expect(block.fields.map(\.text) == ["b \r\n\tc", "\u{E9}"])
    }

    @Test("bytes that are no UTF-8 are replaced in values and kept on the wire")
    func invalidUTF8() {
        let bytes: [UInt8] = [0x41, 0x3A, 0xFF, 0x0D, 0x0A]
        let block = bytes.withUnsafeBytes { HeaderBlock(parsing: $0, maxLines: 10) }
        #expect(block.first("A") == "\u{FFFD}")
        #expect(block.fields == [HeaderField(name: "A", value: [0xFF])])
        var written: [UInt8] = []
        block.write { written += $0 }
        #expect(written == bytes)
    }

    @Test("fields beyond the greatest number of lines are carried along but not found")
    func maxLines() {
        let text = "A: 1\r\n 2\r\n 3\r\nB: 4\r\nC: 5\r\n"
        var block = HeaderBlock(text, maxLines: 2)
        #expect(block.first("A") == "1\r\n 2\r\n 3")
        #expect(block.count("B") == 0)
        block.remove("A")
        block.addEnd("D", "6")
        #expect(block.wire == "B: 4\r\nC: 5\r\nD: 6\r\n")
        #expect(HeaderBlock(text, maxLines: 4).count("B") == 1)
        #expect(HeaderBlock(text, maxLines: 4).count("C") == 0)
    }

    @Test("fields are added at the top and at the end, and are found there")
    func adding() {
        var block = HeaderBlock("A: b\r\n")
        block.addLeading("X", "1")
        block.addEnd("X", "2")
        block.addLeading("X", "0")
        #expect(block.wire == "X: 0\r\nX: 1\r\nA: b\r\nX: 2\r\n")
        #expect(block.values("x") == ["0", "1", "2"])
        #expect(block.first("x") == "0")
    }

    @Test("an empty block takes fields")
    func emptyBlock() {
        var block = HeaderBlock()
        #expect(block.wire == "" && block.byteCount == 0)
        block.addEnd("A", "b")
        #expect(block.wire == "A: b\r\n")
    }

    @Test("removing takes all fields of the name with their continuation lines, and nothing else")
    func removing() {
        var block = HeaderBlock(Self.message)
        block.remove("RECEIVED")
        #expect(block.wire == "Subject:  Hi \r\nX-Empty:\r\n")
        block.addLeading("Received", "new")
        block.remove("none")
        #expect(block.wire == "Received: new\r\nSubject:  Hi \r\nX-Empty:\r\n")
        block.remove("received")
        block.remove("subject")
        block.remove("x-empty")
        #expect(block.wire == "" && block.byteCount == 0)
    }

    @Test("a line that is no field belongs to nothing and is not removed")
    func opaqueLines() {
        var block = HeaderBlock("A: 1\r\nno field\r\n 2\r\nB: 3\r\n")
        #expect(block.first("A") == "1")
        block.remove("A")
        #expect(block.wire == "no field\r\n 2\r\nB: 3\r\n")
    }
}
