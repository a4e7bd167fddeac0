// Header fields as text.

import MailMessage
import Testing

@Suite("HeaderBlock, as text")
struct HeaderTextTests {
    private func block(_ text: String, maxLines: Int = 100) -> HeaderBlock {
        Array(text.utf8).withUnsafeBytes { HeaderBlock(parsing: $0, maxLines: maxLines) }
    }

    @Test("values are decoded, top to bottom")
    func decodedValues() {
        let header = block("Subject: =?utf-8?q?=C3=A9?=\r\n =?utf-8?q?a?=\r\nTo: b\r\nSUBJECT:c\r\n d\r\n\r\n")
        #expect(header.decodedValues("subject") == ["\u{E9}a", "c d"])
        #expect(header.decodedValues("From") == [])
    }

    @Test(
        "parameters of RFC 2231 are shown in the plain form",
        arguments: [
            ("attachment; filename*0*=utf-8''a%20; filename*1=b", "attachment; filename=\"a b\""),
            ("attachment; filename*=utf-8'en'%C3%A9", "attachment; filename=\"\u{E9}\""),
            ("attachment;\r\n filename*1=b;\r\n FILENAME*0=a; size=3", "attachment; filename=\"ab\"; size=3"),
            ("a; filename*=koi8-r''%C4; x=\"1;2*=\"", "a; filename=\"\u{434}\"; x=\"1;2*=\""),
            ("a; name*=utf-8''%22%5C%0D%0A", "a; name=\"\\\"\\\\  \""),
            ("a; filename=\"=?utf-8?q?=C3=A9?=\"", "a; filename=\"\u{E9}\""),
            ("a; filename*3*=%41; filename*4=x", "a; filename=\"%41\""),
            ("text/plain; charset=*", "text/plain; charset=*"),
            ("a; *=b; x**1=c", "a; *=b; x**1=c"),
        ])
    func parameters(value: String, text: String) {
        #expect(block("Content-Disposition: \(value)\r\n\r\n").decodedValues("content-disposition") == [text])
    }

    @Test("other fields keep what looks like such parameters")
    func otherFields() {
        #expect(block("Subject: a; b*=utf-8''c\r\n\r\n").decodedValues("Subject") == ["a; b*=utf-8''c"])
    }

    @Test("lines are the fields with their folds, and what is no field")
    func lines() {
        let header = block("A: b\r\n c\r\nnonsense\r\nmore\r\n of it\r\nD:e\n\r\n")
        #expect(header.lines() == ["A: b\r\n c", "nonsense", "more\r\n of it", "D:e"])
        #expect(block("").lines() == [])
        #expect(block("A: b\r\nC: d\r\nE: f\r\n", maxLines: 1).lines() == ["A: b", "C: d", "E: f"])
    }

    @Test("lines that were added and removed count")
    func edited() {
        var header = block("A: b\r\nC: d\r\n\r\n")
        header.remove("A")
        header.addLeading("E", "f\u{E9}")
        #expect(header.lines() == ["E: =?UTF-8?Q?f=C3=A9?=", "C: d"])
        #expect(header.decodedValues("E") == ["f\u{E9}"])
    }
}
