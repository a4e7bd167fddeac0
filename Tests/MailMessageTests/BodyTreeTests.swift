// What is remembered of a body, and who reads its attachments.

import MailMessage
import Testing

@Suite("BodyTree")
struct BodyTreeTests {
    /// Writes down all that it is told.
    final class Reader: AttachmentReader {
        var bytes: [UInt8] = []
        var largest = 0
        var ends: [PartEnd] = []

        func received(_ bytes: UnsafeRawBufferPointer) {
            self.bytes += bytes
            largest = max(largest, bytes.count)
        }
        func ended(_ end: PartEnd) { ends.append(end) }
    }

    final class Observer: AttachmentObserver {
        var asked: [PartFacts] = []
        var readers: [Reader] = []
        let wants: (PartFacts) -> Bool

        init(_ wants: @escaping (PartFacts) -> Bool = { _ in true }) { self.wants = wants }

        func begins(_ part: PartFacts) -> (any AttachmentReader)? {
            asked.append(part)
            guard wants(part) else { return nil }
            readers.append(Reader())
            return readers.last
        }
    }

    private static let body = """
        --b\r
        Content-Type: multipart/x; boundary=c\r
        \r
        --c\r
        \r
        text\r
        --c--\r
        epilogue\r
        --b\r
        Content-Type: image/png\r
        Content-Transfer-Encoding: base64\r
        \r
        AAEC\r
        AwQ=\r
        --b\r
        Content-Disposition: attachment; filename=x.txt\r
        Content-Transfer-Encoding: quoted-printable\r
        \r
        =41=\r
        B\r
        --b--\r

        """

