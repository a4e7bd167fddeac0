// However a body is cut into pieces, the walk finds the same.

import MailMessage
import Testing

@Suite("MIMEWalker, pieces")
struct MIMEChunkTests {
    /// SplitMix64.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let nested = """
        pre\r
        --b\r
        Content-Type: multipart/x; boundary=bb\r
        \r
        --bb \t\r
        A: b\r
        no field\r
        --bbb\r
        text\r\r
        --bb--\r
        epilogue\r
        --b\r
        A: b\r
        --b\r
        \r
        \r
        --b--\r
        end\r

        """

    @Test("a body that is cut in two at any place, or into single bytes, has the same parts")
    func everySplit() {
        let body = Array(Self.nested.utf8)
        let whole = WalkedBody(body, root: .multipart("b"))
        #expect(whole.texts == ["", "", "no field\r\n--bbb\r\ntext\r", "", ""])
        for first in 1...body.count {
            #expect(WalkedBody(body, root: .multipart("b"), piece: { first }) == whole, "pieces of \(first)")
            var sizes = [body.count, first]
            let cut = WalkedBody(body, root: .multipart("b"), piece: { sizes.popLast() ?? 1 })
            #expect(cut == whole, "cut at \(first)")
        }
    }

    @Test("a delimiter of the greatest length is found wherever it is cut")
    func longDelimiter() {
        let boundary = String(repeating: "x", count: 990)
        for padding in [3, 4, 5, 6] {
            let line = "--\(boundary)--" + String(repeating: " ", count: padding)
            let body = Array("--\(boundary)\r\n\r\na\r\n\(line)\r\n".utf8)
            let whole = WalkedBody(body, root: .multipart(boundary))
            #expect((whole.texts == ["", "a"]) == (padding < 5), "\(padding) blanks")
            for size in [1, 2, 3, 7, 997, 998, 999, 1000, 1001] {
                #expect(WalkedBody(body, root: .multipart(boundary), piece: { size }) == whole, "pieces of \(size)")
            }
        }
    }

    @Test("the line end behind a line that is too long belongs to the delimiter, wherever it is cut")
    func longLine() {
        for length in 990...1002 {
            let line = "--b" + String(repeating: "x", count: length - 3)
            let body = Array("--b\r\n\r\n\(line)\r\n--b--\r\n".utf8)
            for size in [1, 9, 10, length, length + 9, length + 10, length + 11] {
                let walked = WalkedBody(body, root: .multipart("b"), piece: { size })
                #expect(walked.texts == ["", line], "\(length) bytes in pieces of \(size)")
            }
        }
    }

    private static let tokens = [
        "--b", "--b--", "--c", "--c--", "\r\n", "\n", "\r", "-", "--", " ", "x", "A: b", "\r\n\r\n",
        "Content-Type: multipart/x; boundary=c", "Content-Type: multipart/digest; boundary=bc", "--bc", "--bc--",
        "\r\n--b\r\n", "\r\n--c\r\n", String(repeating: " ", count: 500),
    ]

    @Test("random bodies come out as they went in, the same in all pieces", arguments: 0..<40)
    func random(seed: UInt64) {
        var generator = Generator(state: seed)
        for _ in 0..<25 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                body += Self.tokens[Int.random(in: 0..<Self.tokens.count, using: &generator)].utf8
            }
            var limits = BodyLimits()
            limits.parts = Int.random(in: 0..<20, using: &generator)
            limits.depth = Int.random(in: 0..<4, using: &generator)
            limits.header = Int.random(in: 0..<120, using: &generator)
            let whole = WalkedBody(body, root: .multipart("b"), limits: limits)
            #expect(whole.bytes == body)
            #expect(whole.parts.count <= limits.parts + 1)
            #expect(whole.ended.sorted() == Array(whole.parts.indices))
            #expect(WalkedBody(body, root: .multipart("b"), limits: limits, piece: { 1 }) == whole)
            let pieces = WalkedBody(body, root: .multipart("b"), limits: limits) {
                Int.random(in: 1...17, using: &generator)
            }
            #expect(pieces == whole)
        }
    }
}
