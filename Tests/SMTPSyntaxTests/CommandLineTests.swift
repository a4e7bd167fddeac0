// Splitting a line into verb and argument.

import SMTPSyntax
import Testing

@Suite("CommandLine")
struct CommandLineTests {
    private func line(_ text: String) -> CommandLine { text.asBuffer { CommandLine($0) } }

    @Test("every verb is known in upper, lower and mixed case", arguments: Verb.allCases)
    func verbs(verb: Verb) {
        let lower = verb.rawValue
        for word in [lower, lower.uppercased(), lower.prefix(1).uppercased() + lower.dropFirst()] {
            #expect(line(word).verb == verb)
            #expect(line(word).word == word)
            #expect(line(word + " x").verb == verb)
        }
    }

    @Test(
        "a word that only looks like a verb is unknown",
        arguments: [
            "MAI", "MAILX", "STARTTLS", "AUTH", "M\u{01}IL", "\u{0D}UIT", "HEL\u{0F}", "", "MAI\u{2C}", "qu\u{E4}",
        ])
    func unknown(word: String) {
        #expect(line(word).verb == nil)
    }

    @Test(
        "the argument is the rest without surrounding blanks",
        arguments: [
            ("MAIL FROM:<a@b>", "MAIL", "FROM:<a@b>"),
            ("MAIL   FROM:<a@b>  ", "MAIL", "FROM:<a@b>"),
            ("mail\tFROM:<a@b> X=1\t", "mail", "FROM:<a@b> X=1"),
            ("QUIT   ", "QUIT", ""),
            ("FOO  a  b", "FOO", "a  b"),
            (" MAIL x", "", "MAIL x"),
            ("", "", ""),
            ("   ", "", ""),
        ])
    func splits(text: String, word: String, argument: String) {
        let command = line(text)
        #expect(command.word == word)
        #expect(command.argument == argument)
        #expect(!command.is8Bit)
    }

    @Test("a line with a CR or LF inside cannot be split", arguments: ["NOOP a\rb", "\rQUIT", "NOOP\n", "a\r"])
    func notSplit(text: String) {
        let command = line(text)
        #expect(command.verb == nil)
        #expect(command.word == "")
        #expect(command.argument == text)
    }

    @Test("a byte above 127 is noticed, and invalid UTF-8 is repaired")
    func eightBit() {
        #expect(line("MAIL FROM:<\u{E4}@b>").is8Bit)
        let octets: [UInt8] = [0x4E, 0x4F, 0x4F, 0x50, 0x20, 0xFF]
        let repaired = octets.withUnsafeBytes { CommandLine($0) }
        #expect(repaired.is8Bit)
        #expect(repaired.verb == .noop)
        #expect(repaired.argument == "\u{FFFD}")
    }

    @Test("no bytes at all are an empty line")
    func noBytes() {
        let command = CommandLine(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(command.word == "" && command.argument == "" && command.verb == nil)
    }
}
