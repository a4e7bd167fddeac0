// Enhanced status codes in replies on the wire. RFC 2034.

import SMTPSyntax
import Testing

@Suite("Reply with a status")
struct ReplyStatusTests {
    private func wire(_ reply: Reply, prefix: String = "") -> String {
        var calls: [String] = []
        reply.encode(into: { calls.append(String(decoding: $0, as: UTF8.self)) }, prefix: prefix)
        #expect(calls.count == 1)
        return calls.joined()
    }

    /// A reply with these words, shown with a status.
    private static func shown(_ code: Int, _ words: String, _ status: String?) -> Reply {
        var reply = Reply(code, words, status: status.flatMap { EnhancedStatus($0) })
        reply.showStatus(orElse: EnhancedStatus(class: 5, subject: 9, detail: 9))
        return reply
    }

    @Test(
        "the status stands behind the code on each line",
        arguments: [
            (shown(250, "OK", "2.0.0"), "250 2.0.0 OK\r\n"),
            (shown(550, "a\nb", "5.7.1"), "550-5.7.1 a\r\n550 5.7.1 b\r\n"),
            (shown(550, "x", "5.71.1"), "550 5.71.1 x\r\n"), (shown(550, "x", "5.7.27"), "550 5.7.27 x\r\n"),
            (shown(550, "x", "5.123.999"), "550 5.123.999 x\r\n"), (shown(550, "x", "5.10.100"), "550 5.10.100 x\r\n"),
            (shown(550, "x", nil), "550 5.9.9 x\r\n"), (shown(250, "", "2.0.0"), "250 2.0.0 \r\n"),
            (shown(550, "J\u{F6}rg\u{85}\tx", "5.1.1"), "550 5.1.1 J\u{F6}rg x\r\n"),
            (shown(550, "a\r\n\nb", "5.1.1"), "550-5.1.1 a\r\n550 5.1.1 b\r\n"),
        ])
    func exact(reply: Reply, expected: String) { #expect(wire(reply) == expected) }

    @Test(
        "its class is always that of the code, and 3xx replies have none",
        arguments: [
            (shown(450, "x", "5.7.1"), "450 4.7.1 x\r\n"), (shown(550, "x", "2.7.1"), "550 5.7.1 x\r\n"),
            (shown(250, "x", "5.7.1"), "250 2.7.1 x\r\n"), (shown(354, "x", "2.0.0"), "354 x\r\n"),
            (shown(999, "x", "5.7.1"), "451 4.7.1 x\r\n"), (shown(0, "x", "5.7.1"), "451 4.7.1 x\r\n"),
        ])
    func classes(reply: Reply, expected: String) { #expect(wire(reply) == expected) }

    @Test(
        "a status that the words begin with is taken out of them and counts",
        arguments: [
            (shown(550, "5.1.8 bad", "5.7.1"), "550 5.1.8 bad\r\n"),
            (shown(550, "a\n5.1.8 b", nil), "550-5.1.8 a\r\n550 5.1.8 b\r\n"),
            (shown(550, "5.1.8 a\n5.1.9 b", nil), "550-5.1.8 a\r\n550 5.1.8 b\r\n"),
            (shown(450, "5.1.8 bad", nil), "450 4.1.8 bad\r\n"), (shown(550, "5.1.8", nil), "550 5.1.8 \r\n"),
            (shown(550, "5.1.8  bad", nil), "550 5.1.8  bad\r\n"),
            (shown(550, "5.1 bad", "5.7.1"), "550 5.7.1 5.1 bad\r\n"),
            (shown(550, "5.1.8bad", "5.7.1"), "550 5.7.1 5.1.8bad\r\n"),
            (shown(550, "5.01.8 bad", "5.7.1"), "550 5.7.1 5.01.8 bad\r\n"),
            (shown(550, "5.1.8888 bad", "5.7.1"), "550 5.7.1 5.1.8888 bad\r\n"),
            (shown(550, "3.1.8 bad", "5.7.1"), "550 5.7.1 3.1.8 bad\r\n"),
            (shown(550, "", "5.7.1"), "550 5.7.1 \r\n"), (shown(550, "5", "5.7.1"), "550 5.7.1 5\r\n"),
            (shown(550, "5.123.456 x", nil), "550 5.123.456 x\r\n"),
        ])
    func words(reply: Reply, expected: String) { #expect(wire(reply) == expected) }

    @Test("a reply that does not show its status is sent without")
    func hidden() {
        #expect(wire(Reply(250, "OK", status: EnhancedStatus("2.0.0"))) == "250 OK\r\n")
        #expect(Reply(250, "OK", status: EnhancedStatus("2.0.0")).description == "250 OK")
    }

    @Test("the mark of a refusal stands behind the status")
    func prefix() {
        #expect(wire(ReplyStatusTests.shown(550, "a", "5.7.1"), prefix: "[x] ") == "550 5.7.1 [x] a\r\n")
        let odd = ReplyStatusTests.shown(550, "a\u{85}", "5.7.1")
        #expect(wire(odd, prefix: "[x] ") == "550 5.7.1 [x] a\r\n")
    }

    @Test("a line of 510 bytes with its status is sent whole, one more goes on in a further line with the status")
    func longLines() {
        let text = String(repeating: "x", count: 500)
        #expect(wire(ReplyStatusTests.shown(250, text, "2.0.0")) == "250 2.0.0 \(text)\r\n")
        #expect(wire(ReplyStatusTests.shown(250, text + "yz", "2.0.0")) == "250-2.0.0 \(text)\r\n250 2.0.0 yz\r\n")
        let longest = String(repeating: "x", count: 496)
        #expect(wire(ReplyStatusTests.shown(550, longest, "5.123.999")) == "550 5.123.999 \(longest)\r\n")
        #expect(
            wire(ReplyStatusTests.shown(550, longest + "y", "5.123.999"))
                == "550-5.123.999 \(longest)\r\n550 5.123.999 y\r\n")
    }

    @Test("logs and records show what the client has seen")
    func description() {
        #expect(ReplyStatusTests.shown(450, "a\nb", "5.7.1").description == "450 4.7.1 a\n4.7.1 b")
        #expect(ReplyStatusTests.shown(354, "go", nil).description == "354 go")
        #expect(ReplyStatusTests.shown(450, "a", "5.7.1").text == "a")
    }
}
