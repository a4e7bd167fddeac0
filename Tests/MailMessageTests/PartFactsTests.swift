// What the header of a part says about it (RFC 2045, 2183, 2231, 2047).

import MailMessage
import Testing

@Suite("PartFacts")
struct PartFactsTests {
    /// Value of Content-Type, then type, charset and boundary.
    static let types: [(String, String, String, String)] = [
        ("text/plain; charset=us-ascii (Plain text)", "text/plain", "us-ascii", ""),
        ("text/plain; charset=\"us-ascii\"", "text/plain", "us-ascii", ""),
        ("TEXT/HTML; CharSet=UTF-8", "text/html", "utf-8", ""),
        ("text/html charset=utf-8", "text/html", "utf-8", ""),
        ("text/html;;; charset = \r\n\t utf-8 ; x", "text/html", "utf-8", ""),
        ("(a (nested) \\) comment) text / (b) html (c) ; (d) charset (e) = (f) koi8-r", "text/html", "koi8-r", ""),
        ("multipart/mixed; boundary=\"gc0p4Jq0M2Yt08j34c0p\"", "multipart/mixed", "", "gc0p4Jq0M2Yt08j34c0p"),
        ("multipart/mixed; boundary=gc0pJq0M:08jU534c0p", "multipart/mixed", "", "gc0pJq0M:08jU534c0p"),
        ("multipart/mixed boundary=b", "multipart/mixed", "", "b"),
        ("multipart/mixed; charset=x boundary=b", "multipart/mixed", "x", "b"),
        ("multipart/mixed; boundary=\"a\\\"b\\\\c d \t\"", "multipart/mixed", "", "a\"b\\c d"),
        ("multipart/mixed; boundary=\"a\r\n b\"", "multipart/mixed", "", "a b"),
        ("multipart/mixed; boundary=\"never closed", "multipart/mixed", "", "never closed"),
        ("multipart/mixed; boundary*0=\"a b\"; boundary*1=c", "multipart/mixed", "", "a bc"),
        ("multipart/mixed; boundary=a; boundary=b", "multipart/mixed", "", "a"),
        ("multipart/mixed; boundary=\"\"", "multipart/mixed", "", ""),
        ("multipart/mixed; boundary=\"  \"", "multipart/mixed", "", ""),
        ("multipart/mixed", "multipart/mixed", "", ""),
        ("text/plain; boundary=b", "text/plain", "", ""),
        ("text", "text/plain", "", ""),
        ("text; charset=utf-8", "text/plain", "utf-8", ""),
        ("text/", "text/plain", "", ""),
        ("/html", "text/plain", "", ""),
        ("text/html/x", "text/plain", "", ""),
        ("text/html@x", "text/plain", "", ""),
        ("", "text/plain", "", ""),
        ("name=x.exe; charset=utf-8", "text/plain", "utf-8", ""),
        ("text/plain (never closed; charset=utf-8", "text/plain", "utf-8", ""),
        ("\"text/html\"; charset=utf-8", "text/plain", "utf-8", ""),
    ]

    @Test("a Content-Type is read as senders write it, and a bad one is text/plain", arguments: types)
    func contentType(value: String, type: String, charset: String, boundary: String) {
        let facts = PartFacts.of("Content-Type: \(value)\r\n")
        #expect(facts.contentType == type)
        #expect(facts.charset == charset)
        #expect(facts.boundary == boundary)
    }

    /// Header, then the file name.
    static let names: [(String, String)] = [
        ("Content-Disposition: attachment; filename=genome.jpeg;\r\n size=5", "genome.jpeg"),
        ("Content-Disposition: attachment; filename=\"my report.pdf\"", "my report.pdf"),
        ("Content-Disposition: attachment; filename=my report (1).pdf; size=5", "my report (1).pdf"),
        ("Content-Disposition: attachment; filename=my report.pdf size=5", "my report.pdf"),
        ("Content-Disposition: attachment; filename=\"a;b=c.pdf\"", "a;b=c.pdf"),
        ("Content-Disposition: attachment; filename=\"a\\\"b\\\\c\"", "a\"b\\c"),
        ("Content-Disposition: attachment filename=\"a\" size=5", "a"),
        ("Content-Disposition: attachment; filename=\"a.exe", "a.exe"),
        ("Content-Disposition: attachment; name=a.exe", "a.exe"),
        ("Content-Disposition: filename=a.exe", "a.exe"),
        ("Content-Disposition: attachment; filename = a.exe (a comment)", "a.exe"),
        ("Content-Disposition: attachment; filename=\"\"\r\nContent-Type: x/y; name=a.exe", "a.exe"),
        ("Content-Disposition: inline; filename=a\r\nContent-Type: x/y; name=b", "a"),
        ("Content-Type: broken; name=../a.exe", "../a.exe"),
        // Behind a comment that does not end nothing is a comment any more.
        ("Content-Type: x/y; ( (name=a.exe)", "a.exe)"),
        ("Content-Disposition: a; filename*=us-ascii'en-us'This%20is%20%2A%2a%2afun%2A%2A%2A", "This is ***fun***"),
        ("Content-Disposition: a; filename*=utf-8''%e2%82%ac%20rates; filename=\"EURO rates\"", "\u{20AC} rates"),
        ("Content-Disposition: a; filename*=iso-8859-1'de'%FCber.txt", "\u{FC}ber.txt"),
        ("Content-Disposition: a; filename*=a%2exe", "a.xe"),
        ("Content-Disposition: a; filename*=''100%zz%4", "100%zz%4"),
        (
            "Content-Disposition: a;\r\n filename*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
                + " filename*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n filename*2=\"isn't it!\"",
            "This is even more ***fun*** isn't it!"
        ),
        ("Content-Disposition: a; filename*1=b; filename*0=a; filename*2=c; filename*4=e; filename*1=x", "abc"),
        ("Content-Disposition: a; filename*1=b; filename*2=c; filename=d", "bc"),
        ("Content-Disposition: a; filename*2=c; filename=d", "d"),
        ("Content-Disposition: a; filename*0*=utf-8''%C3; filename*1*=%BC", "\u{FC}"),
        ("Content-Disposition: a; filename*x=c; filename*01x=c; filename=d", "d"),
        ("Content-Disposition: a; filename=\"=?utf-8?Q?=C3=BCber?= =?iso-8859-1?B?/A==?=.txt\"", "\u{FC}ber\u{FC}.txt"),
        ("Content-Disposition: a; filename==?utf-8?Q?=C3=BC.txt?=", "\u{FC}.txt"),
        ("Content-Disposition: a; filename=\u{FC}.txt", "\u{FC}.txt"),
        ("Content-Type: x/y", ""),
    ]

