// Where an address leads to, and that it never leads out.
import HarakaPluginKit
import Testing

@testable import QueueMaildir

@Suite("Mailbox paths")
struct MailboxPathTests {
    @Test(
        "placeholders become the address's parts, in lower case",
        arguments: [
            ("%d/%u", ["example.com", "joe.doe"]),
            ("%a", ["joe.doe%40example.com"]),
            ("/users/%d//%u-in/", ["users", "example.com", "joe.doe-in"]),
            ("100%%/%u", ["100%", "joe.doe"]),
        ])
    func templates(template: String, names: [String]) throws {
        let path = try MailboxPath(template: template)
        #expect(path.mailbox(user: "Joe.Doe", domain: "Example.COM") == names)
        #expect(path.depth == names.count)
    }

    @Test(
        "a template that leaves the root or makes no sense is refused",
        arguments: ["../%u", "a/./b", "%x", "100%", "", "//"])
    func refused(template: String) {
        #expect(throws: PluginError.self) { _ = try MailboxPath(template: template) }
    }

    @Test(
        "no local part leads anywhere else",
        arguments: [
            ("..", "%2E%2E"), (".", "%2E"), ("../../etc/passwd", "%2E%2E%2F..%2Fetc%2Fpasswd"), ("a/b", "a%2Fb"),
            ("", "%"), (".hidden", "%2Ehidden"), ("a.b..", "a.b.."), ("nul\0", "nul%00"), ("joe%2f", "joe%252f"),
            ("\u{E9}", "%C3%A9"), ("a b\tc", "a%20b%09c"), ("x+tag=1_y-z", "x+tag=1_y-z"),
        ])
    func escaping(user: String, name: String) throws {
        #expect(try MailboxPath(template: "%u").mailbox(user: user, domain: "d") == [name])
    }

    @Test(
        "quotes do not make another mailbox",
        arguments: [
            ("\"joe\"", "joe"), ("\"j\\oe\"", "joe"), ("\"a\\\\b\"", "a\\b"), ("\"a\\\"b\"", "a\"b"), ("\"\"", ""),
            ("\"", "\""), ("jo\"e", "jo\"e"), ("", ""),
        ])
    func quotes(user: String, expected: String) {
        #expect(unquoted(user) == expected)
    }

    @Test("a dot after literal text is no dot at the start")
    func dotAfterLiteral() throws {
        #expect(try MailboxPath(template: "u-%u").mailbox(user: ".a", domain: "d") == ["u-.a"])
    }

    @Test("names of 200 bytes stay, longer ones are cut and told apart")
    func long() {
        let kept = String(repeating: "a", count: 200)
        #expect(shortened(kept) == kept)
        let one = shortened(kept + "b")
        let other = shortened(kept + "c")
        #expect(one.utf8.count == 194)
        #expect(one.hasPrefix(String(repeating: "a", count: 160) + "%%"))
        #expect(one != other)
    }

    @Test("file names hold time, process and number, and no character that Maildir gives a meaning")
    func uniqueNames() {
        var names = UniqueNames(process: 42, host: "mail/1:2")
        #expect(names.next(microseconds: 1_700_000_000_000_123) == "1700000000.M123P42Q1.mail\\0571\\0722")
        #expect(names.next(microseconds: 1_700_000_000_000_123) == "1700000000.M123P42Q2.mail\\0571\\0722")
    }

    @Test("nothing in an address begins a header line of its own")
    func head() {
        let letter = Letter(name: "1", mailbox: ["m"], sender: "a\r\nX: y@b", recipient: "c\u{7F}@d")
        #expect(letter.head == "Return-Path: <aX: y@b>\nDelivered-To: c@d\n")
        #expect(Letter(name: "1", mailbox: ["m"], sender: "", recipient: "c@d").head.hasPrefix("Return-Path: <>\n"))
    }
}
