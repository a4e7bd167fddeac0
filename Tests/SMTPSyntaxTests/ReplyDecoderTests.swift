// What servers send, and what it is read as.

import SMTPSyntax
import Testing

@Suite("Reply decoder")
struct ReplyDecoderTests {
    /// All events of `text`, shown in pieces of `step` bytes.
    static func events(_ text: String, step: Int = .max, _ decoder: ReplyDecoder = .init()) -> [ReplyDecoder.Event] {
        events(Array(text.utf8), step: step, decoder)
    }

    static func events(_ bytes: [UInt8], step: Int = .max, _ decoder: ReplyDecoder) -> [ReplyDecoder.Event] {
        var decoder = decoder
        var found: [ReplyDecoder.Event] = []
        var start = 0
        while start < bytes.count {
            let end = step < bytes.count - start ? start + step : bytes.count
            let (consumed, event) = bytes[start..<end].withUnsafeBytes { decoder.next($0) }
            start += consumed
            if let event { found.append(event) }
            if case .malformed = event { return found }
        }
        return found
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let sent: String
        let code: Int
        let lines: [String]
        var status: EnhancedStatus?
        var testDescription: String { sent.debugDescription }
    }

    static let good: [Case] = [
        Case(sent: "250 OK\r\n", code: 250, lines: ["OK"]),
        Case(sent: "250 \r\n", code: 250, lines: [""]),
        Case(sent: "250\r\n", code: 250, lines: [""]),
        Case(sent: "250-\r\n250\r\n", code: 250, lines: ["", ""]),
        Case(sent: "250 OK\n", code: 250, lines: ["OK"]),
        Case(sent: "250-a\n250 b\n", code: 250, lines: ["a", "b"]),
        Case(sent: "250 OK\r\r\n", code: 250, lines: ["OK"]),
        Case(sent: "250\tOK\r\n", code: 250, lines: ["OK"]),
        Case(sent: "250  two blanks \r\n", code: 250, lines: [" two blanks "]),
        Case(sent: "250-one\r\n250-two\r\n250 three\r\n", code: 250, lines: ["one", "two", "three"]),
        Case(sent: "250 a\rb\u{0}c\u{7F}d\te\r\n", code: 250, lines: ["a b c d e"]),
        Case(sent: "250 a\u{9B}31m \u{85}\u{A0}\r\n", code: 250, lines: ["a 31m  \u{A0}"]),
        Case(sent: "220 caf\u{E9} \u{1F4EC}\r\n", code: 220, lines: ["caf\u{E9} \u{1F4EC}"]),
        Case(sent: "250 2.1.0 OK\r\n", code: 250, lines: ["2.1.0 OK"], status: .init("2.1.0")),
        Case(sent: "550 5.1.1\r\n", code: 550, lines: ["5.1.1"], status: .init("5.1.1")),
        Case(
            sent: "550-No such user\r\n550 5.1.1 at all\r\n", code: 550, lines: ["No such user", "5.1.1 at all"],
            status: .init("5.1.1")),
        Case(
            sent: "452-4.5.3 Too many\r\n452 4.2.2 Full\r\n", code: 452, lines: ["4.5.3 Too many", "4.2.2 Full"],
            status: .init("4.5.3")),
        Case(sent: "550 4.1.1 of another class\r\n", code: 550, lines: ["4.1.1 of another class"]),
        Case(sent: "354 2.0.0 none\r\n", code: 354, lines: ["2.0.0 none"]),
        Case(sent: "250 2.0.0x\r\n", code: 250, lines: ["2.0.0x"]),
        Case(sent: "200 lowest\r\n", code: 200, lines: ["lowest"]),
        Case(sent: "599 highest\r\n", code: 599, lines: ["highest"]),
    ]

