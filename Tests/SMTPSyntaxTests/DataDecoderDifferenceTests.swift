// Message content of any kind, in chunks of any size, is decoded as one octet after the other would be.

import SMTPSyntax
import Testing

/// What became of a message.
private struct Outcome: Equatable {
    var content: [UInt8] = []
    var consumed = 0
    var sawBareNewline = false
    var longestLine = 0

    init() {}

    /// - Parameter sizes: of the chunks, again and again from the first on
    init(_ wire: [UInt8], _ policy: BareNewlinePolicy, chunks sizes: [Int]) {
        var decoder = DataDecoder(bareNewline: policy)
        var (start, turn, ended) = (0, 0, false)
        while start < wire.count, !ended {
            let end = min(start + sizes[turn % sizes.count], wire.count)
            let progress = wire[start..<end].withUnsafeBytes { decoder.decode($0) { content += $0 } }
            (start, turn, ended) = (end, turn + 1, progress.ended)
            consumed += progress.consumed
        }
        if !ended { Issue.record("no end") }
        sawBareNewline = decoder.sawBareNewline
        longestLine = decoder.longestLine
    }
}

/// The rules for one octet at a time, without any care for speed. The wire must hold an end of data.
private struct OctetByOctet {
    var outcome = Outcome()
    private let policy: BareNewlinePolicy
    private var length = 0

    init(_ wire: [UInt8], _ policy: BareNewlinePolicy) {
        self.policy = policy
        var atLineStart = true
        var next = 0
        while true {
            if atLineStart, wire[next] == UInt8(ascii: ".") {
                next += 1
                if wire[next] == 13, wire[next + 1] == 10 { break }
            }
            atLineStart = wire[next] == 13 && wire[next + 1] == 10
            if atLineStart {
                finishLine()
                hand(on: 13)
                hand(on: 10)
                next += 1
            } else if wire[next] == 13 || wire[next] == 10 {
                metBare(wire[next])
            } else {
                length += 1
                hand(on: wire[next])
            }
            next += 1
        }
        outcome.consumed = next + 2
    }

    private mutating func hand(on octet: UInt8) {
        if policy != .reject || !outcome.sawBareNewline { outcome.content.append(octet) }
        outcome.longestLine = max(outcome.longestLine, length)
    }

    private mutating func finishLine() {
        outcome.longestLine = max(outcome.longestLine, length)
        length = 0
    }

    private mutating func metBare(_ octet: UInt8) {
        switch policy {
        case .accept:
            length += 1
            hand(on: octet)
        case .replace:
            finishLine()
            hand(on: 13)
            hand(on: 10)
        // A CR has been handed on before anybody knew.
        case .reject: if octet == 13 { hand(on: octet) }
        }
        outcome.sawBareNewline = true
    }
}

/// The same numbers in each run.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

@Suite("DataDecoder beside one octet after the other")
struct DataDecoderDifferenceTests {
    /// Around the sizes that are looked at together.
    private static let lengths = [0, 1, 8, 15, 16, 17, 33, 63, 64, 65, 76, 81, 129]
    private static let ends: [[UInt8]] = [
        [13, 10], [13, 10], [13, 10], [13, 10], [13], [10], [10, 13], [13, 13, 10],
    ]

    @Test("a stray CR, LF, TAB or pair is found at every place of lines of every length", arguments: lengths)
    func strays(length: Int) {
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: length)
        for stray: [UInt8] in [[13], [10], [9], [13, 10], [13, 10, 46], [13, 13], [0xFF]] {
            for place in 0...length {
                // Two lines of the same length come before, so that the third is expected to be as long, and may be so.
                let before = line + [13, 10] + line + [13, 10] + line[..<place] + stray
                for after in [line[place...], line.dropFirst(place + stray.count)] {
                    let wire = before + after + [13, 10]
                    expectSame(wire, [wire.count + 9], "\(stray) at \(place) of \(length)")
                }
            }
        }
    }

    @Test("any mixture of lines, dots, bare newlines and other octets, in any chunks", arguments: 0..<30)
    func mixtures(seed: Int) {
        var dice = Dice(state: UInt64(seed) &* 977)
        var wire: [UInt8] = []
        let octets: [UInt8] = seed % 3 == 0 ? [0x61] : [0x61, 0x2E, 0x09, 0x0C, 0x0E, 0x00, 0xFF]
        var length = 76
        for _ in 0..<Int.random(in: 1...40, using: &dice) {
            if Int.random(in: 0..<4, using: &dice) == 0 { length = Self.lengths.randomElement(using: &dice) ?? 0 }
            wire += [[], [46], [46, 46]][Int.random(in: 0..<8, using: &dice) % 3]
            for _ in 0..<length { wire.append(octets.randomElement(using: &dice) ?? 0) }
            let isClean = Int.random(in: 0..<3, using: &dice) > 0
            wire += isClean ? [13, 10] : Self.ends.randomElement(using: &dice) ?? []
        }
        let sizes = (0..<7).map { _ in Int.random(in: 1...200, using: &dice) }
        for chunks in [[wire.count + 5], sizes, [1], [16], [64]] { expectSame(wire, chunks, "seed \(seed)") }
    }

    @Test("nothing but one octet, or one pair, again and again")
    func monotony() {
        for unit: [UInt8] in [[13], [10], [46], [0], [13, 10], [10, 13], [46, 13, 13], [46, 46, 13, 10], [13, 46]] {
            let wire = [UInt8]((0..<300).flatMap { _ in unit })
            for chunks in [[wire.count + 5], [1], [3, 64, 65]] { expectSame(wire, chunks, "\(unit)") }
        }
    }

    private func expectSame(_ message: [UInt8], _ sizes: [Int], _ comment: @autoclosure () -> String) {
        let wire = message + Array("\r\n.\r\nQUIT\r\n".utf8)
        for policy in BareNewlinePolicy.allCases {
            let (outcome, wanted) = (Outcome(wire, policy, chunks: sizes), OctetByOctet(wire, policy).outcome)
            // Tens of thousands of checks: words only for one that fails.
            guard outcome != wanted else { continue }
            Issue.record("\(policy), chunks of \(sizes), \(comment()): \(outcome), not \(wanted)")
        }
    }
}
