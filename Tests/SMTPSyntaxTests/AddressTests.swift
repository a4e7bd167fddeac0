// The grammar of addresses, and the forms that they are written in.

import SMTPSyntax
import Testing

@Suite("Address")
struct AddressTests {
    private func parse(_ text: String, idna: (String) -> String? = { _ in nil }) throws(SyntaxError) -> Address {
        try Address.parse(text, idna: idna)
    }

    @Test(
        "a good address has user, host and original host",
        arguments: [
            ("<foo@example.com>", "foo", "example.com", "example.com"),
            ("foo@example.com", "foo", "example.com", "example.com"),
            ("<FooBAR@ExAmple.COM>", "FooBAR", "example.com", "ExAmple.COM"),
            ("<a.b.c@x.y>", "a.b.c", "x.y", "x.y"),
            ("<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~", "b", "b"),
            ("<123@1-2.3>", "123", "1-2.3", "1-2.3"),
            ("<\"foo bar\"@b>", "\"foo bar\"", "b", "b"),
            ("<\"a@b\"@c>", "\"a@b\"", "c", "c"),
            ("<\"a\\\"\\\\>b\"@c>", "\"a\\\"\\\\>b\"", "c", "c"),
            ("<\"\"@c>", "\"\"", "c", "c"),
            ("<@r.example:u@b>", "u", "b", "b"),
            ("<@r1.example,@r2.example:\"u:\"@b>", "\"u:\"", "b", "b"),
            ("<u@[1.2.3.4]>", "u", "[1.2.3.4]", "[1.2.3.4]"),
            ("<u@[0.0.0.255]>", "u", "[0.0.0.255]", "[0.0.0.255]"),
            ("<u@[IPv6:::1]>", "u", "[ipv6:::1]", "[IPv6:::1]"),
            ("<u@[IPv6:2001:DB8::1]>", "u", "[ipv6:2001:db8::1]", "[IPv6:2001:DB8::1]"),
            ("<u@[IPv6:1:2:3:4:5:6:7:8]>", "u", "[ipv6:1:2:3:4:5:6:7:8]", "[IPv6:1:2:3:4:5:6:7:8]"),
            ("<u@[IPv6:::ffff:1.2.3.4]>", "u", "[ipv6:::ffff:1.2.3.4]", "[IPv6:::ffff:1.2.3.4]"),
            ("<u@[IPv6:1:2:3:4:5:6:1.2.3.4]>", "u", "[ipv6:1:2:3:4:5:6:1.2.3.4]", "[IPv6:1:2:3:4:5:6:1.2.3.4]"),
            ("<u@[IPv6:1::]>", "u", "[ipv6:1::]", "[IPv6:1::]"),
            ("<u@[x-tag:a!b]>", "u", "[x-tag:a!b]", "[x-tag:a!b]"),
            ("<Pel\u{E9}@b>", "Pel\u{E9}", "b", "b"),
            ("<PostMaster>", "postmaster", "", ""),
            ("postmaster", "postmaster", "", ""),
        ])
    func good(text: String, user: String, host: String, originalHost: String) throws {
        let address = try parse(text)
        #expect(address.user == user)
        #expect(address.host == host)
        #expect(address.originalHost == originalHost)
        #expect(address.original == text)
        #expect(!address.isNull)
        #expect(address.isUTF8 == text.contains("\u{E9}"))
    }

