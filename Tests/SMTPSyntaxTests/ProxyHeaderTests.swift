// PROXY headers: both versions, all families, every cut, and what is none.

import SMTPSyntax
import Testing

/// Headers of version 2 as proxies write them.
enum Binary {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    /// 192.0.2.1:56324 to 198.51.100.1:25.
    static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0, 25]
    /// 2001:db8::1:56324 to 2001:db8::2:25.
    static let v6: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1, 0x20, 1, 0x0D, 0xB8]
        + [UInt8](repeating: 0, count: 11) + [2, 0xDC, 0x04, 0, 25]

    static func header(_ command: UInt8 = 0x21, _ family: UInt8 = 0x11, _ body: [UInt8] = v4) -> [UInt8] {
        signature + [command, family, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }

    static func extra(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
    }
}

@Suite("ProxyHeader")
struct ProxyHeaderTests {
    static func parse(_ bytes: [UInt8]) -> ProxyHeader.Progress { bytes.withUnsafeBytes { ProxyHeader.parse($0) } }

    static func parse(_ text: String) -> ProxyHeader.Progress { parse(Array(text.utf8)) }

    static func isMalformed(_ progress: ProxyHeader.Progress) -> Bool {
        if case .malformed = progress { return true }
        return false
    }

    /// What a header says: "version source destination".
    static func words(_ progress: ProxyHeader.Progress) -> String {
        guard case .header(let header, _) = progress else { return "\(progress)" }
        let ends = [header.source, header.destination].map { $0.map { "\($0.address) \($0.port)" } ?? "-" }
        return "\(header.version) \(ends[0]) \(ends[1])"
    }

    static let lines: [(String, String)] = [
        ("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25", "1 192.0.2.1 56324 198.51.100.1 25"),
        ("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535", "1 0.0.0.0 0 255.255.255.255 65535"),
        ("PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 1 25", "1 2001:db8::1 1 2001:db8::2 25"),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 25", "1 192.0.2.1 1 ::1 25"),
        ("PROXY TCP6 1:0:0:2:0:0:0:3 :: 1 25", "1 1:0:0:2::3 1 :: 25"),
        ("PROXY TCP6 1:0:2:3:4:5:6:7 1:2:3:4:5:6:7:: 1 25", "1 1:0:2:3:4:5:6:7 1 1:2:3:4:5:6:7:0 25"),
        (
            "PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535".replacing(
                "f...f", with: "ffff:ffff:ffff:ffff:ffff:ffff"),
            "1 ffff:f...f:ffff 65535 ffff:f...f:ffff 65535".replacing("f...f", with: "ffff:ffff:ffff:ffff:ffff:ffff")
        ),
        ("PROXY UNKNOWN", "1 - -"),
        ("PROXY UNKNOWN ffff::1 and whatever else", "1 - -"),
    ]

    @Test("a line says who the client is", arguments: lines)
    func line(text: String, expected: String) {
        #expect(ProxyHeaderTests.words(ProxyHeaderTests.parse(text + "\r\n")) == expected)
    }

    @Test("a line is whole at its CR LF and not before, and what follows is not touched")
    func lineCuts() {
        for (text, _) in ProxyHeaderTests.lines {
            let line = Array("\(text)\r\n".utf8)
            for count in 0..<line.count {
                #expect(ProxyHeaderTests.parse(Array(line[..<count])) == .needMore, "\(count) of \(text)")
            }
            guard case .header(_, let consumed) = ProxyHeaderTests.parse(line + Array("EHLO x\r\n".utf8)) else {
                Issue.record("no header: \(text)")
                continue
            }
            #expect(consumed == line.count)
        }
    }

    @Test(
        "a line that is not understood is malformed",
        arguments: [
            "PROXY", "PROXY ", "PROXY TCP4", "PROXY TCP5 192.0.2.1 198.51.100.1 1 25",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 25 ", "PROXY TCP4  192.0.2.1 198.51.100.1 1 25",
            "PROXY TCP4 192.0.2.256 198.51.100.1 1 25", "PROXY TCP4 192.0.2 198.51.100.1 1 25",
            "PROXY TCP4 192.0.02.1 198.51.100.1 1 25", "PROXY TCP4 2001:db8::1 2001:db8::2 1 25",
            "PROXY TCP6 192.0.2.1 198.51.100.1 1 25", "PROXY TCP6 2001:db8::1::2 ::1 1 25",
            "PROXY TCP6 2001:db8:::1 ::1 1 25", "PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 25", "PROXY TCP6 12345::1 ::1 1 25",
            "PROXY TCP6 1:2:3:4:5:6:7 ::1 1 25", "PROXY TCP6 1:2:3:4:5:6:7:8:: ::1 1 25", "PROXY TCP6 g::1 ::1 1 25",
            "PROXY TCP4 192.0.2.1 198.51.100.1 65536 25", "PROXY TCP4 192.0.2.1 198.51.100.1 -1 25",
            "PROXY TCP4 192.0.2.1 198.51.100.1 01 25", "PROXY TCP4 192.0.2.1 198.51.100.1  25", "PROXY unknown",
            "proxy TCP4 192.0.2.1 198.51.100.1 1 25", "EHLO x",
        ])
    func malformedLines(text: String) {
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(text + "\r\n")), "\(text)")
    }

    @Test("a line without CR, or of more than 107 bytes, is malformed")
    func lineEnds() {
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse("PROXY UNKNOWN\n")))
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse("PROXY UNKNOWNx\n")))
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse("PROXY \n")))
        let longest = "PROXY UNKNOWN " + String(repeating: "x", count: 91)
        #expect(ProxyHeaderTests.words(ProxyHeaderTests.parse(longest + "\r\n")) == "1 - -")
        #expect(ProxyHeaderTests.parse(longest) == .needMore)
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(longest + "x\r\n")))
        #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(longest + "xx")))
    }

    @Test("what cannot become a header is malformed at its first wrong byte")
    func early() {
        #expect(ProxyHeaderTests.parse([]) == .needMore)
        for wrong in ["E", "PX", "PROXY\t", "\r\n\r\n\0\r\nQUIX", "\n"] {
            #expect(ProxyHeaderTests.isMalformed(ProxyHeaderTests.parse(wrong)), "\(wrong)")
            #expect(ProxyHeaderTests.parse(String(wrong.unicodeScalars.dropLast().map(Character.init))) == .needMore)
        }
    }
}
