// The text under every text part.

import MailMessage
import Testing

@Suite("Banner")
struct BannerTests {
    /// The part as it stands after the banner was put in.
    private func rewritten(_ content: [UInt8], _ banner: Banner, _ change: (inout PartFacts) -> Void = { _ in })
        -> [UInt8]
    {
        var facts = PartFacts()
        change(&facts)
        return result(content) {
            let rewriter = BodyRewriter(root: facts, limits: BodyLimits(), filters: [], banner: banner)
            return Incremental(take: { rewriter.rewrite($0, into: &$1) }, finish: { rewriter.finish(into: &$0) })
        }
    }

    private func rewritten(_ content: String, _ banner: Banner, _ change: (inout PartFacts) -> Void = { _ in })
        -> String
    {
        String(decoding: rewritten(Array(content.utf8), banner, change), as: UTF8.self)
    }

    private let html = { (facts: inout PartFacts) in facts.contentType = "text/html" }

    @Test("a text part gets it at the end, between line ends")
    func text() {
        #expect(rewritten("Hi\r\n", Banner(text: "one\ntwo")) == "Hi\r\n\r\none\r\ntwo\r\n")
        #expect(rewritten("Hi", Banner(text: "x", html: "y")) == "Hi\r\nx\r\n")
        #expect(rewritten("", Banner(text: "x")) == "\r\nx\r\n")
    }

    @Test(
        "an HTML part gets it before </body> or </html>, whichever comes first, or at the end",
        arguments: [
            ("<body>Hi</body></html>", "<body>Hi<P>y</P></body></html>\r\n"),
            ("<p>Hi</BODY ></Html>\r\n", "<p>Hi<P>y</P></BODY ></Html>\r\n"),
            ("Hi</hTmL></body>", "Hi<P>y</P></hTmL></body>\r\n"),
            ("Hi</body></body>", "Hi<P>y</P></body></body>\r\n"),
            ("Hi</bodyx>", "Hi</bodyx><P>y</P>\r\n"),
            ("Hi</bod</body>", "Hi</bod<P>y</P></body>\r\n"),
            ("Hi<</htm", "Hi<</htm<P>y</P>\r\n"),
            ("Hi</body", "Hi</body<P>y</P>\r\n"),
            ("Hi</html\r\n>", "Hi<P>y</P></html\r\n>\r\n"),
            ("", "<P>y</P>\r\n"),
        ])
    func html(content: String, expected: String) {
        #expect(rewritten(content, Banner(text: "x", html: "y"), html) == expected)
    }

    @Test("without HTML of its own the text serves, with its line breaks, escaped")
    func defaultHTML() {
        #expect(rewritten("Hi", Banner(text: "a\n<b>\r\nc"), html) == "Hi<P>a<br/>\r\n&lt;b&gt;<br/>\r\nc</P>\r\n")
    }

    @Test("an empty banner changes nothing")
    func empty() {
        #expect(rewritten("Hi", Banner(text: "")) == "Hi")
        #expect(rewritten("Hi", Banner(text: ""), html) == "Hi")
        #expect(rewritten("Hi", Banner(text: "", html: "y")) == "Hi")
    }

    @Test(
        "what is no text, or an attachment, or in a charset with a byte order, stays as it is",
        arguments: [
            ("image/png", "", ""), ("text/plain", "attachment", ""), ("message/rfc822", "", ""),
            ("text/plain", "", "utf-16"),
            ("text/html", "", "UCS-2"),
        ])
    func others(type: String, disposition: String, charset: String) {
        let output = rewritten("Hi</body>", Banner(text: "x")) {
            $0.contentType = type
            $0.disposition = disposition
            $0.charset = charset
        }
        #expect(output == "Hi</body>")
    }

    @Test("it is in the part's charset and encoding; what has no place there becomes an entity or a question mark")
    func charset() {
        let banner = Banner(text: "\u{E9}\u{416}\u{20AC}")
        func part(_ type: String, _ charset: String, _ encoding: String) -> (inout PartFacts) -> Void {
            {
                $0.contentType = type
                $0.charset = charset
                $0.encoding = encoding
            }
        }
        #expect(rewritten("a", banner, part("text/plain", "utf-8", "8bit")) == "a\r\n\u{E9}\u{416}\u{20AC}\r\n")
        #expect(
            rewritten(Array("a".utf8), banner, part("text/plain", "iso-8859-1", "8bit"))
                == [0x61, 0x0D, 0x0A, 0xE9, 0x3F, 0x3F, 0x0D, 0x0A])
        #expect(
            rewritten("a", banner, part("text/html", "iso-8859-1", "quoted-printable"))
                == "a<P>=E9&#1046;&#8364;</P>\r\n")
        #expect(rewritten("a", banner, part("text/html", "utf-8", "7bit")) == "a<P>&#233;&#1046;&#8364;</P>\r\n")
        #expect(rewritten("a", banner, part("text/plain", "utf-8", "7bit")) == "a\r\n???\r\n")
        #expect(rewritten("a", banner, part("text/plain", "x-unknown-one", "8bit")) == "a\r\n???\r\n")
        #expect(rewritten("YQ==\r\n", banner, part("text/plain", "koi8-r", "base64")) == "YQ0KP/Y/DQo=\r\n")
        #expect(
            rewritten("a", Banner(text: "\u{3042}"), part("text/plain", "iso-2022-jp", "7bit"))
                == "a\r\n\u{1B}$B$\"\u{1B}(B\r\n")
    }

    @Test("every text part of a multipart gets it")
    func multipart() {
        let text =
            "--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n"
        let output = rewritten(text, Banner(text: "x", html: "y")) {
            $0.contentType = "multipart/alternative"
            $0.boundary = "b"
        }
        #expect(output == text.replacing("plain\r\n", with: "plain\r\nx\r\n\r\n").replacing("<b>", with: "<b><P>y</P>"))
    }
}
