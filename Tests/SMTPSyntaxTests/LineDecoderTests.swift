// Command lines: where they end, how long they may be, and what bare CR and LF do.

import SMTPSyntax
import Testing

@Suite("LineDecoder")
struct LineDecoderTests {
    /// All lines and events of `text`, which arrives in pieces of `step` bytes.
    private func events(
        _ text: String, _ policy: BareNewlinePolicy = .reject, limit: Int = 512, step: Int
    ) -> [String] {
        var decoder = LineDecoder(limit: limit, bareNewline: policy)
        var found: [String] = []
        return text.asBuffer { bytes in
            var start = 0
            var end = 0
            while true {
                switch decoder.next(bytes.slice(start..<end)) {
                case .line(let length, let consumed):
                    found.append(String(decoding: bytes[start..<(start + length)], as: UTF8.self))
                    start += consumed
                case .bareNewline(let consumed):
                    found.append("bare(\(consumed))")
                    start += consumed
                case .skipped(let consumed): start += consumed
                case .tooLong: return found + ["too long"]
                case .needMore:
                    if end == bytes.count { return found }
                    end = min(end + step, bytes.count)
                }
            }
        }
    }

    @Test("a line of 512 bytes with its CR LF is accepted, one of 513 is not", arguments: [1, 7, 1000])
    func limit(step: Int) {
        let longest = String(repeating: "a", count: 510)
        #expect(events(longest + "\r\n", step: step) == [longest])
        #expect(events(longest + "a\r\n", step: step) == ["too long"])
    }

    @Test("what stands between a bare LF and the next CR LF is skipped, however it comes", arguments: [1, 2, 3, 1000])
    func skipping(step: Int) {
        #expect(events("A\nB\r\nC\r\n", step: step) == ["bare(2)", "C"])
        #expect(events("A\n\r\nC\r\n", step: step) == ["bare(2)", "C"])
        #expect(events("A\nB\nC\rD\n\r\r\nE\r\n", step: step) == ["bare(2)", "E"])
        #expect(events("A\n" + String(repeating: "x", count: 2000) + "\r\nE\r\n", step: step) == ["bare(2)", "E"])
    }

    @Test("a line with a bare CR ends where it ends, and nothing behind it is skipped", arguments: [1, 1000])
    func bareCR(step: Int) { #expect(events("A\rB\r\nC\r\n", step: step) == ["bare(5)", "C"]) }

    @Test("512 bytes without an end may still be the beginning of a line, 513 may not")
    func limitWithoutEnd() {
        var decoder = LineDecoder(limit: 512, bareNewline: .reject)
        let flood = String(repeating: "a", count: 2000)
        flood.asBuffer { bytes in
            #expect(decoder.next(bytes.slice(0..<512)) == .needMore)
            #expect(decoder.next(bytes.slice(0..<513)) == .tooLong)
            #expect(decoder.next(bytes) == .tooLong)
        }
    }

    @Test("a line that is too long stays too long when asked again")
    func tooLongIsFinal() {
        var decoder = LineDecoder(limit: 4, bareNewline: .accept)
        "abcd\r\n".asBuffer { bytes in
            #expect(decoder.next(bytes) == .tooLong)
            #expect(decoder.next(bytes) == .tooLong)
        }
    }

    @Test("a limit of nothing or less accepts nothing", arguments: [0, -1, Int.min])
    func noLimit(limit: Int) {
        var decoder = LineDecoder(limit: limit, bareNewline: .accept)
        "\n".asBuffer { #expect(decoder.next($0) == .tooLong) }
    }

    @Test("the greatest limit does not overflow")
    func greatestLimit() {
        #expect(events("a\r\n", limit: Int.max, step: 1) == ["a"])
    }

    @Test("pipelined lines come one by one with the right lengths")
    func pipelined() {
        var decoder = LineDecoder(limit: 512, bareNewline: .reject)
        "RSET\r\n\r\nQUIT".asBuffer { bytes in
            #expect(decoder.next(bytes) == .line(length: 4, consumed: 6))
            #expect(decoder.next(bytes.slice(6..<bytes.count)) == .line(length: 0, consumed: 2))
            #expect(decoder.next(bytes.slice(8..<bytes.count)) == .needMore)
        }
    }

    @Test("no bytes need more")
    func empty() {
        var decoder = LineDecoder(limit: 512, bareNewline: .reject)
        #expect(decoder.next(UnsafeRawBufferPointer(start: nil, count: 0)) == .needMore)
    }

    static let bare: [(String, [String])] = [
        ("NOOP\nQUIT\r\nRSET\r\n", ["bare(5)", "RSET"]),
        ("NO\rOP\r\nQUIT\r\n", ["bare(7)", "QUIT"]),
        ("NOOP\r\r\nQUIT\r\n", ["bare(7)", "QUIT"]),
        ("\nQUIT\r\nRSET\r\n", ["bare(1)", "RSET"]),
        ("a\rb\rc\nQUIT\r\nRSET\r\n", ["bare(6)", "RSET"]),
    ]

    @Test(
        "under reject a line with a bare CR or LF is refused to its CR LF, and the next one is whole", arguments: bare)
    func reject(text: String, expected: [String]) {
        for step in 1...text.utf8.count { #expect(events(text, step: step) == expected) }
    }

    @Test(
        "under replace and accept a bare LF ends a line, a bare CR stays in it",
        arguments: [
            ("NOOP\nQUIT\r\n", ["NOOP", "QUIT"]),
            ("NO\rOP\r\nQUIT\r\n", ["NO\rOP", "QUIT"]),
            ("NOOP\r\r\nQUIT\r\n", ["NOOP\r", "QUIT"]),
        ])
    func otherPolicies(text: String, expected: [String]) {
        for policy in [BareNewlinePolicy.replace, .accept] {
            for step in 1...text.utf8.count { #expect(events(text, policy, step: step) == expected) }
        }
    }
}