    @Test(
        "a bad address is refused",
        arguments: [
            "a", "<", ">", "<>>", "<<>>", "<@>", "<a@>", "<@b>", "a@", "@b", "<a@b", "a@b>", "<<a@b>>", "<a@b>.",
            "foo@example.com+bob@attacker.com", "<user@example.com#>", "<user@example.com.>", "<user@.example.com>",
            "<user@example..com>", "<user@exa_mple.com>", "<user@-a.com>", "<user@a-.com>", "<user@a.com->",
            "<.a@b>", "<a.@b>", "<a..b@c>", "<foo bar@b>", "< a@b>", "<a@b >", "<a@ b>", "<a\u{0}@b>", "<a@b\r\n>",
            "<\"a@b>", "<\"a\"b@c>", "<\"a\r\"@b>", "<\"a\\\"@b>", "<\"a\\\u{E9}\"@b>", "<a\"b\"@c>", "<\"",
            "<@route:user@host", "@route:user@host", "<@route user@host>", "<@a,b:u@c>", "<@a,:u@c>", "<@:u@c>",
            "<@a:>",
            "<u@[]>", "<u@[1.2.3]>", "<u@[1.2.3.256]>", "<u@[1.2.3.04]>", "<u@[1.2.3.4.5]>", "<u@[1.2.3.4>",
            "<u@[1.2.3.4]x>",
            "<u@[IPv6:]>", "<u@[IPv6:1:2:3:4:5:6:7]>", "<u@[IPv6:1:2:3:4:5:6:7:8:9]>", "<u@[IPv6:1::2::3]>",
            "<u@[IPv6::1]>", "<u@[IPv6:1:]>", "<u@[IPv6:12345::]>", "<u@[IPv6:g::]>", "<u@[IPv6:1:::2]>",
            "<u@[IPv6:1:2:3:4:5:6:7:1.2.3.4]>", "<u@[IPv6:1.2.3.4]>", "<u@[IPv6:::1.2.3.4:5]>",
            "<u@[:x]>", "<u@[a-:x]>", "<u@[tag:]>", "<u@[tag:a b]>", "<u@[tag:\\]>", "<u@[tag:[]>",
            "<a\u{FFFD}@b>", "<u@\u{E9}.com>", "<abuse>", "<user>",
        ])
    func bad(text: String) {
        #expect(throws: SyntaxError.self) { try parse(text) }
    }

    @Test("64 octets of local part, 63 of a label and 255 of a domain are the limits")
    func lengths() throws {
        let label = String(repeating: "a", count: 63)
        let domain = [label, label, label, String(label.dropLast(0))].joined(separator: ".")
        #expect(domain.utf8.count == 255)
        #expect(try parse("<\(label)a@b>").user.utf8.count == 64)
        #expect(try parse("<u@\(domain)>").host == domain)
        #expect(throws: SyntaxError(message: "Local part of more than 64 octets")) { try parse("<\(label)aa@b>") }
        #expect(throws: SyntaxError(message: "Domain label of more than 63 octets")) { try parse("<u@\(label)a.b>") }
        let long = [label, label, label, String(label.dropLast()), "b"].joined(separator: ".")
        #expect(throws: SyntaxError(message: "Domain of more than 255 octets")) { try parse("<u@\(long)>") }
    }

    @Test("a non-ASCII domain gets the A-labels that the converter gives")
    func idna() throws {
        let address = try parse("<u@\u{E9}X.com>") { domain in
            #expect(domain == "\u{E9}X.com")
            return "XN--x-bga.com"
        }
        #expect(address.host == "xn--x-bga.com")
        #expect(address.originalHost == "\u{E9}X.com")
        #expect(address.isUTF8)
        #expect(address.formatted == "<u@\u{E9}X.com>")
        #expect(address.formattedASCII == "<u@xn--x-bga.com>")
    }

    @Test(
        "a converter that gives no domain name does not get it in",
        arguments: [
            "", "\u{E9}.com", "a b", "a..b", "a>", "xn--" + String(repeating: "a", count: 60), "-a",
        ])
    func badIDNA(converted: String) {
        #expect(throws: SyntaxError.self) { try parse("<u@\u{E9}.com>") { _ in converted } }
    }

    @Test("the converter is not asked for ASCII domains")
    func idnaUnasked() throws {
        _ = try parse("<\u{E9}@b.com>") { _ in
            Issue.record("asked")
            return nil
        }
    }

    @Test("the null path is null in each of its forms", arguments: ["<>", ""])
    func null(text: String) throws {
        let address = try parse(text)
        #expect(address.isNull && address.formatted == "<>" && address.address == "" && address.host == "")
        #expect(Address.null.isNull && Address.null.formatted == "<>" && Address.null.original == "<>")
    }

