// Texts that many parts share: what servers say is hostile, long, and never twice the same; memory has a limit.

import Testing

@testable import HarakaQueue

@Suite("SharedTexts")
struct SharedTextsTests {
    /// As many different ones as there is room for.
    private static let limit = 4096

    @Test("equal texts are one, until each that has it lets go")
    func shared() {
        var texts = SharedTexts()
        let one = texts.take("450 busy")
        #expect(one != nothing && texts[one] == "450 busy")
        #expect(texts.take("450 busy") == one && texts.take("450 busy") == one)
        let other = texts.take("451 later")
        #expect(other != one && texts[other] == "451 later")
        texts.release(one)
        texts.release(one)
        #expect(texts[one] == "450 busy")
        texts.release(one)
        // Gone: its number is free for the next.
        #expect(texts.take("452 full") == one && texts[one] == "452 full" && texts[other] == "451 later")
    }

    @Test("no text is nothing, and nothing can be let go of")
    func none() {
        var texts = SharedTexts()
        #expect(texts.take("") == nothing && texts[nothing] == "")
        texts.release(nothing)
        let one = texts.take("a")
        texts.release(one)
        // The last one has taken all memory along.
        #expect(texts.take("b") != nothing)
    }

    @Test("what is more than there is room for is not kept, but what is there can still be shared")
    func full() {
        var texts = SharedTexts()
        let numbers = (0..<Self.limit).map { texts.take("451 id \($0)") }
        #expect(Set(numbers).count == Self.limit && !numbers.contains(nothing))
        #expect(texts.take("451 id \(Self.limit)") == nothing)
        #expect(texts.take("451 id 17") == numbers[17])
        texts.release(numbers[17])
        #expect(texts.take("451 another") == nothing)
        texts.release(numbers[17])
        let new = texts.take("451 another")
        #expect(new == numbers[17] && texts[new] == "451 another")
        #expect(texts.take("451 one more") == nothing)
    }

    @Test(
        "a long text is cut between characters, and is the same when it is cut once more",
        arguments: [
            (String(repeating: "a", count: 160), 160), (String(repeating: "a", count: 161), 160),
            (String(repeating: "a", count: 159) + "\u{E9}x", 159),
            (String(repeating: "a", count: 158) + "\u{E9}x", 160),
            (String(repeating: "a", count: 158) + "\u{20AC}x", 158),
            (String(repeating: "a", count: 157) + "\u{1F600}x", 157),
            (String(repeating: "\u{FFFD}", count: 1000), 159), (String(repeating: "a\u{301}", count: 1000), 160),
            ("e" + String(repeating: "\u{301}", count: 1000), 159),
            (String(repeating: "\u{1F468}\u{200D}", count: 500), 158),
        ])
    func long(text: String, bytes: Int) {
        var texts = SharedTexts()
        let number = texts.take(text)
        let kept = texts[number]
        #expect(kept.utf8.count == bytes)
        #expect(text.utf8.starts(with: kept.utf8))
        #expect(texts.take(kept) == number && texts.take(text + "more") == number)
    }

    @Test("a long life of hostile replies keeps count", arguments: [3, 50, 9000] as [UInt64])
    func life(different: UInt64) {
        var texts = SharedTexts()
        var random = SeededGenerator(state: different)
        var held: [(number: UInt32, text: String)] = []
        var uses: [String: Int] = [:]
        for step in 0..<20_000 {
            let isFilling = step % 10_000 < 6000
            if held.isEmpty || random.next() % 10 < (isFilling ? 8 : 2) {
                let text = "451 4.7.\(random.next() % different)"
                let number = texts.take(text)
                let isKept = uses[text] != nil || uses.count < Self.limit
                guard isKept == (number != nothing) else {
                    Issue.record("\(text) at step \(step): \(uses.count) kept")
                    return
                }
                guard number != nothing else { continue }
                uses[text, default: 0] += 1
                held.append((number, text))
            } else {
                // The order in which they go is nobody's to choose.
                held.swapAt(Int(random.next() % UInt64(held.count)), held.count - 1)
                let gone = held.removeLast()
                texts.release(gone.number)
                let left = (uses[gone.text] ?? 0) - 1
                uses[gone.text] = left > 0 ? left : nil
            }
        }
        #expect(held.allSatisfy { texts[$0.number] == $0.text })
        let numbers = Dictionary(grouping: held, by: \.text).mapValues { Set($0.map(\.number)).count }
        #expect(numbers.values.allSatisfy { $0 == 1 })
        for one in held { texts.release(one.number) }
        #expect((0..<Self.limit).allSatisfy { texts.take("t\($0)") != nothing })
    }
}
