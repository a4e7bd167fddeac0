// Secrets in command lines are not for logs.

import SMTPSyntax
import Testing

@Suite("CommandLine in logs")
struct CommandShownTests {
    private func shown(_ text: String, afterAuth: Bool = false) -> String {
        text.asBuffer { CommandLine($0) }.shown(afterAuth: afterAuth)
    }

    @Test(
        "what follows AUTH is hidden but a mechanism that is known",
        arguments: [
            ("AUTH PLAIN AGJvYgBzZWNyZXQ=", "AUTH PLAIN [hidden]"), ("AUTH PLAIN", "AUTH PLAIN"), ("AUTH", "AUTH"),
            ("auth  plain\tAGJvYg== x", "auth plain [hidden]"), ("AUTH CRAM-MD5", "AUTH CRAM-MD5"),
            ("AUTH LOGIN Ym9i", "AUTH LOGIN [hidden]"), ("AUTH SCRAM-SHA-256 biws", "AUTH SCRAM-SHA-256 [hidden]"),
            ("AUTH AGJvYgBzZWNyZXQ", "AUTH [hidden]"), ("AUTH PLAINX", "AUTH [hidden]"),
            (" AUTH PLAIN AGJvYg==", "AUTH [hidden]"), ("\u{0}AUTH PLAIN AGJvYg==", "AUTH [hidden]"),
            ("AUTH=PLAIN AGJvYg==", "AUTH [hidden]"), ("AUTHPLAIN AGJvYg==", "AUTH [hidden]"),
            ("AUTHAGJvYg==", "AUTH [hidden]"), ("AUTH\rPLAIN AGJvYg==", "AUTH [hidden]"),
            ("aUtH plain AGJvYg==", "aUtH plain [hidden]"),
        ])
    func auth(line: String, expected: String) {
        #expect(shown(line) == expected)
        #expect(shown(line, afterAuth: true) == expected)
    }

    @Test(
        "other lines are shown",
        arguments: [
            ("EHLO client.example", "EHLO client.example"), ("MAIL  FROM:<a@b> AUTH=<>", "MAIL FROM:<a@b> AUTH=<>"),
            ("XCLIENT LOGIN=bob ADDR=192.0.2.1", "XCLIENT LOGIN=bob ADDR=192.0.2.1"), ("AUT PLAIN x", "AUT PLAIN x"),
            ("GET / HTTP/1.1", "GET / HTTP/1.1"), ("", ""), (" x", "x"),
        ])
    func others(line: String, expected: String) { #expect(shown(line) == expected) }

    @Test(
        "after AUTH what does not look like a command is hidden: it may be an exchange that goes on alone",
        arguments: [
            ("Ym9i", "[hidden]"), ("AGJvYgBzZWNyZXQ=", "[hidden]"), ("secret7", "[hidden]"), ("*", "[hidden]"),
            ("pass word", "pass word"), ("VERYLONGPASSWORD", "[hidden]"), (" secret", "[hidden]"),
            ("se\rcret", "[hidden]"), ("STARTTLS", "STARTTLS"), ("xclient NAME=x", "xclient NAME=x"), ("QUIT", "QUIT"),
            ("Quit", "Quit"), ("MAIL FROM:<a@b>", "MAIL FROM:<a@b>"), ("", ""),
        ])
    func afterAuth(line: String, expected: String) { #expect(shown(line, afterAuth: true) == expected) }

    @Test("a line that was split is joined as the log wants it")
    func separator() {
        #expect(CommandLine.shown(word: "AUTH", rest: "PLAIN AGJvYg==", separator: ",") == "AUTH,PLAIN [hidden]")
        #expect(CommandLine.shown(word: "XFOO", rest: "bar", separator: ",") == "XFOO,bar")
        #expect(CommandLine.shown(word: "XFOO", rest: "", separator: ",") == "XFOO")
        #expect(CommandLine.shown(word: "", rest: "AUTH PLAIN x", separator: ",") == "AUTH,[hidden]")
    }

    @Test(
        "a command is compared without case, and whole",
        arguments: [
            ("LHLO", true), ("lhLo", true), ("LHL", false), ("LHLOX", false), ("LHL\u{6F}", true), ("LHL/", false),
        ])
    func isCommand(word: String, expected: Bool) {
        #expect(word.asBuffer { CommandLine($0) }.isCommand("LHLO") == expected)
    }
}
