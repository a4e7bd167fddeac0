// Where the header ends.

import MailMessage
import Testing

@Suite("HeaderScanner")
struct HeaderScannerTests {
    /// Message, end of the header, start of the body, what `HeaderBlock.end(of:)` says.
    static let messages: [(String, Int, Int, Int)] = [
        ("A: b\r\n\r\nbody", 6, 8, 8),
        ("A: b\n\nbody", 5, 6, 6),
        ("A: b\r\n c\r\n\td\r\n\r\n", 14, 16, 16),
        ("\r\nbody", 0, 2, 0),
        ("\nbody", 0, 1, 0),
        ("body\r\n", 0, 0, 0),
        ("A: b\r\nbody\r\n\r\n", 6, 6, 6),
        ("A: b\r\n \t\r\n\r\n", 10, 12, 12),
        (" continuation\r\nA: b\r\n\r\n", 0, 0, 0),
        ("From x@y Mon\r\nA: b\r\n\r\n", 0, 0, 0),
        (":x\r\n\r\n", 0, 0, 0),
        ("A : b\r\n\r\n", 7, 9, 9),
        ("A b: c\r\n\r\n", 0, 0, 0),
        ("A:\r\nX\u{E9}: b\r\n\r\n", 12, 14, 14),
        ("A\u{7F}: b\r\n\r\n", 0, 0, 0),
        ("A: b\r\n\r\r\n", 6, 6, 6),
    ]

    @Test(
        "the header ends before its blank line, or before the first line that is neither field nor continuation",
        arguments: messages)
    func boundary(text: String, headerEnd: Int, bodyStart: Int, end: Int) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { bytes in
            var whole = HeaderScanner()
            let boundary = whole.scan(bytes)
            #expect(boundary?.headerEnd == headerEnd)
            #expect(boundary?.bodyStart == bodyStart)
            #expect(HeaderBlock.end(of: bytes) == end)
        }
    }

    @Test("it is found at the same place when the bytes arrive one by one", arguments: messages)
    func byteByByte(text: String, headerEnd: Int, bodyStart: Int, end: Int) {
        let bytes = Array(text.utf8)
        var scanner = HeaderScanner()
        var found: HeaderScanner.Boundary?
        for length in 0...bytes.count where found == nil {
            found = bytes[..<length].withUnsafeBytes { scanner.scan($0) }
        }
        #expect(found?.headerEnd == headerEnd)
        #expect(found?.bodyStart == bodyStart)
    }

    @Test(
        "as long as the header may go on there is no end",
        arguments: [
            "", "A", "body", "A: b", "A: b\r\n", "A: b\r\n\r", "A: b\r\n ", "\r", "A: b\r\nbody",
        ])
    func noneYet(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { HeaderBlock.end(of: $0) } == nil)
    }
}
