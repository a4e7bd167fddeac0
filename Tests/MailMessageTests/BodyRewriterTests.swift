// Bodies on their way through filters.

import MailMessage
import Testing

/// Wants parts of one type, and makes of them what a closure says.
private final class ScriptedFilter: BodyFilter {
    let type: String
    let change: ([UInt8], Bool) -> [UInt8]
    private(set) var began: [PartFacts] = []
    private(set) var lastCalls = 0
    private(set) var ends = 0

    init(_ type: String, _ change: @escaping ([UInt8], Bool) -> [UInt8]) {
        self.type = type
        self.change = change
    }

    func begins(_ part: PartFacts) -> (any PartFilter)? {
        began.append(part)
        return part.contentType == type ? Part(self) : nil
    }

    private final class Part: PartFilter {
        let filter: ScriptedFilter
        init(_ filter: ScriptedFilter) { self.filter = filter }

        func rewrite(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8]) {
            if isLast { filter.lastCalls += 1 }
            output += filter.change(Array(bytes), isLast)
        }

        func ended() { filter.ends += 1 }
    }
}

@Suite("BodyRewriter")
struct BodyRewriterTests {
    private func root(_ type: String, _ encoding: String = "7bit", boundary: String = "") -> PartFacts {
        var facts = PartFacts()
        facts.contentType = type
        facts.encoding = encoding
        facts.boundary = boundary
        return facts
    }

    private func rewriter(_ root: PartFacts, _ filters: [any BodyFilter]) -> () -> Incremental {
        {
            let rewriter = BodyRewriter(root: root, limits: BodyLimits(), filters: filters, banner: nil)
            return Incremental(take: { rewriter.rewrite($0, into: &$1) }, finish: { rewriter.finish(into: &$0) })
        }
    }

    private static let mixed = """
        preamble\r
        --b\r
        Content-Type: text/plain\r
        Content-Transfer-Encoding: quoted-printable\r
        \r
        caf=C3=A9 =\r
        au lait\r
        --b\r
        Content-Type: image/png\r
        Content-Transfer-Encoding: base64\r
        \r
        aGVs*bG8=\r
        --b\r
        \r
        plain\r
        --b--\r
        epilogue\r

        """

