// What a body may ask of the walk.

import MailMessage
import Testing

@Suite("MIMEWalker, limits")
struct MIMELimitTests {
    private func limits(parts: Int = 1000, depth: Int = 100, header: Int = 65_536) -> BodyLimits {
        var limits = BodyLimits()
        (limits.parts, limits.depth, limits.header) = (parts, depth, header)
        return limits
    }

    @Test("as many parts as allowed are parts, besides the whole message; from the next one on all is content")
    func parts() {
        let body = "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n"
        let enough = WalkedBody(body, limits: limits(parts: 2))
        #expect(enough.texts == ["", "1", "2"])
        #expect(!enough.isOverfull)
        let overfull = WalkedBody(body, limits: limits(parts: 1))
        #expect(overfull.texts == ["", "1\r\n--b\r\n\r\n2\r\n--b--\r\n"])
        #expect(overfull.ends == [.unfinished, .unfinished])
        #expect(overfull.isOverfull)
        #expect(overfull.bytes == Array(body.utf8))
    }

    @Test("between parts, what is too much is no content")
    func betweenParts() {
        let walked = WalkedBody("pre\r\n--b\r\n\r\n1\r\n--b--\r\n", limits: limits(parts: 0))
        #expect(walked.texts == [""])
        #expect(walked.isOverfull)
        #expect(walked.structures == ["pre\r\n--b\r\n\r\n1\r\n--b--\r\n"])
    }

    @Test("a multipart deeper than allowed is a part like others")
    func depth() {
        let body = """
            --b\r
            Content-Type: multipart/x; boundary=c\r
            \r
            --c\r
            Content-Type: multipart/y; boundary=d\r
            \r
            --d\r
            \r
            x\r
            --d--\r
            --c--\r
            --b--\r

            """
        #expect(WalkedBody(body, limits: limits(depth: 2)).texts == ["", "", "", "x"])
        let shallow = WalkedBody(body, limits: limits(depth: 1))
        #expect(shallow.texts == ["", "", "--d\r\n\r\nx\r\n--d--"])
        #expect(shallow.parts[2].facts.boundary == "")
        #expect(shallow.parts[1].facts.boundary == "c")
        #expect(WalkedBody(body, limits: limits(depth: -1)).texts == [body])
    }

    @Test("a line of a header that does not fit begins the content")
    func header() {
        let body = "--b\r\nA: b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
        #expect(WalkedBody(body, limits: limits(header: 33)).types[1] == "image/png")
        #expect(WalkedBody(body, limits: limits(header: 33)).texts[1] == "x")
        #expect(WalkedBody(body, limits: limits(header: 32)).texts[1] == "\r\nx")
        let cut = WalkedBody(body, limits: limits(header: 30))
        #expect(cut.types[1] == "text/plain")
        #expect(cut.texts[1] == "Content-Type: image/png\r\n\r\nx")
        #expect(cut.parts[1].fields.map(\.name) == ["A"])
        #expect(WalkedBody(body, limits: limits(header: 0)).texts[1] == "A: b\r\nContent-Type: image/png\r\n\r\nx")
        #expect(WalkedBody("--b\r\n--b--\r\n", limits: limits(header: 2)).texts == ["", ""])
    }

    @Test("a boundary of 994 characters works, and 995 are no boundary")
    func longBoundary() {
        let longest = String(repeating: "x", count: 994)
        let walked = WalkedBody("--\(longest)\r\n\r\na\r\n--\(longest)--\r\n", boundary: longest)
        #expect(walked.texts == ["", "a"])
        #expect(walked.ends == [.complete, .complete])
        #expect(PartFacts.of("Content-Type: multipart/x; boundary=\(longest)\r\n").boundary == longest)
        #expect(PartFacts.of("Content-Type: multipart/x; boundary=\(longest)x\r\n").boundary == "")
    }

    @Test("a delimiter with blanks up to 998 bytes counts, one more and the line is content")
    func padding() {
        let blanks = String(repeating: " ", count: 995)
        #expect(WalkedBody("--b\r\n\r\na\n--b\(blanks)\n\nc\n--b--\n").texts == ["", "a", "c"])
        #expect(WalkedBody("--b\r\n\r\na\n--b\(blanks) \n\nc\n--b--\n").texts == ["", "a\n--b\(blanks) \n\nc"])
    }
}
