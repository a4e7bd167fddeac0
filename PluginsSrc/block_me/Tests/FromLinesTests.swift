// Senders in forwarded texts.
import Testing

@testable import BlockMe

@Suite("block_me")
struct FromLinesTests {
    func find(_ pieces: String...) -> String? {
        var lines = FromLines()
        for piece in pieces where Array(piece.utf8).withUnsafeBytes({ lines.isFound(in: $0) }) { return lines.found }
        return lines.last()
    }

    @Test(
        "the forms that mail programs give to a forwarded header",
        arguments: [
            "From: Spam <a@b.test>\n", "From: a@b.test\r\n", "From:a@b.test", "> From: \"A, B\" <a@b.test>\n",
            ">From: A [mailto:a@b.test]\n", " From: <a@b.test>\n", "x\n\nFrom: A <a@b.test>\nFrom: <c@d.test>\n",
            "From: nobody\nFrom: a@b.test\n",
        ])
    func forms(text: String) { #expect(find(text) == "a@b.test") }

    @Test(
        "what is no such line",
        arguments: ["", "From: nobody", "x From: a@b", ">> From: a@b", "from: a@b", "From: <>", "From: @"])
    func others(text: String) { #expect(find(text) == nil) }

    @Test("an address over the border of two pieces, and a line without an end")
    func borders() {
        #expect(find("hello\nFr", "om: <a@", "b.test>") == "a@b.test")
        #expect(find("From: <a@b", ".test>\nFrom: <c@d>") == "a@b.test")
    }

    @Test("an address that would be a comment or two lines is none")
    func hostile() {
        #expect(find("From: <#a@b.test>") == nil)
        #expect(find("From: <a@b.test x@y.test>") == nil)
        #expect(find("From: <" + String(repeating: "a", count: 400) + "@b>") == nil)
    }

    @Test("of a very long line only the start counts")
    func long() {
        let text = "From: " + String(repeating: "x", count: 3000) + " <a@b.test>\nFrom: <c@d.test>\n"
        #expect(find(text) == "c@d.test")
    }
}
