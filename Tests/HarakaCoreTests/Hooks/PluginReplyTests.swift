// The words of plugins: plain lines, DSNs, values. docs/hooks.md "Answers".

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Plugins' words")
struct PluginReplyTests {
    static let own = (code: 550, text: "denied")

    func wire(_ reply: Reply) -> String {
        var text = ""
        reply.encode(into: { text = String(decoding: $0, as: UTF8.self) })
        return text
    }

    @Test("without words the hook's own are sent")
    func none() {
        #expect(PluginReply.none.isEmpty)
        #expect(PluginReply.none.reply(550, "denied") == Reply(550, "denied"))
    }

    @Test(
        "lines are cut at LF, and lines without a visible character are dropped",
        arguments: [
            (["a"], "550 a\r\n"), (["a", "b"], "550-a\r\n550 b\r\n"), (["a\nb\n\nc\n"], "550-a\r\n550-b\r\n550 c\r\n"),
            (["a\r\nb"], "550-a\r\n550 b\r\n"), ([" ", "\t", "a"], "550 a\r\n"), ([""], "550 denied\r\n"),
            (["\n \r\n"], "550 denied\r\n"), ([" a "], "550  a \r\n"), (["ü"], "550 ü\r\n"),
            (["\u{1B}[2J"], "550 [2J\r\n"),
        ])
    func lines(lines: [String], expected: String) {
        #expect(wire(PluginReply(lines: lines).reply(550, "denied")) == expected)
    }

    @Test("a DSN brings its code, and its status before each line")
    func dsn() {
        let status = EnhancedStatus(5, 7, 1)
        let two = PluginReply(lines: ["a\nb"], code: 554, status: status).reply(550, "denied")
        #expect(two == Reply(554, lines: ["5.7.1 a", "5.7.1 b"], status: status))
        let standard = PluginReply(lines: [], code: 554, status: status).reply(550, "denied")
        #expect(standard == Reply(554, "5.7.1 Delivery not authorized, message refused", status: status))
        let unknown = EnhancedStatus(5, 9, 9)
        #expect(PluginReply(lines: [], code: 554, status: unknown).reply(550, "denied").text == "5.9.9 denied")
        #expect(PluginReply(lines: [], code: 554).reply(550, "denied") == Reply(554, "denied"))
    }

    @Test("a refusal is never told as success", arguments: [200, 250, 354, 399])
    func refusal(code: Int) {
        let reply = PluginReply(lines: ["fine"], code: code)
        #expect(reply.refusal(450, "no") == Reply(450, "fine"))
        #expect(reply.reply(450, "no").code == code)
        #expect(PluginReply(lines: ["x"], code: 421).refusal(550, "no").code == 421)
        #expect(PluginReply.none.refusal(550, "no") == Reply(550, "no"))
    }

    @Test("a value that is a text stands for the words")
    func value() {
        let name = PluginReply(lines: [], value: .text("mail.example.org"))
        #expect(name.text == "mail.example.org")
        #expect(!name.isEmpty)
        #expect(name.reply(550, "denied").text == "mail.example.org")
        #expect(PluginReply(lines: ["words"], value: .text("value")).text == "words")
        #expect(PluginReply(lines: [], value: .integer(5)).reply(550, "denied").text == "denied")
    }
}