    private func tree(
        _ body: String, observers: [any AttachmentObserver] = [], piece: Int = .max, limits: BodyLimits = BodyLimits()
    ) -> BodyTree {
        var builder = BodyTree.Builder(root: .multipart("b"), limits: limits, observers: observers)
        var rest = Array(body.utf8)[...]
        while !rest.isEmpty {
            rest.prefix(piece).withUnsafeBytes { builder.append($0) }
            rest = rest.dropFirst(piece)
        }
        return builder.finish()
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: Array(Self.body.utf8)[range], as: UTF8.self) }

    @Test("parts know their parents, children, headers and contents", arguments: [1, 7, Int.max])
    func tree(piece: Int) {
        let parts = tree(Self.body, piece: piece).parts
        #expect(parts.map(\.facts.index) == [0, 1, 2, 3, 4])
        #expect(parts.map(\.parent) == [nil, 0, 1, 0, 0])
        #expect(parts.map(\.children) == [[1, 3, 4], [2], [], [], []])
        #expect(parts.map(\.isComplete) == [true, true, true, true, true])
        #expect(parts[0].content == 0..<Self.body.utf8.count)
        #expect(parts[0].header == 0..<0)
        #expect(text(parts[1].header) == "Content-Type: multipart/x; boundary=c\r\n")
        #expect(text(parts[1].content) == "--c\r\n\r\ntext\r\n--c--\r\nepilogue")
        #expect(text(parts[2].content) == "text")
        #expect(text(parts[2].header) == "")
        #expect(text(parts[3].content) == "AAEC\r\nAwQ=")
        #expect(text(parts[4].content) == "=41=\r\nB")
    }

    @Test("the line end behind a closing delimiter belongs to the delimiter that follows")
    func tightClose() {
        let body = "--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n"
        let content = tree(body).parts[1].content
        #expect(String(decoding: Array(body.utf8)[content], as: UTF8.self) == "--c\r\n\r\nx\r\n--c--")
    }

    @Test("a stored body is read in pieces and gives the same tree")
    func stored() throws {
        let body = Array(Self.body.utf8)
        let read = BodyTree.walk(root: .multipart("b"), limits: BodyLimits()) { offset, buffer in
            let piece = body[offset...].prefix(10)
            buffer.copyBytes(from: piece)
            return piece.count
        }
        #expect(read.parts.map(\.content) == tree(Self.body).parts.map(\.content))
        struct Lost: Error {}
        #expect(throws: Lost.self) {
            try BodyTree.walk(root: PartFacts(), limits: BodyLimits()) { _, _ in throw Lost() }
        }
    }

    @Test("an empty body is one part without content")
    func empty() {
        for root in [PartFacts(), .multipart("b")] {
            var builder = BodyTree.Builder(root: root, limits: BodyLimits())
            #expect(builder.partCount == 0)
            let parts = builder.finish().parts
            #expect(parts.map(\.content) == [0..<0])
            #expect(parts.map(\.isComplete) == [!root.isMultipart])
        }
    }

    @Test("too many parts are counted up to the limit, and the tree says so")
    func overfull() {
        var limits = BodyLimits()
        limits.parts = 2
        let overfull = tree(Self.body, limits: limits)
        #expect(overfull.isOverfull)
        #expect(overfull.parts.count == 3)
        #expect(!tree(Self.body).isOverfull)
    }

    @Test("attachments are decoded for all who want them, whatever the pieces", arguments: [1, 3, Int.max])
    func attachments(piece: Int) {
        let (all, images) = (Observer(), Observer { $0.contentType == "image/png" })
        _ = tree(Self.body, observers: [all, images], piece: piece)
        #expect(all.asked.map(\.index) == [3, 4])
        #expect(all.asked.map(\.filename) == ["", "x.txt"])
        #expect(all.readers.map(\.bytes) == [[0, 1, 2, 3, 4], [0x41, 0x42]])
        #expect(all.readers.map(\.ends) == [[.complete], [.complete]])
        #expect(images.asked.count == 2)
        #expect(images.readers.map(\.bytes) == [[0, 1, 2, 3, 4]])
    }

    @Test("a message that is itself an attachment is read, too")
    func wholeMessage() {
        let observer = Observer()
        let root = PartFacts.of("Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n")
        var builder = BodyTree.Builder(root: root, limits: BodyLimits(), observers: [observer])
        Array("AAEC\r\n".utf8).withUnsafeBytes { builder.append($0) }
        #expect(builder.partCount == 1)
        #expect(builder.finish().parts.map(\.content) == [0..<6])
        #expect(observer.readers.map(\.bytes) == [[0, 1, 2]])
        #expect(observer.readers.map(\.ends) == [[.complete]])
    }

    @Test("readers get at most 64 KiB at once", arguments: ["base64", "8bit"])
    func pieces(encoding: String) {
        let content = String(repeating: "AAAA", count: 100_000)
        let header = "Content-Type: x/y\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n"
        let observer = Observer()
        _ = tree("--b\r\n\(header)\(content)\r\n--b--\r\n", observers: [observer])
        #expect(observer.readers[0].bytes.count == (encoding == "base64" ? 300_000 : 400_000))
        #expect(observer.readers[0].largest <= 65_536)
    }

    @Test("a reader of a part that is cut off gets what there was, and is told once")
    func unfinished() {
        let observer = Observer()
        _ = tree("--b\r\nContent-Type: x/y\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw", observers: [observer])
        #expect(observer.readers.map(\.bytes) == [[0, 1, 2, 3]])
        #expect(observer.readers.map(\.ends) == [[.unfinished]])
    }

    @Test("readers are told that a message is not wanted any more, once")
    func aborted() {
        let observer = Observer()
        var builder = BodyTree.Builder(root: .multipart("b"), limits: BodyLimits(), observers: [observer])
        Array("--b\r\nContent-Type: x/y\r\n\r\nx\r\n--b\r\nContent-Type: x/y\r\n\r\ny".utf8).withUnsafeBytes {
            builder.append($0)
        }
        builder.abort()
        builder.abort()
        #expect(observer.readers.map(\.ends) == [[.complete], [.aborted]])
    }
}
