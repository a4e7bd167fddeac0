// What becomes of names and values that are added.

import MailMessage
import SMTPSyntax
import Testing

@Suite("Added fields")
struct AddedFieldTests {
    private func wire(_ name: String, _ value: String) -> String {
        var block = HeaderBlock()
        block.addEnd(name, value)
        #expect(HeaderBlock(block.wire).fields.count == 1, "not one field: \(block.wire.debugDescription)")
        #expect(HeaderBlock(block.wire).byteCount == block.byteCount)
        return block.wire
    }

    @Test(
        "a value cannot end its field",
        arguments: [
            ("a", " a"),
            ("a\r\n\tb", " a\r\n\tb"),
            ("a\r\n  b", " a\r\n  b"),
            ("a\nb", " a\r\n\tb"),
            ("a\rb", " a\r\n\tb"),
            ("a\r\nBcc: c", " a\r\n\tBcc: c"),
            ("a\r\n\r\nbody", " a\r\n\tbody"),
            ("a\r\n \r\n b", " a\r\n b"),
            ("a\n\r\n\rb", " a\r\n\tb"),
            ("\r\nBcc: c", " Bcc: c"),
            ("a\r\n", " a"),
            ("a\n\n", " a"),
            ("", " "),
            ("\r\n", " "),
            ("  a  ", " a  "),
            ("a\u{0}b\u{1B}\u{7F}c", " abc"),
            ("a\u{B}\r\u{C}\nb", " a\r\n\tb"),
            ("a\tb", " a\tb"),
            ("\u{0}\r\n\u{0}", " "),
        ])
    func values(value: String, expected: String) {
        #expect(wire("X", value) == "X:\(expected)\r\n")
    }

    @Test(
        "a name is repaired",
        arguments: [
            ("X-A", "X-A"), ("", "X-Haraka-Blank"), ("A: b\r\nB", "A--b--B"), ("a b", "a-b"), ("\u{E9}", "--"),
            ("\u{0}", "-"),
        ])
    func names(name: String, expected: String) {
        #expect(wire(name, "v") == "\(expected): v\r\n")
    }

    @Test(
        "words with non-ASCII characters are encoded, the others stay",
        arguments: [
            ("J\u{F6}rg <j@x.example>", " =?UTF-8?Q?J=C3=B6rg?= <j@x.example>"),
            ("a \u{E9} b", " a =?UTF-8?Q?=C3=A9?= b"),
            ("\u{E9} \u{E9}", " =?UTF-8?Q?=C3=A9_=C3=A9?="),
            ("\u{E9}\u{9}\u{E9}", " =?UTF-8?Q?=C3=A9=09=C3=A9?="),
            ("a\r\n b \u{E9}", " a\r\n b =?UTF-8?Q?=C3=A9?="),
            ("\u{E9}?=_x", " =?UTF-8?Q?=C3=A9=3F=3D=5Fx?="),
            ("a\r\n\u{85}", " a\r\n\t=?UTF-8?Q?=C2=85?="),
        ])
    func encoded(value: String, expected: String) {
        #expect(wire("X", value) == "X:\(expected)\r\n")
    }

    @Test(
        "encoded words are at most 75 characters, their lines 76, and no character is split",
        arguments: [
            "\u{E9}", "\u{20AC}", "\u{1F4E7}",
        ])
    func longText(character: String) {
        for length in 0..<40 {
            let name = "X" + String(repeating: "y", count: length * 3)
            let text = String(repeating: "x", count: length) + String(repeating: character, count: 100)
            let lines = wire(name, text).split(separator: "\r\n")
            var decoded = ""
            for line in lines.drop(while: { $0.hasPrefix("Xy") && $0.hasSuffix(":") }) {
                let word = line.split(separator: " ").last ?? ""
                #expect(word.utf8.count <= 75 && word.hasPrefix("=?UTF-8?Q?") && word.hasSuffix("?="), "\(line)")
                #expect(line.utf8.count <= 76, "\(line)")
                let payload = decodedQ(word.dropFirst(10).dropLast(2))
                #expect(payload != nil, "a character was split: \(line)")
                decoded += payload ?? ""
            }
            #expect(decoded == text)
        }
    }

    private func decodedQ(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let octet = rest.popFirst() {
            if octet == 0x3D {
                guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(octet == 0x5F ? 0x20 : octet)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    @Test("a fold with many blanks before an encoded word does not become a blank line")
    func blanksBeforeEncodedWord() {
        let blanks = String(repeating: " ", count: 80)
        #expect(wire("X", "a\r\n\(blanks)\u{E9}") == "X: a\r\n =?UTF-8?Q?=C3=A9?=\r\n")
        #expect(wire("X", "a\(blanks)\u{E9}") == "X: a =?UTF-8?Q?=C3=A9?=\r\n")
    }
}
