// Whatever a message holds, it is the same for a reader after it was made 7-bit.

import MailMessage
import Testing

@Suite struct SevenBitRoundTripTests {
    /// Messages of chance, the same for the same seed.
    struct Maker {
        var random: Dice
        private var boundaries = 0

        init(seed: UInt64) { random = Dice(state: seed) }

        mutating func message(_ depth: Int = 0) -> String {
            var text = "Subject: s\(random.below(9))\r\n"
            if random.below(3) > 0 { text += "MIME-Version: 1.0\r\n" }
            return text + entity(depth)
        }

        private mutating func entity(_ depth: Int) -> String {
            let kind = depth > 3 ? random.below(3) : random.below(5)
            let coding = ["", "8bit", "binary", "7bit", "8BIT (really)"][random.below(5)]
            let field = coding.isEmpty ? "" : "Content-Transfer-Encoding: \(coding)\r\n"
            switch kind {
            case 0: return "Content-Type: text/plain; charset=utf-8\r\n\(field)\r\n\(content())"
            case 1: return "\(field)Content-Type: application/x\r\nX-F: a\r\n b\r\n\r\n\(content())"
            case 2: return "Content-Transfer-Encoding: quoted-printable\r\n\r\n\(content().replacing("=", with: "=3D"))"
            case 3: return "Content-Type: message/rfc822\r\n\(field)\r\n\(message(depth + 1))"
            default: return multipart(field, depth)
            }
        }

        private mutating func multipart(_ field: String, _ depth: Int) -> String {
            boundaries += 1
            let boundary = "b\(boundaries)-\(random.below(100))"
            var text = "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\r\n\(field)\r\npreamble\r\n"
            for _ in 0..<random.below(4) {
                text += "--\(boundary)\r\n" + (random.below(5) == 0 ? "\r\n\(content())" : entity(depth + 1)) + "\r\n"
            }
            // Not each one is closed.
            return random.below(6) == 0 ? text : text + "--\(boundary)--\r\nepilogue\r\n"
        }

        private mutating func content() -> String {
            let words = [
                "plain", "grüße", "日本", "=", "=3D", "--b1", " ", "\t", "\r\n", "\r\n", ".", "x\u{0}", "\r", "\n",
            ]
            let count = random.below(random.below(8) == 0 ? 600 : 20)
            return (0..<count).map { _ in words[random.below(words.count - (random.below(4) == 0 ? 0 : 3))] }.joined()
                + "\r\n"
        }
    }

    /// xorshift64.
    struct Dice {
        var state: UInt64

        mutating func below(_ limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(max(1, limit)))
        }
    }

    @Test("hundreds of messages are read the same before and after, and every line is proper", arguments: 0..<10)
    func roundTrip(_ group: Int) throws {
        for number in 0..<40 {
            let seed = UInt64(group * 40 + number) &* 0x9E37_79B9_7F4A_7C15 | 1
            var maker = Maker(seed: seed)
            let message = Array(maker.message().utf8)
            let made = try madeSevenBit(message)
            guard SeenMessage(made) == SeenMessage(message) else {
                Issue.record("seed \(seed): \(String(decoding: message, as: UTF8.self))")
                return
            }
            let lines = made.split(separator: 0x0A, omittingEmptySubsequences: false)
            #expect(lines.dropLast().allSatisfy { $0.last == 0x0D && $0.count <= 999 })
            #expect(made.allSatisfy { $0 < 0x80 && $0 != 0 })
        }
    }

    @Test("how a message is cut into pieces makes no difference", arguments: 0..<10)
    func pieces(_ group: Int) throws {
        for number in 0..<10 {
            let seed = UInt64(group * 10 + number) &* 0x2545_F491_4F6C_DD1D | 1
            var maker = Maker(seed: seed)
            let message = Array(maker.message().utf8)
            let whole = try madeSevenBit(message)
            #expect(try madeSevenBit(message) { 1 } == whole)
            var dice = Dice(state: seed)
            #expect(try madeSevenBit(message) { 1 + dice.below(40) } == whole)
        }
    }
}
