// The head of a queue's file: what is written is read again, and what nobody wrote is refused.

import HarakaCore
import HarakaQueue
import SMTPSyntax
import Testing

@Suite("Head of a queue's file")
struct QueueFileHeadTests {
    @Test("the head is Haraka's JSON: newlines at both ends, tabs, a member on each line")
    func layout() throws {
        let head = QueueFileHead.encode(try QueueFileSamples.mail([("x", .list([.integer(1)]))], message: "hi\r\n"))
        let expected = """

            {
            \t"queue_time": 1700000000123,
            \t"uuid": "A1.1",
            \t"mail_from": {
            \t\t"original": "<a@b.example>",
            \t\t"user": "a",
            \t\t"host": "b.example",
            \t\t"original_host": "b.example"
            \t},
            \t"rcpt_to": [
            \t\t{
            \t\t\t"original": "<c@d.example>",
            \t\t\t"user": "c",
            \t\t\t"host": "d.example",
            \t\t\t"original_host": "d.example"
            \t\t}
            \t],
            \t"notes": {
            \t\t"x": [
            \t\t\t1
            \t\t]
            \t},
            \t"origin": "smtp",
            \t"size": 4
            }

            """
        #expect(String(decoding: head, as: UTF8.self) == expected)
        let framed = QueueFileHead.framed(try QueueFileSamples.mail([("x", .list([.integer(1)]))], message: "hi\r\n"))
        #expect(Array(framed.dropFirst(4)) == head)
        #expect(QueueFileHead.length(framed) == head.count)
        #expect(framed[0] == 0 && framed[3] == UInt8(head.count & 0xFF))
    }

