// qpsmtpd's hooks before the core takes a line apart: helo_parse, mail_parse, mail_pre and their like. docs/hooks.md
// "Commands" and "Transaction".

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Taking lines apart")
struct ParseTests {
    static func value(_ items: Value...) -> Verdict {
        Verdict(.ok, PluginReply(lines: [], value: items.count == 1 ? items[0] : .list(items)))
    }

    static func parameters(_ entries: (String, Value)...) -> Value {
        .map(ValueMap(entries.map { ValueMap.Entry($0.0, $0.1) }))
    }

    // MARK: HELO and EHLO

    @Test("helo_parse is asked before the argument is looked at, with the word as sent", arguments: ["helo", "ehlo"])
    func greetingAsked(verb: String) {
        let driver = play("P: \(verb)_parse LATER\nC: \(verb)  a b\nH: \(verb)_parse")
        let question: Question =
            verb == "helo" ? .heloParse(word: verb, rest: "a b") : .ehloParse(word: verb, rest: "a b")
        #expect(driver.question == question)
        play("P: \(verb) LATER\nA: CONT\nH: \(verb)", on: driver)
        #expect(driver.question == (verb == "helo" ? .helo("a") : .ehlo("a")))
        #expect(driver.connection.helloArguments == [])
    }

    @Test("without a word a plugin may still know the host")
    func hostFromNothing() {
        let driver = play("P: helo_parse OK made.example\nP: helo LATER\nC: HELO\nH: helo_parse helo")
        #expect(driver.question == .helo("made.example"))
        #expect(driver.connection.helloHost == "made.example")
    }

    @Test("a list is the host and more for helo; the next greeting begins anew")
    func hostAndMore() {
        let driver = SessionDriver.greeted()
        driver.plugins.add(.now(ParseTests.value(.text("h"), .integer(7), .null)), to: "ehlo_parse")
        driver.say("EHLO x")
        #expect(driver.connection.helloHost == "h")
        #expect(driver.connection.helloArguments == [.integer(7), .null])
        driver.say("EHLO y")
        #expect(driver.connection.helloHost == "y")
        #expect(driver.connection.helloArguments == [])
    }

    @Test("no host is no host, whoever says so", arguments: [Value.text(""), .null, .list([])])
    func noHost(value: Value) {
        let driver = SessionDriver.greeted()
        driver.plugins.add(.now(Verdict(.ok, PluginReply(lines: [""], value: value))), to: "helo_parse")
        let reply = "501 HELO requires domain/address - see RFC-2821 4.1.1.1"
        play(value == .list([]) ? "C: HELO\nS: \(reply)" : "C: HELO x\nS: \(reply)", on: driver)
    }

    // MARK: MAIL and RCPT

    @Test("mail_parse comes after the order of commands is checked, and before the syntax is")
    func mailAsked() {
        play(
            "P: mail_parse LATER\nE: connect\nS: \(ConnectTests.banner)\nC: MAIL x\nS: 503 Use EHLO/HELO before MAIL",
            on: SessionDriver())
        let driver = play("P: mail_parse LATER\nC: mail FROM:<a@b c>\nH: mail_parse")
        #expect(driver.question == .mailParse(word: "mail", rest: "FROM:<a@b c>"))
        play("A: CONT\nS: 501-Command parsing failed\nS: 501 Syntax error in parameters (\"<a@b c>\")", on: driver)
    }

    @Test(
        "OK gives the address, with or without brackets, and parameters",
        arguments: [
            (value(.text("x@example.org")), "<x@example.org>", ""),
            (value(.text("<x@example.org>")), "<x@example.org>", ""),
            (value(.address(Address(user: "x", host: "example.org"))), "<x@example.org>", ""),
            (value(.address(.null)), "<>", ""), (value(.text("")), "<>", ""),
            (
                value(.text("x@example.org"), parameters(("body", .text("8BITMIME")), ("SMTPUTF8", .null))),
                "<x@example.org>", "BODY=8BITMIME SMTPUTF8"
            ),
            (value(.text("x@example.org"), parameters(("SIZE", .integer(7)))), "<x@example.org>", "SIZE=7"),
            (Verdict(.ok, PluginReply("x@example.org")), "<x@example.org>", ""),
        ])
    func mailGiven(verdict: Verdict, address: String, parameters: String) throws {
        let driver = SessionDriver.greeted()
        driver.plugins.add(.now(verdict), to: "mail_parse")
        driver.plugins.add(.later, to: "mail")
        driver.say("MAIL anything at all")
        guard case .mail(let path)? = driver.question else {
            Issue.record("mail was not asked: \(driver.asked) \(driver.replies)")
            return
        }
        #expect(path.address.formatted == address)
        let shown = path.parameters.map { one in one.value.map { "\(one.name)=\($0)" } ?? one.name }
        #expect(shown.joined(separator: " ") == parameters)
    }