    @Test("a file name is read in every form that senders write", arguments: names)
    func filename(header: String, name: String) {
        #expect(PartFacts.of(header + "\r\n").filename == name)
    }

    @Test("a file name of more than 1024 bytes keeps its end, and no piece of a character")
    func longName() {
        let name = String(repeating: "\u{20AC}", count: 400) + ".js"
        let facts = PartFacts.of("Content-Disposition: a; filename=\"\(name)\"\r\n")
        #expect(facts.filename == String(repeating: "\u{20AC}", count: 340) + ".js")
    }

    @Test("a header that says nothing gives text/plain, 7bit, and in a digest message/rfc822")
    func defaults() {
        #expect(PartFacts.of("Subject: x\r\n") == PartFacts())
        #expect(PartFacts.of("Subject: x\r\n", isInDigest: true).contentType == "message/rfc822")
        #expect(PartFacts.of("Content-Type: ?\r\n", isInDigest: true).contentType == "text/plain")
    }

    @Test("of several fields of one name the first counts, whatever its case")
    func firstField() {
        let facts = PartFacts.of(
            """
            CONTENT-TYPE: Image/PNG\r
            Content-Type: text/html\r
            content-transfer-encoding: (x) BASE64 ;\r
            Content-Transfer-Encoding: 8bit\r
            Content-disposition: INLINE; a=b\r
            Content-Disposition: attachment; filename=x\r

            """)
        #expect(facts.contentType == "image/png")
        #expect(facts.encoding == "base64")
        #expect(facts.disposition == "inline")
        #expect(facts.filename == "")
        #expect(facts.isAttachment)
    }

    @Test("names that are longer than any name do not count")
    func longWords() {
        let long = String(repeating: "x", count: 128)
        #expect(PartFacts.of("Content-Type: \(long)/x\r\n").contentType == "text/plain")
        #expect(PartFacts.of("Content-Type: x/\(long)\r\n").contentType == "text/plain")
        #expect(PartFacts.of("Content-Type: x/y; charset=\(long)\r\n").charset == "")
        #expect(PartFacts.of("Content-Transfer-Encoding: \(long)\r\n").encoding == "7bit")
        #expect(PartFacts.of("Content-Disposition: \(long)\r\n").disposition == "")
    }

    @Test("a boundary that is no text is compared as it stands")
    func rawBoundary() {
        let header = Array("Content-Type: multipart/mixed; boundary=\"".utf8) + [0xFF, 0xFE, 0x22, 0x0D, 0x0A]
        let facts = header.withUnsafeBytes { PartFacts(HeaderBlock(parsing: $0, maxLines: .max)) }
        #expect(facts.boundaryBytes == [0xFF, 0xFE])
        let body: [UInt8] = [0x2D, 0x2D, 0xFF, 0xFE, 0x0A, 0x0A, 0x61, 0x0A, 0x2D, 0x2D, 0xFF, 0xFE, 0x2D, 0x2D, 0x0A]
        #expect(WalkedBody(body, root: facts).texts == ["", "a"])
    }

    @Test(
        "hostile values of 64 KiB are read in linear time",
        arguments: ["(", " (", "( ", "\"", ";", "=", "a=(", "a= (b", " (a)b", "a*0=", "=?a?q?"])
    func hostile(piece: String) {
        for end in ["", String(repeating: ")", count: 20_000) + "x"] {
            let value = "x/y; a=b " + String(repeating: piece, count: 40_000 / piece.utf8.count) + end
            #expect(PartFacts.of("Content-Type: \(value)\r\n").contentType == "x/y")
        }
    }
}
