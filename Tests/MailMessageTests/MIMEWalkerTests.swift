// The parts of a body, whole and broken (RFC 2046).

import MailMessage
import Testing

@Suite("MIMEWalker")
struct MIMEWalkerTests {
    @Test("the example of RFC 2046 section 5.1.1 has two parts, and preamble and epilogue belong to none")
    func example() {
        let body = """
            This is the preamble.  It is to be ignored, though it\r
            is a handy place for composition agents to include an\r
            explanatory note to non-MIME conformant readers.\r
            \r
            --simple boundary\r
            \r
            This is implicitly typed plain US-ASCII text.\r
            It does NOT end with a linebreak.\r
            --simple boundary\r
            Content-type: text/plain; charset=us-ascii\r
            \r
            This is explicitly typed plain US-ASCII text.\r
            It DOES end with a linebreak.\r
            \r
            --simple boundary--\r
            \r
            This is the epilogue.  It is also to be ignored.\r

            """
        let walked = WalkedBody(body, boundary: "simple boundary")
        #expect(
            walked.texts == [
                "",
                "This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.",
                "This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n",
            ])
        #expect(walked.parts.map(\.facts.charset) == ["", "", "us-ascii"])
        #expect(walked.ends == [.complete, .complete, .complete])
        #expect(walked.ended == [1, 2, 0])
        #expect(walked.bytes == Array(body.utf8))
        #expect(walked.structures.count == 3)
        #expect(walked.structures.last?.hasPrefix("\r\n--simple boundary--\r\n\r\nThis is the epilogue.") == true)
    }

    @Test("multiparts in multiparts are taken apart, and what is between them belongs to none of the leaves")
    func nested() {
        let walked = WalkedBody(
            """
            --b\r
            Content-Type: multipart/alternative; boundary=c\r
            \r
            inner preamble\r
            --c\r
            \r
            plain\r
            --c\r
            Content-Type: TEXT/HTML\r
            \r
            html\r
            --c--\r
            inner epilogue\r
            --b\r
            Content-Type: image/png\r
            \r
            png\r
            --b--\r

            """)
        #expect(walked.types == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"])
        #expect(walked.texts == ["", "", "plain", "html", "png"])
        #expect(walked.depths == [0, 1, 2, 2, 1])
        #expect(walked.parts.map(\.place.parent) == [nil, 0, 1, 1, 0])
        #expect(walked.ends == Array(repeating: .complete, count: 5))
        #expect(walked.ended == [2, 3, 1, 4, 0])
        #expect(walked.parts[3].fields.map(\.name) == ["Content-Type"])
    }

    /// Body, then the texts of the leaves.
    static let bodies: [(String, [String])] = [
        ("--b\r\n\r\na\r\n--b--\r\n", ["a"]),
        ("--b\n\na\n--b--\n", ["a"]),
        ("--b\r\n\r\na\n--b\n\nc\r\n--b--", ["a", "c"]),
        ("--b \t\r\n\r\na\r\n--b \r\n\r\nc\r\n--b-- \t \r\n", ["a", "c"]),
        ("--b\r\n\r\n--b\r\n\r\n--b--\r\n", ["", ""]),
        ("--b\r\n\r\n\r\n--b--\r\n", [""]),
        ("--b\r\n\r\n\r\n\r\n--b--\r\n", ["\r\n"]),
        ("--b\r\n--b\r\n--b--\r\n", ["", ""]),
        ("--b\r\nA: b\r\n--b--\r\n", [""]),
        ("--b\r\nA: b\r\n\r\n--b--\r\n", [""]),
        ("--b\r\nno field\r\nA: b\r\n--b--\r\n", ["no field\r\nA: b"]),
        ("--b\r\n continuation\r\n--b--\r\n", [" continuation"]),
        ("--b\r\nA: b\r\n c\r\nbody\r\n--b--\r\n", ["body"]),
        (
            "--b\r\n\r\na\r\n--bc\r\n--b-\r\n--b--c\r\n-- b\r\n--b --\r\n--B\r\n --b\r\n-b\r\n--b--\r\n",
            ["a\r\n--bc\r\n--b-\r\n--b--c\r\n-- b\r\n--b --\r\n--B\r\n --b\r\n-b"]
        ),
        ("--b\r\n\r\na\r--b\r\n--b--\r\n", ["a\r--b"]),
        ("--b\r\n\r\na\r\r\n--b--\r\n", ["a\r"]),
        ("--b\r\n\r\n--\r\n--b--\r\n", ["--"]),
        ("--b\r\n\r\na\r\n--b--\r\n--b\r\n\r\nc\r\n--b--\r\n", ["a"]),
        ("--b\r\n\r\na\r\n--b--", ["a"]),
        ("--b\r\n\r\na\r\n--b--\r", ["a"]),
        ("--b\r\n\r\na\r\n--b", ["a", ""]),
        ("--b", [""]),
        ("--b--\r\n--b\r\n\r\na", []),
        ("", []),
        ("no delimiter\r\n", []),
    ]

    @Test("a delimiter is its line with the line end before it, and nothing else is a delimiter", arguments: bodies)
    func delimiters(body: String, texts: [String]) {
        let walked = WalkedBody(body)
        #expect(Array(walked.texts.dropFirst()) == texts)
        #expect(walked.texts.first == "")
        #expect(walked.bytes == Array(body.utf8))
    }

    @Test("a message that ends without its delimiters has delivered all, and its parts are unfinished")
    func missingEnd() {
        let walked = WalkedBody(
            "--b\r\n\r\nfirst\r\n--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\nlast\r\n--c")
        #expect(walked.texts == ["", "first", "", "last", ""])
        #expect(walked.ends == [.unfinished, .complete, .unfinished, .complete, .unfinished])
        let cut = WalkedBody("--b\r\n\r\nfirst\r\n--")
        #expect(cut.texts == ["", "first\r\n--"])
        #expect(cut.ends == [.unfinished, .unfinished])
        #expect(WalkedBody("--b\r\nContent-Type: image/png").types == ["multipart/mixed", "image/png"])
        #expect(WalkedBody("--b\r\nno field").texts == ["", "no field"])
        #expect(WalkedBody("preamble").ends == [.unfinished])
    }

    @Test("the delimiter of an outer multipart ends inner ones, which are unfinished")
    func outerDelimiter() {
        let walked = WalkedBody(
            "--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--b\r\n\r\ny\r\n--c\r\n--b--\r\n")
        #expect(walked.texts == ["", "", "x", "y\r\n--c"])
        #expect(walked.ends == [.complete, .unfinished, .unfinished, .complete])
        #expect(walked.depths == [0, 1, 2, 1])
    }

    @Test("a boundary that another begins with, or that is another with two dashes, is told from it")
    func prefixes() {
        let walked = WalkedBody(
            """
            --b\r
            Content-Type: multipart/x; boundary="b-"\r
            \r
            --b-\r
            Content-Type: multipart/x; boundary="b--"\r
            \r
            --b--\r
            \r
            innermost\r
            --b----\r
            --b---\r
            --b\r
            \r
            outermost\r
            --b--\r

            """)
        #expect(walked.texts == ["", "", "", "innermost", "outermost"])
        #expect(walked.ends == Array(repeating: .complete, count: 5))
        #expect(walked.depths == [0, 1, 2, 3, 1])
    }

    @Test("of two open multiparts with one boundary a delimiter belongs to the inner one")
    func sameBoundary() {
        let walked = WalkedBody(
            "--b\r\nContent-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--\r\n")
        #expect(walked.texts == ["", "", "x", "y"])
        #expect(walked.depths == [0, 1, 2, 1])
    }

    @Test("a delimiter that could be a field is a delimiter")
    func fieldLike() {
        let walked = WalkedBody("--a:b\r\n--a:b\r\nC: d\r\n--a:b--\r\n", boundary: "a:b")
        #expect(walked.texts == ["", "", ""])
        #expect(walked.parts.map(\.fields.count) == [0, 0, 1])
        #expect(walked.ends == [.complete, .complete, .complete])
    }

    @Test("a multipart header without empty line may be followed by its own delimiter")
    func delimiterBehindHeader() {
        let walked = WalkedBody("--b\r\nContent-Type: multipart/x; boundary=c\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n")
        #expect(walked.texts == ["", "", "x"])
        #expect(walked.ends == [.complete, .complete, .complete])
    }

    @Test("parts of a digest are messages unless they say what they are, and messages are not taken apart")
    func digest() {
        let body = "--b\r\n\r\nFrom: a\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\ny\r\n--b--\r\n"
        let walked = WalkedBody(Array(body.utf8), root: .multipart("b", type: "multipart/digest"))
        #expect(walked.types == ["multipart/digest", "message/rfc822", "text/html"])
        #expect(walked.texts == ["", "From: a\r\n\r\nx", "y"])
    }

    @Test("a message that is no multipart is one part with all its bytes, whatever they look like")
    func leaf() {
        let body = "--b\r\n\r\n--\r\n"
        for root in [PartFacts(), .multipart(""), .multipart(String(repeating: "b", count: 995))] {
            let walked = WalkedBody(Array(body.utf8), root: root)
            #expect(walked.texts == [body])
            #expect(walked.ends == [.complete])
            #expect(walked.structure.isEmpty)
        }
    }

    @Test("places are counted from the beginning of the body")
    func places() {
        let body = "pre\r\n--b\r\nA: b\r\nC: d\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n"
        let walked = WalkedBody(body)
        #expect(walked.parts[1].place == PartPlace(parent: 0, header: 10..<22, content: 24))
        #expect(walked.parts[2].place == PartPlace(parent: 0, header: 32..<32, content: 34))
        #expect(walked.parts[1].fields.map(\.text) == ["b", "d"])
    }
}