    private let upper = { (bytes: [UInt8], _: Bool) in bytes.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 } }

    @Test("without a wish every byte passes")
    func untouched() {
        let filter = ScriptedFilter("application/pdf", upper)
        #expect(result(Self.mixed, rewriter(root("multipart/mixed", boundary: "b"), [filter])) == Self.mixed)
        #expect(filter.began.prefix(3).map(\.contentType) == ["text/plain", "image/png", "text/plain"])
        #expect(filter.ends == 0)
    }

    @Test("wanted parts are decoded, changed and encoded again; the others stay byte for byte")
    func wanted() {
        let filter = ScriptedFilter("text/plain", upper)
        let changed = Self.mixed.replacing("caf=C3=A9 =\r\nau lait", with: "CAF=C3=A9 AU LAIT")
            .replacing("\r\nplain", with: "\r\nPLAIN")
        #expect(result(Self.mixed, rewriter(root("multipart/mixed", boundary: "b"), [filter])) == changed)
        #expect(filter.lastCalls == filter.ends)
        #expect(filter.ends == 2 * 5)
    }

    @Test("what a base64 part becomes is base64 in lines of 76")
    func base64() {
        let filter = ScriptedFilter("image/png") { bytes, isLast in
            bytes + (isLast ? [UInt8](repeating: 0, count: 60) : [])
        }
        let lines = "aGVsbG8" + String(repeating: "A", count: 69) + "\r\n" + String(repeating: "A", count: 11) + "="
        let changed = Self.mixed.replacing("aGVs*bG8=", with: lines)
        #expect(result(Self.mixed, rewriter(root("multipart/mixed", boundary: "b"), [filter])) == changed)
    }

    @Test("filters work one after the other")
    func chain() {
        let first = ScriptedFilter("text/plain") { bytes, isLast in bytes + (isLast ? Array("x".utf8) : []) }
        let second = ScriptedFilter("text/plain", upper)
        let third = ScriptedFilter("text/plain") { bytes, isLast in bytes + (isLast ? Array("y".utf8) : []) }
        #expect(result("a\r\n", rewriter(root("text/plain"), [first, second, third])) == "A\r\nXy\r\n")
    }

    @Test("a filter may keep everything back until the end, or write nothing")
    func late() {
        var kept: [UInt8] = []
        let late = ScriptedFilter("text/plain") { bytes, isLast in
            kept += bytes
            defer { if isLast { kept = [] } }
            return isLast ? kept.reversed() : []
        }
        #expect(result("abc", rewriter(root("text/plain"), [late])) == "cba\r\n")
        let mute = ScriptedFilter("text/plain") { _, _ in [] }
        #expect(result("abc\r\n", rewriter(root("text/plain"), [mute])) == "")
        let after = ScriptedFilter("text/plain") { bytes, isLast in bytes + (isLast ? [0x21] : []) }
        #expect(result("abc\r\n", rewriter(root("text/plain"), [mute, after])) == "!\r\n")
    }

    @Test("a changed message ends in CR LF; LF of a filter becomes CR LF where nothing is encoded")
    func lineEnds() {
        let filter = ScriptedFilter("text/plain") { bytes, _ in bytes.map { $0 == 0x7C ? 0x0A : $0 == 0x21 ? 0x0D : $0 }
        }
        #expect(result("a|b!c\r\n", rewriter(root("text/plain", "8bit"), [filter])) == "a\r\nb\r\nc\r\n")
        #expect(result("a!|b", rewriter(root("text/plain"), [filter])) == "a\r\nb\r\n")
        #expect(result("YQ==\r\n", rewriter(root("text/plain", "base64"), [filter])) == "YQ==\r\n")
        #expect(result("a|b=\r\n", rewriter(root("text/plain", "quoted-printable"), [filter])) == "a=0Ab\r\n")
    }

    @Test("a part that nothing ends is rewritten, too")
    func unfinished() {
        let filter = ScriptedFilter("text/plain", upper)
        let text = "--b\r\n\r\nabc"
        #expect(result(text, rewriter(root("multipart/mixed", boundary: "b"), [filter])) == "--b\r\n\r\nABC\r\n")
        #expect(filter.lastCalls == filter.ends)
    }

    @Test("an abort ends the filters that are at work, once; so does the end of the rewriter", arguments: [0, 1, 2])
    func abort(calls: Int) {
        let filter = ScriptedFilter("text/plain", upper)
        var output: [UInt8] = []
        var rewriter: BodyRewriter? = BodyRewriter(
            root: root("text/plain"), limits: BodyLimits(), filters: [filter], banner: nil)
        Array("abc".utf8).withUnsafeBytes { rewriter?.rewrite($0, into: &output) }
        for _ in 0..<calls { rewriter?.abort() }
        rewriter = nil
        #expect(filter.lastCalls == 0)
        #expect(filter.ends == 1)
    }

    @Test("random bodies are rewritten the same however they are cut", arguments: 0..<30)
    func random(seed: Int) {
        var cuts = Cuts(seed: UInt64(seed))
        let pieces = [
            "--b", "--b--", "\r\n", "\r\n", "\r\n", "\n", "Content-Type: text/plain", "Content-Type: image/png",
            "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "YWJj", "=3D", " ", "=",
        ]
        let text = (0..<60).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &cuts)] }.joined()
        let filter = ScriptedFilter("text/plain", upper)
        _ = result(text, rewriter(root("multipart/mixed", boundary: "b"), [filter]))
        #expect(filter.lastCalls == filter.ends)
        let nothing = result(text, rewriter(root("multipart/mixed", boundary: "b"), []))
        #expect(nothing == text)
    }
}
