// Replies on the wire, and the values around them.

import SMTPSyntax
import Testing

@Suite("Reply")
struct ReplyTests {
    private func wire(_ reply: Reply, prefix: String = "") -> String {
        var calls: [String] = []
        reply.encode(into: { calls.append(String(decoding: $0, as: UTF8.self)) }, prefix: prefix)
        #expect(calls.count == 1)
        return calls.joined()
    }

    @Test(
        "a reply is encoded exactly",
        arguments: [
            (Reply(250, "OK"), "250 OK\r\n"),
            (Reply(250, "a\nb"), "250-a\r\n250 b\r\n"),
            (Reply(250, lines: ["a", "b", "c"]), "250-a\r\n250-b\r\n250 c\r\n"),
            (Reply(451, "a\n\n \t\nb\n"), "451-a\r\n451 b\r\n"),
            (Reply(250, ""), "250 \r\n"),
            (Reply(250, lines: []), "250 \r\n"),
            (Reply(250, lines: [" ", "\u{0}\u{7F}"]), "250 \r\n"),
            (Reply(250, " a "), "250  a \r\n"),
            (Reply(250, String(repeating: " ", count: 16)), "250 \r\n"),
            (Reply(250, "a\n        \nb"), "250-a\r\n250 b\r\n"),
            (Reply(250, "        a"), "250         a\r\n"),
            (Reply(550, "J\u{F6}rg \u{20AC}"), "550 J\u{F6}rg \u{20AC}\r\n"),
            (Reply(250, "OK", status: EnhancedStatus("2.0.0")), "250 OK\r\n"),
        ])
    func exact(reply: Reply, expected: String) {
        #expect(wire(reply) == expected)
    }

    @Test(
        "control characters never reach the wire",
        arguments: [
            (Reply(550, lines: ["a\r\n250 OK"]), "550 a250 OK\r\n"),
            (Reply(550, "a\rb"), "550 ab\r\n"),
            (Reply(550, "a\r\nb"), "550-a\r\n550 b\r\n"),
            (Reply(550, "a\u{0}b\u{1B}[2J\u{7F}"), "550 ab[2J\r\n"),
            (Reply(550, "a\tb"), "550 a b\r\n"),
            (Reply(550, "a\u{85}b\u{9B}c\u{A0}d"), "550 abc\u{A0}d\r\n"),
        ])
    func controls(reply: Reply, expected: String) {
        #expect(wire(reply) == expected)
    }

    @Test("control characters are found at every place", arguments: ["\u{0}", "\u{1F}", "\u{7F}", "\u{80}", "\u{9F}"])
    func everyPlace(character: String) {
        for length in 0..<24 {
            for place in 0...length {
                let (before, after) = (
                    String(repeating: "\u{7E}", count: place), String(repeating: "\u{E9}", count: length - place)
                )
                #expect(wire(Reply(550, "!\(before)\(character)\(after)")) == "550 !\(before)\(after)\r\n")
            }
        }
    }

    @Test("a line of 510 bytes is sent whole, one more goes on in a further line")
    func longLines() {
        let text = String(repeating: "x", count: 506)
        #expect(wire(Reply(250, text)) == "250 \(text)\r\n")
        #expect(wire(Reply(250, text + "yz")) == "250-\(text)\r\n250 yz\r\n")
    }

    @Test("a long line is cut between characters", arguments: ["\u{E9}", "\u{20AC}", "\u{1F4E7}"])
    func cutsBetweenCharacters(character: String) {
        for shift in 0..<4 {
            let text = String(repeating: "x", count: shift) + String(repeating: character, count: 600)
            let lines = wire(Reply(250, text)).split(separator: "\r\n", omittingEmptySubsequences: true)
            #expect(lines.allSatisfy { $0.utf8.count <= 510 && $0.utf8.count > 500 || $0 == lines.last })
            #expect(lines.map { $0.dropFirst(4) }.joined() == text)
        }
    }

    @Test("the prefix stands before the text of each line")
    func prefix() {
        #expect(wire(Reply(550, "a\nb"), prefix: "[ABC@mx] ") == "550-[ABC@mx] a\r\n550 [ABC@mx] b\r\n")
        #expect(wire(Reply(550, "a"), prefix: "x\r\n250 ") == "550 x250 a\r\n")
        #expect(wire(Reply(550, "\n"), prefix: "[A] ") == "550 [A] \r\n")
        let text = String(repeating: "x", count: 502)
        #expect(wire(Reply(550, text + "y"), prefix: "[A] ") == "550-[A] \(text)\r\n550 [A] y\r\n")
    }

    @Test("a prefix that would fill the line is cut")
    func longPrefix() {
        let expected = "550 " + String(repeating: "p", count: 255) + "a\r\n"
        #expect(wire(Reply(550, "a"), prefix: String(repeating: "p", count: 600)) == expected)
    }

    @Test("a code that is none is sent as 451", arguments: [Int.min, -1, 0, 99, 199, 600, 1000, Int.max])
    func brokenCode(code: Int) {
        #expect(wire(Reply(code, "a")) == "451 a\r\n")
    }

    @Test("the text is the lines joined with LF")
    func text() {
        #expect(Reply(250, "a\nb").text == "a\nb")
        #expect(Reply(250, "a").text == "a")
        #expect(Reply(250, "a\r\nb").lines == ["a\r", "b"])
        #expect(Reply(250, lines: []).text == "")
    }

    @Test(
        "an enhanced status is read in its standard form only",
        arguments: [
            ("5.7.1", true), ("2.0.0", true), ("4.999.999", true), ("5.7.10", true), ("3.7.1", false), ("5.7", false),
            ("5.7.1.1", false), ("5.7.1 ", false), ("5.1000.1", false), ("05.7.1", false), ("5.07.1", false),
            ("5..1", false), ("", false), ("5.a.1", false), ("55.1.1", false), ("\u{0665}.7.1", false),
        ])
    func status(text: String, isValid: Bool) {
        let status = EnhancedStatus(text)
        #expect((status != nil) == isValid)
        if isValid { #expect(status?.description == text) }
    }

    @Test("a status has its parts as numbers")
    func statusParts() {
        let status = EnhancedStatus("5.7.27")
        #expect(status == EnhancedStatus(class: 5, subject: 7, detail: 27))
        #expect(status?.standardText == "Sender address has null MX")
        #expect(EnhancedStatus(class: 5, subject: 8, detail: 0).standardText == "")
        #expect(EnhancedStatus(class: 5, subject: 7, detail: 28).standardText == "")
    }
}
