// Frames between supervisor and worker, whole, in pieces and damaged.

import HarakaSupervisor
import Testing

extension LinkDecoder {
    /// As the socket would hand it over.
    mutating func append(bytes: some Sequence<UInt8>) {
        Array(bytes).withUnsafeBytes { append($0) }
    }

    /// All messages that are there.
    mutating func all() throws(LinkError) -> [LinkMessage] {
        var messages: [LinkMessage] = []
        while let message = try next() { messages.append(message) }
        return messages
    }
}

/// A header and what follows it.
private func frame(size: UInt32, descriptors: UInt16 = 0, texts: UInt16 = 1, _ payload: [UInt8] = []) -> [UInt8] {
    let numbers = UInt64(size) | UInt64(descriptors) << 32 | UInt64(texts) << 48
    return (0..<8).map { UInt8(truncatingIfNeeded: numbers >> (8 * $0)) } + payload
}

@Suite("LinkMessage and LinkDecoder")
struct LinkTests {
    static let messages = [
        LinkMessage(verb: "commit"),
        LinkMessage(verb: "", fields: ["", ""]),
        LinkMessage(verb: "prepare", fields: ["7", "rcpt_to.x", "a\r\nb\0c", "Grüße 📮"], descriptorCount: 200),
        LinkMessage(verb: "config", fields: [String(repeating: "x", count: 70_000)], descriptorCount: 1),
    ]