    @Test("a mail with everything in it comes back equal, byte for byte when written again")
    func roundTrip() throws {
        let mail = try QueueFileSamples.fullMail()
        let head = QueueFileHead.encode(mail)
        let again = try QueueFileHead.decode(head)
        #expect(again == mail)
        #expect(QueueFileHead.encode(again) == head)
        // Equal strings may still differ in their bytes.
        #expect(
            again.notes.get("text")?.description.utf8.elementsEqual(mail.notes.get("text")?.description.utf8 ?? "".utf8)
                == true)
        guard case .list(let items)? = again.notes.get("list"), case .number(let zero)? = items.dropFirst(3).first
        else {
            Issue.record("no list")
            return
        }
        #expect(zero.sign == .minus)
    }

    @Test(
        "numbers keep their value and their type",
        arguments: [
            0.1, 1e20, .leastNonzeroMagnitude, 1.7976931348623157e308, 9_007_199_254_740_992, -2.5, 100, 1e-7,
            0.1 + 0.2,
        ] as [Double])
    func numbers(_ number: Double) throws {
        let mail = try QueueFileSamples.mail([("n", .number(number))])
        #expect(try QueueFileHead.decode(QueueFileHead.encode(mail)).notes.get("n") == .number(number))
    }

    @Test("not-a-number stays one")
    func notANumber() throws {
        let mail = try QueueFileSamples.mail([("n", .number(.nan))])
        guard case .number(let number)? = try QueueFileHead.decode(QueueFileHead.encode(mail)).notes.get("n") else {
            Issue.record("no number")
            return
        }
        #expect(number.isNaN)
    }

    private static let base = """
        "queue_time":1,"uuid":"u","mail_from":{"original":"<>"},"rcpt_to":[{"original":"<a@b>","user":"a","host":"b",\
        "original_host":"b"}],"size":0
        """

    private func decode(_ text: String) throws(QueueFileError) -> QueuedMail {
        try QueueFileHead.decode(Array(text.utf8))
    }

    @Test("members and signs that only a newer version knows are stepped over")
    func newer() throws {
        let text = """
            {\(Self.base),"later":{"a":[1,{"b":"c"}],"d":null},"notes":{"n":{"$later":[1,2]},"m":{"$later":1,"x":2},\
            "k":7},"ret":"FULL"}
            """
        let mail = try decode(text)
        #expect(mail.notes.get("k") == .integer(7))
        #expect(mail.notes.get("n") == nil)
        #expect(mail.returnsFullMessage == true)
        #expect(mail.reversePath == .null)
        #expect(mail.recipients.map(\.address.user) == ["a"])
    }

    @Test("text may have any escape of JSON")
    func escapes() throws {
        let mail = try decode(#"{\#(Self.base),"origin":"\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00"}"#)
        #expect(mail.origin == "\"\\/\u{8}\u{c}\n\r\té😀")
    }

    @Test(
        "what is no JSON, or not a head, is refused with its place",
        arguments: [
            "", "{", "[]", "{}", "null", #"{"uuid":"u"}"#, "{\(base)} x", "{\(base),}", "{\(base),\"a\"}",
            "{\(base),\"a\":}", "{\(base),\"a\":[1,]}", "{\(base),\"a\":[1 2]}", "{\(base),\"a\":01}",
            "{\(base),\"a\":1.}", "{\(base),\"a\":.5}", "{\(base),\"a\":+1}", "{\(base),\"a\":1e}",
            "{\(base),\"a\":1e999}",
            "{\(base),\"a\":-}", "{\(base),\"a\":nul}", "{\(base),\"a\":True}", "{\(base),\"a\":'x'}",
            "{\(base),\"origin\":\"\n\"}", #"{\#(base),"origin":"\x"}"#, #"{\#(base),"origin":"\u12"}"#,
            #"{\#(base),"origin":"\ud800"}"#, #"{\#(base),"origin":"\udc00"}"#, #"{\#(base),"origin":"\ud800\u0041"}"#,
            #"{\#(base),"origin":"abc"#, #"{\#(base),"origin":"abc\"#, "{\(base),\"origin\":7}",
            "{\(base),\"queue_time\":1.5}", "{\(base),\"queue_time\":9223372036854775808}", "{\(base),\"size\":-1}",
            "{\(base),\"size\":9223372036854775807}", "{\(base),\"uuid\":\"\"}", "{\(base),\"is_8bit\":1}",
            "{\(base),\"rcpt_to\":[{\"host\":\"b\"}]}", "{\(base),\"mail_from\":{\"original\":\"x\"}}",
            #"{\#(base),"notes":{"b":{"$bytes":"0"}}}"#, #"{\#(base),"notes":{"b":{"$bytes":"0G"}}}"#,
            #"{\#(base),"notes":{"b":{"$number":"1"}}}"#, #"{\#(base),"notes":[]}"#,
        ])
    func refused(_ text: String) {
        let error = #expect(throws: QueueFileError.self) { try decode(text) }
        #expect(error?.kind == .damaged)
        #expect(error?.reason.hasPrefix("head: ") == true)
    }

    @Test("bytes that are no UTF-8 are refused as text")
    func badText() {
        let bytes = Array("{\(Self.base),\"origin\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        #expect(throws: QueueFileError.self) { try QueueFileHead.decode(bytes) }
        let escaped = Array("{\(Self.base),\"origin\":\"\\n".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: QueueFileError.self) { try QueueFileHead.decode(escaped) }
    }

    @Test("values nested as deep as plugins may nest them come back; deeper ones become null and do not trap")
    func depth() throws {
        func nested(_ levels: Int) -> Value {
            (0..<levels).reduce(Value.integer(1)) { value, _ in .map(ValueMap([.init("$", value)])) }
        }
        let deep = try QueueFileSamples.mail([("d", nested(64))])
        #expect(try QueueFileHead.decode(QueueFileHead.encode(deep)) == deep)
        let deeper = try QueueFileSamples.mail([("d", nested(1000)), ("k", .text("kept"))])
        let read = try QueueFileHead.decode(QueueFileHead.encode(deeper))
        #expect(read.notes.get("k") == .text("kept"))
        #expect(read != deeper)
        let lists = String(repeating: "[", count: 100_000)
        #expect(throws: QueueFileError.self) { try decode("{\(Self.base),\"a\":\(lists)") }
    }

    @Test("an address that this version's grammar refuses keeps where it leads")
    func foreignAddress() throws {
        let recipient = #"{"original":"<a_@x_.example>","user":"a_","host":"x_.example","original_host":"X_.example"}"#
        let mail = try decode("{\(Self.base),\"rcpt_to\":[\(recipient)]}")
        #expect(mail.recipients.first?.address.user == "a_")
        #expect(mail.recipients.first?.address.host == "x_.example")
    }
}
