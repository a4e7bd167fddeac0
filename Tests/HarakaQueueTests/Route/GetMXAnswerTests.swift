// What a plugin may answer to get_mx, and what is made of it.

import HarakaCore
import HarakaQueue
import SMTPSyntax
import Testing

@Suite struct GetMXAnswerTests {
    /// Host, port, whether LMTP, user, password, path.
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var host = ""
        var port = 0
        var isLMTP = false
        var user = ""
        var password = ""
        var path = ""

        var testDescription: String { text }
    }

    static let good: [Case] = [
        Case(text: "mail.example.com", host: "mail.example.com"),
        Case(text: "  Mail.Example.COM. ", host: "mail.example.com"),
        Case(text: "localhost", host: "localhost"),
        Case(text: "mail.example.com:587", host: "mail.example.com", port: 587),
        Case(text: "mail.example.com:1", host: "mail.example.com", port: 1),
        Case(text: "192.0.2.1", host: "192.0.2.1"),
        Case(text: "192.0.2.1:2525", host: "192.0.2.1", port: 2525),
        Case(text: "[192.0.2.1]:2525", host: "192.0.2.1", port: 2525),
        Case(text: "2001:db8::1", host: "2001:db8::1"),
        Case(text: "[2001:db8::1]", host: "2001:db8::1"),
        Case(text: "[2001:db8::1]:24", host: "2001:db8::1", port: 24),
        Case(text: "smtp://mail.example.com", host: "mail.example.com"),
        Case(text: "SMTP://mail.example.com/", host: "mail.example.com"),
        Case(text: "smtp://mail.example.com:465", host: "mail.example.com", port: 465),
        Case(text: "smtp://[2001:db8::1]:26", host: "2001:db8::1", port: 26),
        Case(text: "lmtp://127.0.0.1:2003", host: "127.0.0.1", port: 2003, isLMTP: true),
        Case(text: "lmtp://store", host: "store", isLMTP: true),
        Case(text: "smtp://u:p@h.example:25", host: "h.example", port: 25, user: "u", password: "p"),
        Case(
            text: "smtp://joe%40example.com:a%3Ab%2Fc%25@h.example", host: "h.example", user: "joe@example.com",
            password: "a:b/c%"),
        Case(text: "smtp://u:p:q@h.example", host: "h.example", user: "u", password: "p:q"),
        Case(text: "smtp://u:p@x@h.example", host: "h.example", user: "u", password: "p@x"),
        Case(text: "/run/lmtp.sock", path: "/run/lmtp.sock"),
        Case(text: "unix:/run/lmtp.sock", path: "/run/lmtp.sock"),
        Case(text: "unix:///run/a%20b", path: "/run/a b"),
        Case(text: "lmtp:///run/lmtp.sock", isLMTP: true, path: "/run/lmtp.sock"),
        Case(text: "smtp:///run/smtp.sock", path: "/run/smtp.sock"),
    ]

    @Test("every form of text is read", arguments: good)
    func reads(_ wanted: Case) throws {
        var mx = MX()
        (mx.exchange, mx.port, mx.usesLMTP) = (wanted.host, wanted.port, wanted.isLMTP)
        (mx.authUser, mx.authPassword, mx.path) = (wanted.user, wanted.password, wanted.path)
        #expect(try GetMXAnswer.mx(from: .text(wanted.text)).get() == [mx])
    }

    @Test(
        "text that makes no sense is one clear error",
        arguments: [
            ("", "get_mx: the text is empty"), ("  ", "get_mx: the text is empty"),
            ("a b", "get_mx: 'a b' is no host"), ("mail..example", "get_mx: 'mail..example' is no host"),
            ("192.0.2.300", "get_mx: '192.0.2.300' is no host"), ("mail:", "get_mx: '' is no port"),
            ("mail:0", "get_mx: '0' is no port"), ("mail:65536", "get_mx: '65536' is no port"),
            ("mail:2x", "get_mx: '2x' is no port"), ("mail:+25", "get_mx: '+25' is no port"),
            ("[2001:db8::1", "get_mx: '[2001:db8:' is no host"), ("[::1]25", "get_mx: '[::1]25' is no host"),
            ("[mail]", "get_mx: '[mail]' is no host"), ("mail\r\nQUIT", "get_mx: 'mail\r\nQUIT' is no host"),
            ("smtp://", "get_mx: '' is no host"), ("smtps://mail", "get_mx: 'smtps':// is neither smtp:// nor lmtp://"),
            ("http://mail", "get_mx: 'http':// is neither smtp:// nor lmtp://"),
            ("smtp://mail/a", "get_mx: the URL has a path behind its host"),
            ("smtp://u@mail", "get_mx: a URL with @ must have user and password before it"),
            ("smtp://:p@mail", "get_mx: a URL with @ must have user and password before it"),
            ("smtp://u%4:p@mail", "get_mx: a % in the URL is not followed by two hexadecimal digits"),
            ("smtp://u:%ff@mail", "get_mx: what is encoded in the URL is no UTF-8"),
            ("/", "get_mx: '/' is no path of a socket"), ("unix:run", "get_mx: 'run' is no path of a socket"),
        ])
    func refuses(_ text: String, _ words: String) {
        // A line end in the text must not reach the log.
        let shown = words.replacing("\r\n", with: "??")
        #expect(GetMXAnswer.mx(from: .text(text)) == .failure(.init(text: shown)))
    }

    @Test("no password of a URL that is refused is told")
    func hidesPasswords() {
        for text in ["smtp://u:secret@mail/a", "smtp://u:secret%@mail", "smtp://u:secret@"] {
            guard case .failure(let failure) = GetMXAnswer.mx(from: .text(text)) else {
                Issue.record("\(text) was taken")
                continue
            }
            #expect(!failure.text.contains("secret"))
        }
    }

    @Test("a map has Haraka's member names")
    func maps() throws {
        let map = ValueMap([
            .init("exchange", .text("Mail.Example")), .init("port", .integer(2525)), .init("priority", .number(10)),
            .init("bind", .text("192.0.2.9")), .init("bind_helo", .text("out.example")),
            .init("using_lmtp", .boolean(true)), .init("auth_user", .text("u")), .init("auth_pass", .integer(123)),
            .init("auth_type", .text("PLAIN")), .init("tls", .text("required")), .init("from_dns", .text("ignored")),
        ])
        var mx = MX()
        (mx.exchange, mx.port, mx.priority) = ("mail.example", 2525, 10)
        (mx.bind, mx.bindHelo, mx.usesLMTP) = ("192.0.2.9", "out.example", true)
        (mx.authUser, mx.authPassword, mx.authType, mx.tls) = ("u", "123", "PLAIN", .required)
        #expect(try GetMXAnswer.mx(from: .map(map)).get() == [mx])
    }

    @Test("a map with host, with texts for numbers and flags, and with a path")
    func loosely() throws {
        var host = MX()
        (host.exchange, host.port, host.usesLMTP) = ("mail.example", 26, true)
        let map = ValueMap([
            .init("host", .text("mail.example")), .init("port", .text("26")), .init("using_lmtp", .text("yes")),
            .init("priority", .text("")), .init("bind", .null),
        ])
        #expect(try GetMXAnswer.mx(from: .map(map)).get() == [host])
        var socket = MX()
        socket.path = "/run/s"
        #expect(try GetMXAnswer.mx(from: .map(ValueMap([.init("path", .text("/run/s"))]))).get() == [socket])
    }

    @Test(
        "a map that makes no sense is one clear error",
        arguments: [
            ([ValueMap.Entry("port", .integer(25))], "get_mx: neither exchange nor path"),
            ([.init("exchange", .text("a")), .init("path", .text("/b"))], "get_mx: both exchange and path"),
            (
                [.init("exchange", .text("a")), .init("port", .integer(70_000))],
                "get_mx: port is no number from 0 to 65535"
            ),
            ([.init("exchange", .text("a")), .init("port", .text("x"))], "get_mx: port is no number from 0 to 65535"),
            (
                [.init("exchange", .text("a")), .init("port", .number(.nan))],
                "get_mx: port is no number from 0 to 65535"
            ),
            ([.init("exchange", .list([]))], "get_mx: exchange is no text"),
            ([.init("exchange", .text("a")), .init("bind", .text("b"))], "get_mx: bind 'b' is no address"),
            ([.init("exchange", .text("a")), .init("bind_helo", .text("b\nc"))], "get_mx: bind_helo 'b?c' is no name"),
            (
                [.init("exchange", .text("a")), .init("auth_user", .text("b"))],
                "get_mx: user and password belong together"
            ),
            ([.init("exchange", .text("a")), .init("tls", .text("b"))], "get_mx: tls is neither required nor never"),
        ])
    func refusesMaps(_ entries: [ValueMap.Entry], _ words: String) {
        #expect(GetMXAnswer.mx(from: .map(ValueMap(entries))) == .failure(.init(text: words)))
    }

    @Test("a list has entries of any form, in its order; one bad entry spoils it")
    func lists() throws {
        var own = MX()
        (own.exchange, own.priority) = ("c.example", 5)
        let map = ValueMap([.init("exchange", .text("b.example"))])
        let list: [Value] = [.text("a.example:26"), .map(map), .mx(own)]
        #expect(try GetMXAnswer.mx(from: .list(list)).get().map(\.exchange) == ["a.example", "b.example", "c.example"])
        #expect(GetMXAnswer.mx(from: .list(list + [.integer(1)])) == .failure(.init(text: "get_mx: '1' is no host")))
        #expect(GetMXAnswer.mx(from: .list([])) == .failure(.init(text: "get_mx: the list is empty")))
    }

    @Test("an MX value is looked at, too")
    func values() {
        var mx = MX()
        mx.exchange = "a b"
        #expect(GetMXAnswer.mx(from: .mx(mx)) == .failure(.init(text: "get_mx: 'a b' is no host")))
        #expect(GetMXAnswer.mx(from: .mx(MX())) == .failure(.init(text: "get_mx: neither exchange nor path")))
        #expect(GetMXAnswer.mx(from: .null) == .failure(.init(text: "get_mx: OK without a value")))
        #expect(GetMXAnswer.mx(from: .address(.null)) == .failure(.init(text: "get_mx: '<>' is no host")))
    }

    @Test("a list of a million entries costs a hundred")
    func isBounded() throws {
        let list = Value.list([Value](repeating: .text("a.example"), count: 1_000_000))
        #expect(try GetMXAnswer.mx(from: list).get().count == 100)
    }
}
