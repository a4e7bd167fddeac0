// Texts sought in a stream.
import HarakaPluginKit
import Testing

@Suite("ByteSearch")
struct ByteSearchTests {
    /// The index found, and in which piece.
    func find(_ texts: [String], caseless: Bool = false, in pieces: [String]) -> [Int] {
        let search = ByteSearch(texts, caseless: caseless)
        var place = ByteSearch.Place()
        for (number, piece) in pieces.enumerated() {
            if let found = Array(piece.utf8).withUnsafeBytes({ search.finds(in: $0, from: &place) }) {
                return [found, number]
            }
        }
        return []
    }

    @Test("a text in one piece")
    func one() {
        #expect(find(["needle"], in: ["hay needle hay"]) == [0, 0])
        #expect(find(["needle"], in: ["hay needl hay"]) == [])
    }

    @Test("a text that lies over every border of pieces is found", arguments: 1...5)
    func borders(cut: Int) {
        let text = "needle"
        #expect(find(["other", text], in: ["hay " + text.prefix(cut), text.dropFirst(cut) + " hay"]) == [1, 1])
        #expect(find([text], in: text.map { String($0) }) == [0, 5])
    }

    @Test("what begins twice is found: a false start does not eat the true one")
    func restarts() {
        #expect(find(["aab"], in: ["aaab"]) == [0, 0])
        #expect(find(["abcd", "bce"], in: ["abce"]) == [1, 0])
        #expect(find(["abcabd"], in: ["abcabcabd"]) == [0, 0])
    }

    @Test("a text inside another is found where it ends first")
    func inside() {
        #expect(find(["abcd", "bc"], in: ["xabcd"]) == [1, 0])
        #expect(find(["he", "she", "his", "hers"], in: ["ushers"]) == [1, 0])
    }

    @Test("letters with case, and without")
    func cases() {
        #expect(find(["User"], in: ["USER user"]) == [])
        #expect(find(["User"], caseless: true, in: ["x uSeR"]) == [0, 0])
    }

    @Test("empty texts are never found, and nothing is sought if there are no others")
    func empty() {
        #expect(find(["", "b"], in: ["aab"]) == [1, 0])
        #expect(ByteSearch([""]).isEmpty)
        #expect(!ByteSearch(["a"]).isEmpty)
        #expect(find([], in: ["aab"]) == [])
    }

    @Test("agrees with a plain search on every short text of two letters")
    func exhaustive() {
        let letters = ["a", "b"]
        let needles = ["ab", "aba", "bb", "baab"]
        var subjects = [""]
        for _ in 0..<7 { subjects = subjects.flatMap { subject in letters.map { subject + $0 } } }
        for subject in subjects {
            for needle in needles {
                let expected = (0...(subject.count - needle.count)).contains {
                    subject.dropFirst($0).prefix(needle.count) == needle
                }
                #expect(!find([needle], in: [subject]).isEmpty == expected, "\(needle) in \(subject)")
            }
        }
    }
}
