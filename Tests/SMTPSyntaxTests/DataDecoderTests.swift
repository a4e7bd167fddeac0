// Message content: dots, ends and chunks, checked against a slow decoder that sees the whole message at once.

import SMTPSyntax
import Testing

/// What a decoder made of some bytes.
struct Decoded: Equatable {
    var content = ""
    var consumed = 0
    var ended = false
    var sawBareNewline = false
    var longestLine = 0

    init(_ chunks: [ArraySlice<UInt8>], _ policy: BareNewlinePolicy) {
        var decoder = DataDecoder(bareNewline: policy)
        var bytes: [UInt8] = []
        for chunk in chunks where !ended {
            let progress = chunk.withUnsafeBytes { decoder.decode($0) { bytes += $0 } }
            consumed += progress.consumed
            ended = progress.ended
        }
        content = String(decoding: bytes, as: UTF8.self)
        sawBareNewline = decoder.sawBareNewline
        longestLine = decoder.longestLine
    }

    /// In one chunk; it is checked that no other chunking makes a difference.
    init(_ text: String, _ policy: BareNewlinePolicy) {
        let bytes = Array(text.utf8)
        self.init([bytes[...]], policy)
        #expect(Decoded(bytes.indices.map { bytes[$0...$0] }, policy) == self, "byte by byte: \(text.debugDescription)")
        for split in bytes.indices {
            let halves = [bytes[..<split], bytes[split...]]
            #expect(Decoded(halves, policy) == self, "split at \(split): \(text.debugDescription)")
        }
    }
}

@Suite("DataDecoder")
struct DataDecoderTests {
    @Test(
        "content is handed on without its dots, up to and with the CR LF before the final dot",
        arguments: [
            (".\r\n", ""),
            ("a\r\n.\r\n", "a\r\n"),
            ("\r\n.\r\n", "\r\n"),
            ("..\r\n.\r\n", ".\r\n"),
            (".a\r\n.\r\n", "a\r\n"),
            ("..a\r\n...\r\n.\r\n", ".a\r\n..\r\n"),
            ("a.\r\n.b\r\n.\r\n", "a.\r\nb\r\n"),
            ("a\r\n\r\n..\r\n.\r\n", "a\r\n\r\n.\r\n"),
            ("\u{0}\r\n\u{E4}\r\n.\r\n", "\u{0}\r\n\u{E4}\r\n"),
        ])
    func content(wire: String, content: String) {
        for policy in BareNewlinePolicy.allCases {
            let decoded = Decoded(wire + "QUIT\r\n", policy)
            #expect(decoded.content == content)
            #expect(decoded.ended)
            #expect(decoded.consumed == wire.utf8.count)
            #expect(!decoded.sawBareNewline)
        }
    }

    @Test("what follows the end is left alone, and a decoder that has ended uses nothing more")
    func afterTheEnd() {
        var decoder = DataDecoder(bareNewline: .reject)
        "a\r\n.\r\n.\r\nQUIT\r\n".asBuffer { bytes in
            #expect(decoder.decode(bytes) { _ in } == DataDecoder.Progress(consumed: 6, ended: true))
            #expect(
                decoder.decode(bytes) { _ in Issue.record("content behind the end") }
                    == DataDecoder.Progress(consumed: 0, ended: true))
        }
    }

    @Test("a chunk without dots at line starts is handed on as one slice of itself")
    func oneRun() {
        var decoder = DataDecoder(bareNewline: .reject)
        "a.b\r\nc\r\n\r\nd".asBuffer { bytes in
            var runs: [UnsafeRawBufferPointer] = []
            _ = decoder.decode(bytes) { runs.append($0) }
            #expect(runs.count == 1)
            #expect(runs.first?.baseAddress == bytes.baseAddress)
            #expect(runs.first?.count == bytes.count)
        }
    }

    @Test("an empty chunk changes nothing")
    func emptyChunk() {
        var decoder = DataDecoder(bareNewline: .reject)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(decoder.decode(nothing) { _ in } == DataDecoder.Progress(consumed: 0, ended: false))
        #expect(".\r\n".asBuffer { decoder.decode($0) { _ in } }.ended)
    }

    @Test(
        "the longest line is counted in content bytes without CR LF",
        arguments: [
            (".\r\n", 0), ("abc\r\n.\r\n", 3), ("..abc\r\nab\r\n.\r\n", 4), ("ab\r\nabcde\r\nabc\r\n.\r\n", 5),
            ("abcd", 4),
        ])
    func longestLine(wire: String, length: Int) {
        for policy in BareNewlinePolicy.allCases { #expect(Decoded(wire, policy).longestLine == length) }
    }

    @Test("bare newlines are part of the line under accept, and end it under replace")
    func longestLineWithBareNewlines() {
        #expect(Decoded("ab\ncd\re\r\n.\r\n", .accept).longestLine == 7)
        #expect(Decoded("ab\ncd\re\r\n.\r\n", .replace).longestLine == 2)
    }

    @Test("every message of up to five critical bytes is decoded as the slow decoder does, in every split")
    func exhaustive() {
        let alphabet: [Character] = ["\r", "\n", ".", "a"]
        var texts = [""]
        var level = [""]
        for _ in 0..<5 {
            level = level.flatMap { text in alphabet.map { "\(text)\($0)" } }
            texts += level
        }
        for text in texts {
            for policy in BareNewlinePolicy.allCases {
                let wire = text + "\r\n.\r\n"
                let slow = SlowDecoder(wire, policy)
                let decoded = Decoded(wire, policy)
                #expect(decoded.ended)
                #expect(decoded.consumed == slow.consumed, "\(wire.debugDescription) \(policy)")
                #expect(decoded.sawBareNewline == slow.sawBareNewline, "\(wire.debugDescription) \(policy)")
                #expect(decoded.content == slow.content, "\(wire.debugDescription) \(policy)")
            }
        }
    }
}

/// The rules, written down once more without any care for speed: find the end, cut at CR LF, take off dots, mend.
struct SlowDecoder {
    var content: String
    var consumed: Int
    var sawBareNewline = false

    init(_ wire: String, _ policy: BareNewlinePolicy) {
        let seen = Array("\r\n".utf8) + Array(wire.utf8)
        let mark = Array("\r\n.\r\n".utf8)
        let end = seen.indices.first { seen[$0...].starts(with: mark) } ?? seen.count
        consumed = end + 3
        // The content with the CR LF before the final dot, without the CR LF of the DATA command.
        let bytes = Array(seen[2..<max(end + 2, 2)])
        var mended: [UInt8] = []
        var atLineStart = true
        var index = 0
        while index < bytes.count {
            let octet = bytes[index]
            let isPair = octet == 13 && index + 1 < bytes.count && bytes[index + 1] == 10
            if isPair {
                mended += [13, 10]
                index += 1
            } else if octet == 13 || octet == 10 {
                let wasMet = sawBareNewline
                sawBareNewline = true
                if policy == .replace { mended += [13, 10] }
                if policy == .accept { mended.append(octet) }
                // Where a refused message stops being handed on: a CR has left before anyone knew, an LF has not.
                if policy == .reject, !wasMet, octet == 13 { mended.append(13) }
            } else if !(atLineStart && octet == 46), !(policy == .reject && sawBareNewline) {
                mended.append(octet)
            }
            if policy == .reject, sawBareNewline, isPair { mended.removeLast(2) }
            atLineStart = isPair
            index += 1
        }
        content = String(decoding: mended, as: UTF8.self)
    }
}