    @Test(
        "the formatted form has brackets and no route",
        arguments: [
            ("<@r.example:user@Example.com>", "<user@Example.com>", "user@Example.com"),
            ("user@b", "<user@b>", "user@b"),
            ("<user@b>", "<user@b>", "user@b"),
            ("<\"a b\"@c>", "<\"a b\"@c>", "\"a b\"@c"),
            ("<POSTMASTER>", "<postmaster>", "postmaster"),
        ])
    func formatted(text: String, formatted: String, plain: String) throws {
        #expect(try parse(text).formatted == formatted)
        #expect(try parse(text).address == plain)
    }

    @Test(
        "an address made of parts can be sent whatever the parts hold",
        arguments: [
            ("user", "Example.COM", "<user@Example.COM>"),
            ("a b", "c", "<\"a b\"@c>"),
            ("\"a b\"", "c", "<\"a b\"@c>"),
            ("a\"\\", "c", "<\"a\\\"\\\\\"@c>"),
            ("a>\r\nRCPT TO:<b", "c>\r\nDATA", "<\"a>RCPT TO:<b\"@cDATA>"),
            ("a.", "c", "<\"a.\"@c>"),
            ("postmaster", "", "<postmaster>"),
            ("", "", "<>"),
            ("\u{E9}", "b", "<\u{E9}@b>"),
            ("a@b", "c", "<\"a@b\"@c>"),
            ("a,b;(c)", "c", "<\"a,b;(c)\"@c>"),
            ("\u{0}\u{7F}", "c", "<\"\"@c>"),
            ("u", "a\"b\\c", "<u@abc>"),
            ("u", "good.example@evil.example", "<u@good.exampleevil.example>"),
            ("u", "a,b;c:d(e)f", "<u@abcdef>"),
            ("u", "[192.0.2.1]", "<u@[192.0.2.1]>"),
            ("u", "[IPv6:2001:db8::1]", "<u@[IPv6:2001:db8::1]>"),
            ("u", "[192.0.2.1]>", "<u@192.0.2.1>"),
            ("u", "[a b]", "<u@ab>"),
            ("u", "my_host.example", "<u@my_host.example>"),
            ("u", "\u{FC}ber.example", "<u@\u{FC}ber.example>"),
        ])
    func made(user: String, host: String, formatted: String) {
        #expect(Address(user: user, host: host).formatted == formatted)
    }

    private static let specials = (0...0x7F).map { String(UnicodeScalar(UInt8($0))) } + ["\u{85}", "\u{2028}", "\\\""]

    @Test("what was made of any character is read back as one path, with the same parts", arguments: specials)
    func madeIsRead(special: String) throws {
        for user in [special, "a\(special)b", "\(special)a", "a\(special)", "\"\(special)", "\(special)\""] {
            // A host may begin and end with what a label may not: that is no matter of where the path ends.
            for host in ["b.example", "b\(special)c.example", "b.example\(special)c"] {
                let made = Address(user: user, host: host.replacing("_", with: "x"))
                guard !made.host.contains("..") else { continue }
                let read = try Address.parse(made.formatted, idna: { _ in "xn--b.example" })
                #expect(read.user == made.user)
                #expect(read.originalHost == made.originalHost)
            }
        }
    }

    @Test("an address made of parts folds its host")
    func madeHost() {
        let address = Address(user: "u", host: "Example.COM")
        #expect(address.host == "example.com" && address.originalHost == "Example.COM")
        #expect(address.original == "u@Example.COM")
    }

    @Test("ten thousand octets are refused without taking long")
    func longInput() {
        let long = String(repeating: "A", count: 10_000)
        for text in ["<@a:b@\(long)>", "<\"x\"@a\(long)", "<\(long)", "<\"\(long)"] {
            #expect(throws: SyntaxError.self) { try parse(text) }
        }
    }
}
