// Dates, mailboxes and words.
import Testing

@testable import HeaderChecks

@Suite("Field texts")
struct FieldTextTests {
    @Test(
        "dates, in all their forms",
        arguments: [
            ("Thu, 1 Jan 1970 00:00:00 +0000", 0), ("1 Jan 1970 01:00 +0100", 0), ("31 Dec 1969 23:59:59 -0000", -1),
            ("Sat, 21 Nov 2026 07:06:00 GMT", 1_795_244_760), ("Tue, 29 Feb 2000 12:00:00 EST", 951_843_600),
            ("1 Jan 70 00:00:00 UT", 0), ("1 Jan 100 00:00:00 Z", 946_684_800), ("1 Jan 2000 00:00:00", 946_684_800),
            ("Thu,1 Jan 1970 00:00:00 +0000 (a (b) c)", 0), ("Thu , 1 January 1970 00:00:00 +0000", 0),
            ("Thu 1 Jan 1970 00:00:60 +0000", 60),
        ])
    func dates(text: String, expected: Int64) { #expect(seconds(ofDate: text) == expected) }

    @Test(
        "what is no date",
        arguments: [
            "", ",", "1", "1 Jan", "1 Jan 1970", "0 Jan 1970 00:00 +0000", "30 Feb 2000 00:00 +0000",
            "29 Feb 1900 00:00 +0000", "1 Foo 1970 00:00 +0000", "1 Jan 99999 00:00 +0000", "1 Jan 1970 24:00 +0000",
            "1 Jan 1970 00:60 +0000", "1 Jan 1970 00 +0000", "1 Jan 1970 00:00 +100", "1 Jan 1970 00:00 +0060",
            "9223372036854775808 Jan 1970 00:00 +0000", "1 Jan 1970 -1:00 +0000", "1 Jan 1970 00:00:00 +9e99", "((((",
        ])
    func noDates(text: String) { #expect(seconds(ofDate: text) == nil) }

    @Test(
        "the first mailbox of a field",
        arguments: [
            ("a@b.test", "a@b.test"), ("<a@b.test>", "a@b.test"), ("N <a@b.test>, M <c@d.test>", "a@b.test"),
            ("\"x@y <z@z>\" <a@b.test>", "a@b.test"), ("a@b.test (x@y), c@d.test", "a@b.test"),
            ("(x (y@z)) a@b.test", "a@b.test"), ("Group: a@b.test, c@d;", "a@b.test"), ("n, a@b.test", "a@b.test"),
            ("\"a b\\\"c\" <\"q r\"@b.test>", "\"qr\"@b.test"), ("N < a @ b.test >", "a@b.test"),
        ])
    func mailboxes(field: String, expected: String) { #expect(mailbox(field)?.address == expected) }

    @Test("what has no mailbox", arguments: ["", "@", "a@", "@b", "\"a@b\"", "(a@b)", "<>", "a b c"])
    func noMailboxes(field: String) {
        #expect(mailbox(field) == nil)
    }

    @Test("a domain, those below it, and no others")
    func within() {
        #expect(isWithin("a.test", "a.test"))
        #expect(isWithin("x.a.test", "a.test"))
        #expect(!isWithin("xa.test", "a.test"))
        #expect(!isWithin("a.test", "x.a.test"))
        #expect(!isWithin("a.test", ""))
    }

    @Test("words end where letters and digits do")
    func words() {
        #expect(holdsWord("pay paypal!", "paypal"))
        #expect(!holdsWord("paypal1 xpaypal", "paypal"))
        #expect(holdsWord("paypal1 paypal", "paypal"))
        #expect(!holds("abc", ""))
        #expect(holds("abc", "c"))
        #expect(!holds("ab", "abc"))
    }
}