    @Test("what a plugin gives is checked as what a client gives")
    func givenIsChecked() {
        let driver = SessionDriver.greeted()
        for (verdict, reply) in [
            (ParseTests.value(.text("no address")), "501 Invalid MAIL FROM address"),
            (
                ParseTests.value(.text("a@b.example"), ParseTests.parameters(("SIZE", .text("x")))),
                "501 Invalid SIZE parameter"
            ),
            (
                ParseTests.value(.text("a@b.example"), ParseTests.parameters(("SIZE", .integer(99_999_999)))),
                "550 Message too big!"
            ),
        ] {
            driver.plugins.add(.now(verdict), to: "mail_parse")
            play("C: MAIL FROM:<a@b>\nS: \(reply)", on: driver)
        }
        driver.say("HELO c")
        driver.plugins.add(
            .now(ParseTests.value(.text("a@b.example"), ParseTests.parameters(("X", .null)))), to: "mail_parse")
        driver.forget()
        play("C: MAIL FROM:<a@b>\nS: 555 Invalid command parameters", on: driver)
        #expect(driver.connection.transaction == nil)
    }

    @Test("a value that is no address leaves the line to the core", arguments: [Value.integer(5), .list([.null])])
    func useless(value: Value) {
        let driver = SessionDriver.greeted()
        driver.plugins.add(.now(ParseTests.value(value)), to: "mail_parse")
        play("C: MAIL FROM:<a@example.com>\nS: 250 sender <a@example.com> OK", on: driver)
    }

    @Test("a refusal of mail_parse and rcpt_parse is an error of the client's, one of mail_pre and rcpt_pre is not")
    func errors() {
        for (hook, line, count) in [
            ("mail_parse", "MAIL FROM:<a@b>", 1), ("mail_pre", "MAIL FROM:<a@b>", 0),
            ("rcpt_parse", "RCPT TO:<a@b>", 1), ("rcpt_pre", "RCPT TO:<a@b>", 0),
        ] {
            let driver = SessionDriver.addressed()
            driver.plugins.add(.now(Verdict(.deny)), to: hook)
            driver.say(line)
            #expect(driver.connection.errors == count)
            #expect(driver.connection.transaction?.recipients.count == 1)
        }
    }

    @Test("mail_pre sees the text of the address as parsed and may mend it; parameters stay")
    func mailPre() {
        let driver = play("P: mail_pre LATER\nC: MAIL FROM: a@example.com. X=Y\nH: mail_pre")
        let path = PathArgument(address: "a@example.com.", parameters: [Parameter(name: "X", value: "Y")])
        #expect(driver.question == .mailPre(path))
        play("P: mail LATER\nA: OK <a@example.com>\nH: mail", on: driver)
        guard case .mail(let mended)? = driver.question else { return }
        #expect(mended.address.formatted == "<a@example.com>")
        #expect(mended.parameters == [Parameter(name: "X", value: "Y")])
    }

    @Test("without a plugin's help that address is none")
    func unmended() {
        play("P: mail_pre CONT\nC: MAIL FROM: a@example.com.\nS: 501 Invalid MAIL FROM address\nH: mail_pre")
        play("P: mail_pre OK\nC: MAIL FROM: a@example.com.\nS: 501 Invalid MAIL FROM address\nH: mail_pre")
    }

    @Test("mail_pre sees what mail_parse gave")
    func parseThenPre() {
        let driver = play("P: mail_parse OK x@example.org\nP: mail_pre LATER\nC: MAIL y\nH: mail_parse mail_pre")
        #expect(driver.question == .mailPre(PathArgument(address: "<x@example.org>")))
    }

    @Test("rcpt_parse and rcpt_pre do the same for RCPT, inside a transaction only")
    func rcpt() {
        play("P: rcpt_parse LATER\nC: RCPT TO:<b@example.net>\nS: 503 Use MAIL before RCPT\nH:")
        let driver = SessionDriver.addressed()
        play(
            """
            P: rcpt_parse LATER
            P: rcpt_pre LATER
            P: rcpt LATER
            C: rcpt b
            H: rcpt_parse
            A: OK c@example.org.
            H: rcpt_pre
            A: OK c@example.org
            H: rcpt
            """, on: driver)
        guard case .rcpt(let path)? = driver.question else { return }
        #expect(path.address.formatted == "<c@example.org>")
        play("A: OK\nS: 250 recipient <c@example.org> OK", on: driver)
        #expect(driver.connection.transaction?.recipients.map(\.formatted) == ["<b@example.net>", "<c@example.org>"])
    }

    @Test("the null path is no recipient, and the limit of recipients counts")
    func rcptRules() {
        var settings = SessionSettings.test
        settings.maxRecipients = 1
        let driver = SessionDriver.addressed(settings)
        play("P: rcpt_parse OK <>\nC: RCPT x\nS: 501 Invalid RCPT TO address", on: driver)
        play("P: rcpt_parse OK d@example.net\nC: RCPT x\nS: 452 Too many recipients", on: driver)
    }
}
