// Lines that are too long.

import MailMessage
import Testing

@Suite("LineFolder")
struct LineFolderTests {
    private func folder(_ limit: Int) -> () -> Incremental {
        {
            var folder = LineFolder(limit: limit)
            return Incremental(
                take: { bytes, output in folder.fold(bytes) { output.append(contentsOf: $0) } },
                finish: { output in folder.finish { output.append(contentsOf: $0) } })
        }
    }

    @Test(
        "a line of more than the limit is cut by CR LF SP, which counts",
        arguments: [
            ("", ""),
            ("abcd\r\n", "abcd\r\n"),
            ("abcde\r\n", "abcd\r\n e\r\n"),
            ("abcdefgh\r\nabcd\r\n", "abcd\r\n efg\r\n h\r\nabcd\r\n"),
            ("abcdefg\r\n", "abcd\r\n efg\r\n"),
            ("abcd", "abcd"),
            ("abcd\r", "abcd\r\n \r"),
            ("abcd\re\r\n", "abcd\r\n \re\r\n"),
            ("abc\rd\r\n", "abc\r\r\n d\r\n"),
            ("abcd\nabcd\r\n", "abcd\nabcd\r\n"),
            ("\r\n\r\n", "\r\n\r\n"),
        ])
    func table(text: String, folded: String) {
        #expect(result(text, folder(4)) == folded)
    }

    @Test("it says whether a line was too long")
    func didFold() {
        var folder = LineFolder(limit: 4)
        Array("abcd\r\n".utf8).withUnsafeBytes { folder.fold($0) { _ in } }
        #expect(!folder.didFold)
        Array("abcde\r\n".utf8).withUnsafeBytes { folder.fold($0) { _ in } }
        #expect(folder.didFold)
    }

    @Test("lines within the limit come out as the slice that came in")
    func noCopies() {
        var folder = LineFolder(limit: 998)
        let bytes = Array("abc\r\ndef\r\nghi".utf8)
        bytes.withUnsafeBytes { bytes in
            var slices: [UnsafeRawBufferPointer] = []
            folder.fold(bytes) { slices.append($0) }
            #expect(slices.count == 1)
            #expect(slices.first?.baseAddress == bytes.baseAddress && slices.first?.count == bytes.count)
        }
    }

    @Test("no line is longer than the limit, and nothing but folds was added", arguments: 0..<40)
    func random(seed: Int) {
        var cuts = Cuts(seed: UInt64(seed))
        let limit = Int.random(in: 0...9, using: &cuts)
        let bytes = cuts.bytes(300, of: "abcd\r\n\n")
        let folded = result(bytes, folder(limit))
        for line in folded.split(separator: 0x0A, omittingEmptySubsequences: false) {
            #expect((line.last == 0x0D ? line.count - 1 : line.count) <= max(limit, 2))
        }
        #expect(folded.filter { $0 > 0x20 } == bytes.filter { $0 > 0x20 })
    }
}
