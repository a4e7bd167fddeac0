// What a bounce quotes, when it was sent, and who may write from nobody.
import HarakaPluginKit
import Testing

@testable import Bounce

private func lend<Result>(_ string: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(string.utf8).withUnsafeBytes(body)
}

/// Reads a text in pieces of that size.
private func scan(_ text: String, pieces size: Int = 1000) -> QuotedFields? {
    var scan = BlockScan()
    lend(text) { bytes in
        for start in stride(from: 0, to: bytes.count, by: size) {
            let end = min(start + size, bytes.count)
            if scan.take(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) { break }
        }
    }
    scan.finish()
    return scan.found
}

@Suite("Quoted headers")
struct QuotedFieldsTests {
    private let header = """
        Received: from a by b;\r
        \tSat, 21 Nov 2026 07:00:00 +0000\r
        From: Joe\r
          <joe@example.com>\r
        DATE: Sat, 21 Nov 2026 07:00:01 +0000\r
        Message-ID: <1@example.com>\r
        X-Haraka-Bounce-Validation:\t0aFF\r

        """

    private var expected: QuotedFields {
        var fields = QuotedFields()
        (fields.from, fields.date) = ("Joe <joe@example.com>", "Sat, 21 Nov 2026 07:00:01 +0000")
        (fields.messageID, fields.hash) = ("<1@example.com>", "0aFF")
        return fields
    }

    @Test("are found in pieces of any size, with either line end", arguments: [1, 2, 3, 7, 50, 1000])
    func pieces(size: Int) {
        #expect(scan(header, pieces: size) == expected)
        #expect(scan(header + "\r\nbody\r\n", pieces: size) == expected)
        #expect(scan(header.replacing("\r\n", with: "\n"), pieces: size) == expected)
    }

    @Test("are found below other text, and above the end of it")
    func below() {
        let said = "Hi. This is the program.\r\nFrom: somebody else\r\n\r\n--- Below this line is a copy.\r\n\r\n"
        #expect(scan(said + header + "\r\nX-Haraka-Bounce-Validation: 1\r\n") == expected)
        #expect(scan(said + header) == expected)
    }

    @Test(
        "without a hash are none",
        arguments: [
            "", "\r\n", "From: a@b\r\n\r\nX: y\r\n", " X-Haraka-Bounce-Validation: 1\r\n",
            "X-Haraka-Bounce-Validation:\r\n",
        ])
    func none(text: String) {
        #expect(scan(text) == nil)
    }

    @Test("count once, and lines of any length do no harm")
    func doubles() {
        let long = String(repeating: "x", count: 20_000)
        let text =
            "From: a@b\r\nFrom: c@d\r\nX-Long: \(long)\r\n\(long)\r\n"
            + "X-Haraka-Bounce-Validation: 1\r\nX-Haraka-Bounce-Validation: 2"
        #expect(scan(text)?.from == "a@b")
        #expect(scan(text)?.hash == "1")
        #expect(scan("X-Haraka-Bounce-Validation: \(long)\r\n\r\n") == nil)
    }

    @Test("are signed alike, however they are folded")
    func folded() {
        var folded = expected
        folded.from = "Joe\r\n\t<joe@example.com> "
        #expect(folded.signed == expected.signed)
        #expect(expected.signed == "Joe <joe@example.com>:Sat, 21 Nov 2026 07:00:01 +0000:<1@example.com>")
        #expect(expected.isComplete && !QuotedFields().isComplete)
    }
}

@Suite("Dates")
struct DateTests {
    @Test(
        "are read with and without day, seconds and zone",
        arguments: [
            ("Thu, 1 Jan 1970 00:00:00 +0000", 0), ("Sat, 21 Nov 2026 07:00:01 +0000", 1_795_244_401),
            ("21 Nov 2026 07:00:01 GMT", 1_795_244_401), ("Sat,21 Nov 2026 08:30:01 +0130 (here)", 1_795_244_401),
            ("Sat, 21 Nov 2026 02:00:01 EST", 1_795_244_401), ("21 nov 2026 07:00", 1_795_244_400),
            ("21 Nov 26 07:00:01 -0000", 1_795_244_401), ("29 Feb 2024 12:00:00 -0800", 1_709_236_800),
            ("31 Dec 1999 23:59:60 +0000", 946_684_800), ("1 Jan 99 00:00 Z", 915_148_800),
        ] as [(String, Int64)])
    func dates(text: String, expected: Int64) {
        #expect(seconds(ofDate: text) == expected)
    }

    @Test(
        "that are none are none",
        arguments: [
            "", "Sat", "Sat, 32 Nov 2026 07:00:00 +0000", "Sat, 21 Foo 2026 07:00:00", "21 Nov 2026 24:00:00",
            "21 Nov 2026 07:60:00", "21 Nov 2026", "21 Nov 20260 07:00", "-1 Nov 2026 07:00", "21 Nov +206 07:00",
            "99999999999999999999 Nov 2026 07:00",
        ])
    func noDates(text: String) {
        #expect(seconds(ofDate: text) == nil)
    }

    @Test("a message is recent for so many days, and may be a day ahead")
    func recent() {
        let validation = Validation(secret: "", algorithm: .sha256, maximumAgeDays: 6)
        var fields = QuotedFields()
        fields.date = "Sat, 21 Nov 2026 07:00:01 +0000"
        let sent: Int64 = 1_795_244_401
        for (now, isRecent) in [
            (sent, true), (sent + 6 * 86_400, true), (sent + 6 * 86_400 + 1, false), (sent - 86_400, true),
            (sent - 86_401, false),
        ] {
            #expect(validation.isRecent(fields, now: now) == isRecent)
        }
        #expect(!validation.isRecent(QuotedFields(), now: sent))
    }
}

@Suite("Those who may write from nobody")
struct WhitelistTests {
    @Test(
        "are listed by address or domain, for one recipient",
        arguments: [
            ("Bar@example.com", "office@EXAMPLE.com", true), ("bar@example.com", "anybody@example.net", true),
            ("bar@example.com", "x@sub.example.net", false), ("bar@example.com", "x@notexample.net", false),
            ("bar@example.com", "other@example.com", false), ("foo@example.com", "office@example.com", false),
            ("bar@example.com", "", false),
        ])
    func expects(recipient: String, author: String, isListed: Bool) {
        var whitelist = Whitelist()
        #expect(whitelist.isEmpty)
        whitelist.add("bar@Example.com", ["*@example.net", "Office@example.com"])
        #expect(whitelist.expects(recipient, from: author) == isListed)
    }

    @Test(
        "are known by the address in From",
        arguments: [
            ("joe@example.com", "joe@example.com"), ("Joe <joe@example.com>", "joe@example.com"),
            ("\"a@b.c\" <joe@example.com>", "joe@example.com"), (" joe@example.com (Joe)", "joe@example.com"),
            ("Joe <joe@example.com", "<joe@example.com"), ("Joe", ""), ("", ""), ("<>", ""),
        ])
    func authors(field: String, expected: String) {
        #expect(lend(field) { author(of: Text($0)) } == expected)
    }
}