    @Test("a frame is length, descriptors, texts, and each text with its length, little-endian")
    func layout() {
        let bytes = LinkMessage(verb: "go", fields: ["", "ü"], descriptorCount: 0x0102).encoded()
        #expect(
            bytes == [16, 0, 0, 0, 2, 1, 3, 0] + [2, 0, 0, 0, 0x67, 0x6F] + [0, 0, 0, 0] + [2, 0, 0, 0, 0xC3, 0xBC])
        let long = LinkMessage(verb: String(repeating: "v", count: 0x010203)).encoded()
        #expect(long.prefix(12) == [0x07, 0x02, 0x01, 0, 0, 0, 1, 0, 0x03, 0x02, 0x01, 0])
        #expect(long.count == 12 + 0x010203)
    }

    @Test("a message comes back as it was", arguments: messages)
    func roundTrip(message: LinkMessage) throws {
        var decoder = LinkDecoder()
        decoder.append(bytes: message.encoded())
        #expect(try decoder.next() == message)
        #expect(try decoder.next() == nil)
    }

    @Test("one byte at a time gives the same messages, each with its last byte")
    func byteByByte() throws {
        var decoder = LinkDecoder()
        for message in Self.messages {
            let bytes = message.encoded()
            for byte in bytes.dropLast() {
                decoder.append(bytes: CollectionOfOne(byte))
                try #require(try decoder.next() == nil)
            }
            decoder.append(bytes: bytes.suffix(1))
            try #require(try decoder.next() == message)
        }
    }

    @Test("many small messages that arrive at once do not move what is behind them each time", .timeLimit(.minutes(1)))
    func manyAtOnce() throws {
        let count = 400_000
        let bytes = LinkMessage(verb: "v").encoded()
        var decoder = LinkDecoder()
        for _ in 0..<count { bytes.withUnsafeBytes { decoder.append($0) } }
        var got = 0
        while try decoder.next() != nil { got += 1 }
        #expect(got == count)
    }

    @Test("at every split, two frames are two messages")
    func everySplit() throws {
        let expected = [Self.messages[2], Self.messages[1]]
        let bytes = expected.flatMap { $0.encoded() }
        for split in 0...bytes.count {
            var decoder = LinkDecoder()
            decoder.append(bytes: bytes[..<split])
            var got = try decoder.all()
            decoder.append(bytes: bytes[split...])
            got += try decoder.all()
            #expect(got == expected)
        }
    }

    @Test("bytes that are not UTF-8 are repaired, and the texts behind them are found")
    func repair() throws {
        var decoder = LinkDecoder()
        decoder.append(bytes: frame(size: 12, texts: 2, [3, 0, 0, 0, 0x61, 0xFF, 0x62, 1, 0, 0, 0, 0x63]))
        #expect(try decoder.next() == LinkMessage(verb: "a\u{FFFD}b", fields: ["c"]))
    }

    @Test(
        "a damaged frame is an error",
        arguments: [
            (frame(size: 4, texts: 0, [0, 0, 0, 0]), LinkError.noVerb),
            (frame(size: 0, texts: 0), .noVerb),
            (frame(size: 0), .lengthsDisagree),
            (frame(size: 7, texts: 2), .lengthsDisagree),
            (frame(size: 4, [1, 0, 0, 0]), .lengthsDisagree),
            (frame(size: 4, [0xFF, 0xFF, 0xFF, 0xFF]), .lengthsDisagree),
            (frame(size: 5, [0, 0, 0, 0, 0x61]), .lengthsDisagree),
            (frame(size: 9, texts: 2, [2, 0, 0, 0, 0x61, 0x61, 0, 0, 0]), .lengthsDisagree),
            (frame(size: 4, descriptors: 201, [0, 0, 0, 0]), .tooManyDescriptors(201)),
            (frame(size: 0x0400_0001), .payloadTooLong(67_108_865)),
            (frame(size: .max, descriptors: .max, texts: .max), .payloadTooLong(4_294_967_295)),
        ])
    func damage(bytes: [UInt8], error: LinkError) {
        var decoder = LinkDecoder()
        decoder.append(bytes: bytes)
        #expect(throws: error) { try decoder.next() }
    }

    @Test("a payload of exactly 64 MiB is waited for, and is a message")
    func longestPayload() throws {
        let size = LinkMessage.payloadLimit - 4
        var decoder = LinkDecoder()
        decoder.append(bytes: frame(size: 0x0400_0000, [0xFC, 0xFF, 0xFF, 0x03]))
        decoder.append(bytes: [UInt8](repeating: 0x76, count: size - 1))
        #expect(try decoder.next() == nil)
        decoder.append(bytes: [0x76])
        let message = try #require(try decoder.next())
        #expect(message.verb.utf8.count == size)
        #expect(message.refusal == nil)
    }

    @Test("messages before the damage are given, none after it, and the error stays the same")
    func errorStays() throws {
        var decoder = LinkDecoder()
        decoder.append(bytes: LinkMessage(verb: "a").encoded() + frame(size: 0, texts: 0))
        #expect(try decoder.next() == LinkMessage(verb: "a"))
        #expect(throws: LinkError.noVerb) { try decoder.next() }
        decoder.append(bytes: LinkMessage(verb: "b").encoded())
        #expect(throws: LinkError.noVerb) { try decoder.next() }
    }

    /// What the sender is told, and what the receiver says. No table: the messages are too large to be printed.
    private func refusals(_ message: LinkMessage) -> [LinkError?] {
        var decoder = LinkDecoder()
        decoder.append(bytes: message.encoded())
        return [message.refusal, #expect(throws: LinkError.self) { try decoder.next() }]
    }

    @Test("what the sender is warned of, the receiver refuses")
    func refusal() {
        #expect(
            refusals(LinkMessage(verb: "a", descriptorCount: 201)) == [
                .tooManyDescriptors(201), .tooManyDescriptors(201),
            ])
        #expect(
            refusals(LinkMessage(verb: "a", descriptorCount: 70_000)) == [
                .tooManyDescriptors(70_000), .tooManyDescriptors(65_535),
            ])
        let wide = LinkMessage(verb: "a", fields: Array(repeating: "", count: 65_535))
        #expect(refusals(wide) == [.tooManyFields(65_535), .lengthsDisagree])
        let bytes = [UInt8](repeating: 0x76, count: LinkMessage.payloadLimit - 3)
        let long = LinkMessage(verb: String(decoding: bytes, as: UTF8.self))
        #expect(refusals(long) == [.payloadTooLong(67_108_865), .payloadTooLong(67_108_865)])
    }

    @Test("what is within the limits is not refused, and a negative count of descriptors is")
    func withinLimits() throws {
        let widest = LinkMessage(verb: "a", fields: Array(repeating: "", count: 65_534), descriptorCount: 200)
        #expect(widest.refusal == nil)
        var decoder = LinkDecoder()
        decoder.append(bytes: widest.encoded())
        #expect(try decoder.next() == widest)
        let negative = LinkMessage(verb: "a", descriptorCount: -1)
        #expect(negative.refusal == .tooManyDescriptors(-1))
        decoder.append(bytes: negative.encoded())
        #expect(try decoder.next() == LinkMessage(verb: "a"))
    }
}
