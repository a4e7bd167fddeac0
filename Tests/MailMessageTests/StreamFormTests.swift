// The forms in which a message can be read.

import MailMessage
import Testing

@Suite("StreamForm")
struct StreamFormTests {
    private func form(_ options: StreamForm.Options, _ chunkSize: Int = 0) -> () -> Incremental {
        {
            var form = StreamForm(options: options, chunkSize: chunkSize)
            return Incremental(take: { form.transform($0, into: &$1) }, finish: { form.finish(into: &$0) })
        }
    }

    @Test(
        "each option does what it says",
        arguments: [
            ([], "A: b\r\n\r\n.\r\n", "A: b\r\n\r\n.\r\n"),
            ([.lf], "a\r\n\r\nb\rc\nd\r\r\n", "a\n\nb\rc\nd\r\n"),
            ([.lf], "a\r", "a\r"),
            ([.dotStuffed], ".a\r\n..\r\nb.\r\n.", "..a\r\n...\r\nb.\r\n.."),
            ([.dotStuffed], "a\n.\nb\r.c", "a\n..\nb\r.c"),
            ([.dotStuffed, .lf], ".a\r\n.\r\n\r.\r\n", "..a\n..\n\r.\n"),
            ([.endingDot], "a\r\n", "a\r\n.\r\n"),
            ([.endingDot], "a", "a\r\n.\r\n"),
            ([.endingDot], "a\r", "a\r\r\n.\r\n"),
            ([.endingDot], "a\n", "a\n\r\n.\r\n"),
            ([.endingDot], "", ".\r\n"),
            ([.endingDot, .lf], "a\r\n", "a\n.\n"),
            ([.endingDot, .lf], "a", "a\n.\n"),
            ([.endingDot, .lf], "a\r", "a\r\n.\n"),
            ([.endingDot, .dotStuffed], ".\r\n", "..\r\n.\r\n"),
            ([.skipHeaders], "A: b\r\n c\r\n\r\nbody\r\n\r\nx", "body\r\n\r\nx"),
            ([.skipHeaders], "A: b\n\nbody", "body"),
            ([.skipHeaders], "\r\nbody", "body"),
            ([.skipHeaders], "A: b\r\n\r\r\n\r\nbody", "body"),
            ([.skipHeaders], "A: b\r\n", ""),
            ([.skipHeaders, .dotStuffed, .endingDot], "A: b\r\n\r\n.", "..\r\n.\r\n"),
        ] as [(StreamForm.Options, String, String)])
    func options(options: StreamForm.Options, message: String, read: String) {
        #expect(result(message, form(options)) == read)
    }

    @Test("clamd gets chunks of exactly the size, the last one shorter, and a length of 0")
    func clamd() {
        #expect(
            result(Array("abcdefg".utf8), form(.clamd, 3)) == [
                0, 0, 0, 3, 0x61, 0x62, 0x63, 0, 0, 0, 3, 0x64, 0x65, 0x66, 0, 0, 0, 1, 0x67, 0, 0, 0, 0,
            ])
        #expect(result([], form(.clamd, 3)) == [0, 0, 0, 0])
        #expect(result(Array("abc".utf8), form(.clamd, 3)) == [0, 0, 0, 3, 0x61, 0x62, 0x63, 0, 0, 0, 0])
        let stuffed: [UInt8] = [0, 0, 0, 4, 0x2E, 0x2E, 0x0A, 0x2E, 0, 0, 0, 1, 0x0A, 0, 0, 0, 0]
        #expect(result(Array(".\r\n".utf8), form([.clamd, .lf, .dotStuffed, .endingDot], 4)) == stuffed)
        let large = [UInt8](repeating: 0x61, count: 70_000)
        let first = [0, 1, 0, 0] + large.prefix(65_536)
        #expect(result(large, form(.clamd)) == first + [0, 0, 0x11, 0x70] + large.dropFirst(65_536) + [0, 0, 0, 0])
    }

    @Test("random messages are the same however they are cut", arguments: 0..<32)
    func random(seed: Int) {
        var cuts = Cuts(seed: UInt64(seed))
        _ = result(cuts.bytes(300, of: "a.\r\n\r\n"), form(StreamForm.Options(rawValue: UInt32(seed)), 7))
    }
}