    @Test("a reply is read, whole or byte by byte", arguments: good)
    func reads(_ given: Case) {
        let expected = [ReplyDecoder.Event.reply(Reply(given.code, lines: given.lines, status: given.status))]
        #expect(Self.events(given.sent) == expected)
        for step in 1...5 { #expect(Self.events(given.sent, step: step) == expected, "in pieces of \(step)") }
    }

    static let bad: [(String, MalformedReply.Reason, String)] = [
        ("\r\n", .unrecognized, ""),
        ("25\r\n", .unrecognized, "25"),
        ("2500 OK\r\n", .unrecognized, "2500 OK"),
        ("250_OK\r\n", .unrecognized, "250_OK"),
        ("199 low\r\n", .unrecognized, "199 low"),
        ("600 high\r\n", .unrecognized, "600 high"),
        (" 250 OK\r\n", .unrecognized, " 250 OK"),
        ("2x0 OK\r\n", .unrecognized, "2x0 OK"),
        ("25\u{0}\u{7}\r\n", .unrecognized, "25  "),
        ("SSH-2.0-OpenSSH_9.2\r\n", .unrecognized, "SSH-2.0-OpenSSH_9.2"),
        ("250-a\r\n\r\n250 b\r\n", .unrecognized, ""),
        ("250-a\r\n251 b\r\n", .differingCodes, "251 b"),
        ("250-a\r\n550 b\r\n", .differingCodes, "550 b"),
    ]

    @Test("what is no reply is named, and ends it", arguments: bad)
    func refuses(sent: String, reason: MalformedReply.Reason, line: String) {
        for step in [Int.max, 1, 2, 3] {
            guard case .malformed(let found)? = Self.events(sent + "250 OK\r\n", step: step).last else {
                Issue.record("taken for a reply: \(sent.debugDescription)")
                continue
            }
            #expect(found.reason == reason)
            #expect(found.line == line)
            #expect(found.text == "Unrecognized response from upstream server: \(line)")
        }
    }

    @Test("after what is no reply, nothing is read any more, and everything is used up")
    func isFinal() {
        var decoder = ReplyDecoder()
        let first = "what?\r\n250 OK\r\n".asBuffer { decoder.next($0) }
        #expect(first.consumed == 15)
        let second = "250 OK\r\n".asBuffer { decoder.next($0) }
        #expect(second.consumed == 8)
        #expect(first.event == second.event)
        #expect(!decoder.isMidway)
    }

    @Test("several replies that come at once are given one by one, and the rest stays with the caller")
    func several() {
        var decoder = ReplyDecoder()
        let sent = "250 a\r\n550-b\r\n550 c\r\n35"
        let first = sent.asBuffer { decoder.next($0) }
        #expect(first.consumed == 7)
        #expect(first.event == .reply(Reply(250, "a")))
        #expect(!decoder.isMidway)
        let second = String(sent.dropFirst(2 + 5 - 1)).asBuffer { decoder.next($0) }
        #expect(second.consumed == 14)
        #expect(second.event == .reply(Reply(550, lines: ["b", "c"])))
        let third = "35".asBuffer { decoder.next($0) }
        #expect(third.consumed == 2)
        #expect(third.event == nil)
        #expect(decoder.isMidway)
    }

    @Test("a reply is midway from its first byte to its last")
    func midway() {
        var decoder = ReplyDecoder()
        var midway: [Bool] = []
        for octet in Array("250-a\r\n250 b\r\n".utf8) {
            _ = [octet].withUnsafeBytes { decoder.next($0) }
            midway.append(decoder.isMidway)
        }
        #expect(midway == Array(repeating: true, count: 13) + [false])
    }

    @Test("of a line that is too long, the limit is kept and marked", arguments: [Int.max, 1, 7, 4096])
    func longLine(step: Int) {
        let start = "250 " + String(repeating: "x", count: 4092)
        #expect(Self.events(start + "\r\n", step: step) == [.reply(Reply(250, String(start.dropFirst(4))))])
        let cut = Reply(250, start.dropFirst(4) + " [...]")
        #expect(Self.events(start + "y\r\n", step: step) == [.reply(cut)])
        #expect(Self.events(start + String(repeating: "z", count: 100_000) + "\n250 b\r\n", step: step).count == 2)
    }

    @Test("as many lines as are allowed are a reply, and one more is none", arguments: [Int.max, 1])
    func lineCount(step: Int) {
        let decoder = ReplyDecoder(maxLines: 3)
        #expect(Self.events("250-a\r\n250-b\r\n250 c\r\n", step: step, decoder).count == 1)
        let found = Self.events("250-a\r\n250-b\r\n250-c\r\n250 d\r\n", step: step, decoder)
        #expect(found.map(\.malformed?.reason) == [.tooManyLines])
        #expect(found.last?.malformed?.text == "Response of too many lines from upstream server: 250 d")
    }

    @Test("a line without end, and lines without end, are given up", arguments: [Int.max, 1, 1000])
    func sizeLimit(step: Int) {
        let decoder = ReplyDecoder(maxLines: 1000, sizeLimit: 3000)
        let endless = "250 " + String(repeating: "x", count: 3000)
        #expect(Self.events(endless, step: step, decoder).map(\.malformed?.reason) == [.tooLong])
        let lines = String(repeating: "250-xxxxxxxxxx\r\n", count: 250)
        #expect(Self.events(lines, step: step, decoder).map(\.malformed?.reason) == [.tooLong])
        // The limit is for one reply: many small ones are as many.
        #expect(Self.events(String(repeating: "250 xxxxxxxxxx\r\n", count: 250), step: step, decoder).count == 250)
    }

    @Test("of a malformed line, 256 bytes are shown")
    func longMalformed() {
        let found = Self.events(String(repeating: "x", count: 300) + "\r\n").last?.malformed
        #expect(found?.line == String(repeating: "x", count: 256) + " [...]")
    }

    @Test("bytes that are no UTF-8 do not get through")
    func invalidText() {
        let bytes: [UInt8] = Array("250 a".utf8) + [0xFF, 0xC3] + Array("\r\n".utf8)
        for step in [Int.max, 1] {
            #expect(Self.events(bytes, step: step, .init()) == [.reply(Reply(250, "a\u{FFFD}\u{FFFD}"))])
        }
    }

    @Test("a reply that our encoder wrote is read as the same")
    func roundTrip() {
        let reply = Reply(550, lines: ["No such user", "really"], status: .init(class: 5, subject: 1, detail: 1))
        var shown = reply
        shown.showsStatus = true
        var wire: [UInt8] = []
        shown.encode { wire += $0 }
        let expected = Reply(550, lines: ["5.1.1 No such user", "5.1.1 really"], status: reply.status)
        #expect(Self.events(wire, .init()) == [.reply(expected)])
        #expect(expected.description == "550 5.1.1 No such user\n5.1.1 really")
    }
}

extension ReplyDecoder.Event {
    fileprivate var malformed: MalformedReply? {
        if case .malformed(let found) = self { return found }
        return nil
    }
}
