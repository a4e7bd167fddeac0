// The link under random splits and random damage, from fixed seeds.

import HarakaSupervisor
import Testing

@Suite("LinkDecoder at random")
struct LinkRandomTests {
    private func randomMessage(_ random: inout SeededGenerator) -> LinkMessage {
        let alphabet: [Character] = ["a", "ü", "\n", "\0", "📮", " "]
        let texts = (0...Int.random(in: 0...5, using: &random)).map { _ in
            let length = Int.random(in: 0...40, using: &random)
            return String((0..<length).compactMap { _ in alphabet.randomElement(using: &random) })
        }
        return LinkMessage(
            verb: texts[0], fields: Array(texts.dropFirst()), descriptorCount: Int.random(in: 0...200, using: &random))
    }

    /// Feeds in pieces of 1 to `longest` bytes and takes what is there after each.
    private func feed(
        _ bytes: [UInt8], upTo longest: Int, _ random: inout SeededGenerator
    ) -> (messages: [LinkMessage], error: LinkError?) {
        var decoder = LinkDecoder()
        var messages: [LinkMessage] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
            rest = rest.dropFirst(piece.count)
            decoder.append(bytes: piece)
            do throws(LinkError) {
                while let message = try decoder.next() { messages.append(message) }
            } catch {
                return (messages, error)
            }
        }
        return (messages, nil)
    }

    @Test("random messages in random pieces come back as they were", arguments: UInt64(1)...40)
    func splits(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let sent = (0..<60).map { _ in randomMessage(&random) }
        let got = feed(sent.flatMap { $0.encoded() }, upTo: [3, 50, 2000][Int(seed % 3)], &random)
        #expect(got.messages == sent)
        #expect(got.error == nil)
    }

    @Test(
        "after random damage the messages before it are right, and nothing depends on the pieces",
        arguments: UInt64(1)...300)
    func damage(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let sent = (0..<8).map { _ in randomMessage(&random) }
        var bytes = sent.flatMap { $0.encoded() }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch seed % 3 {
        case 0: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
        var end = 0
        let unharmed = sent.prefix { message in
            end += message.encoded().count
            return end <= place
        }
        let got = feed(bytes, upTo: 30, &random)
        #expect(Array(got.messages.prefix(unharmed.count)) == Array(unharmed))
        let whole = feed(bytes, upTo: bytes.count, &random)
        #expect(got == whole)
    }

    @Test("pure noise is an error or nothing, never a trap", arguments: UInt64(1)...200)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Small numbers, so that headers pass and the lengths within are what is tried.
        let bytes = (0..<400).map { _ in UInt8.random(in: 0...(seed % 2 == 0 ? 255 : 3), using: &random) }
        let pieces = feed(bytes, upTo: 7, &random)
        let whole = feed(bytes, upTo: bytes.count, &random)
        #expect(pieces == whole)
    }
}
