// The checks, without a server.
import Testing

@testable import HeaderChecks

/// A mail with these fields, and what a check of that name says about it.
private func look(
    _ check: String, _ fields: [(String, String)], sender: String? = "a@example.org", recipients: [String] = [],
    relaying: Bool = false, now: Int64 = 1_700_000_000, vouchers: [String] = [], _ settings: Settings = Settings()
) -> [Finding] {
    let get = { (name: String) in fields.filter { $0.0.lowercased() == name.lowercased() }.map(\.1) }
    let host = sender?.split(separator: "@").last.map { String($0) } ?? ""
    let mail = Mail(
        fields: get, decoded: get, sender: sender.map { Mail.Sender(address: $0, host: host) },
        recipients: recipients, isRelaying: relaying, now: now, vouchers: vouchers)
    return Check.all.first { $0.name == check }?.look(mail, settings) ?? []
}

@Suite("headers")
struct HeaderChecksTests {
    @Test("each check has a flag of its own, and all of them are all")
    func flags() {
        #expect(Check.all.map(\.flag).reduce(0) { $0 + Int($1.rawValue) } == 1023)
        #expect(Check.all.reduce(Checks()) { $0.union($1.flag) } == .all)
    }

    @Test("singular fields that are there twice are named, each")
    func duplicates() {
        let good = look("duplicate_singular", [("From", "a"), ("Received", "a"), ("Received", "b")])
        #expect(good == [.pass("duplicate")])
        let twice = look("duplicate_singular", [("From", "a"), ("from", "b"), ("To", "c"), ("To", "d")])
        #expect(
            twice == [
                .fail("duplicate:From", "Only one From header allowed. See RFC 5322, Section 3.6"),
                .fail("duplicate:To", "Only one To header allowed. See RFC 5322, Section 3.6"),
            ])
    }

    @Test("required fields that are missing are named")
    func missing() {
        #expect(look("missing_required", [("From", "a"), ("Date", "b")]) == [.pass("missing")])
        #expect(look("missing_required", [("From", "a")]) == [.fail("missing:Date", "Required header 'Date' missing")])
    }

    @Test("a Return-Path from outside is removed, one from our users can be refused")
    func returnPath() {
        #expect(look("invalid_return_path", []) == [.pass("Return-Path")])
        let inbound = look("invalid_return_path", [("Return-Path", "<a>")])
        #expect(inbound == [Finding(kind: .fail, text: "Return-Path", removesReturnPath: true)])
        let outbound = look("invalid_return_path", [("Return-Path", "<a>")], relaying: true)
        #expect(
            outbound == [.fail("Return-Path", "outgoing mail must not have a Return-Path header (RFC 5321)")])
    }

    @Test(
        "dates at the borders of what is allowed",
        arguments: [
            // now is Tue, 14 Nov 2023 22:13:20 +0000
            ("Thu, 16 Nov 2023 22:13:20 +0000", "invalid_date"),
            ("Thu, 16 Nov 2023 22:13:21 +0000", "invalid_date(future)"),
            ("Thu, 16 Nov 2023 23:13:20 +0100", "invalid_date"),
            ("30 Oct 2023 22:13:20 GMT", "invalid_date"),
            ("30 Oct 2023 22:13:19 GMT", "invalid_date(past)"),
            ("yesterday", "invalid_date(unreadable)"),
        ])
    func dates(date: String, expected: String) {
        #expect(look("invalid_date", [("Date", date)]).map(\.text) == [expected])
    }

    @Test("without a Date there is nothing to say; 0 days allow any")
    func noDate() {
        #expect(look("invalid_date", []) == [])
        var settings = Settings()
        (settings.futureDays, settings.pastDays) = (0, 0)
        #expect(look("invalid_date", [("Date", "1 Jan 1980 0:00 +0000")], settings) == [.pass("invalid_date")])
        #expect(look("invalid_date", [("Date", "1 Jan 2080 0:00 +0000")], settings) == [.pass("invalid_date")])
    }

    @Test(
        "programs by their fields",
        arguments: [
            ("User-Agent", " Mutt/2.2\r\n", "UA(Mutt/2.2)"), ("X-Mailer", "Apple Mail", "UA(Apple Mail)"),
            ("X-MS-Has-Attach", "", "UA(Outlook)"), ("Message-Id", "<x@mail.gmail.com>", "UA(Gmail)"),
            ("Message-ID", "<alpine.DEB.1@x>", "UA(Alpine)"), ("Subject", "x", "UA"),
        ])
    func agents(name: String, value: String, expected: String) {
        #expect(look("user_agent", [(name, value)]).map(\.text) == [expected])
    }

    @Test("a message that only we received came from its author's own machine")
    func direct() {
        #expect(look("direct_to_mx", [("Received", "a")]) == [.fail("direct-to-mx(1)")])
        #expect(look("direct_to_mx", [("Received", "a"), ("Received", "b")]) == [.pass("direct-to-mx(2)")])
        #expect(look("direct_to_mx", [], relaying: true).map(\.kind) == [.skip])
    }

    @Test(
        "From against the envelope",
        arguments: [
            ("A <a@Example.org>", "from_match"), ("b@example.org", "from_match(domain)"),
            ("b@sub.example.org", "from_match(domain)"), ("b@xexample.org", "from_match(example.org / xexample.org)"),
            ("nobody", "from_match(unparsable)"), ("\"a@example.org\" <b@x.test>", "from_match(example.org / x.test)"),
        ])
    func from(from: String, expected: String) {
        #expect(look("from_match", [("From", from)]).map(\.text) == [expected])
    }

    @Test("a null sender matches nobody; no From fails")
    func fromOddities() {
        #expect(look("from_match", [("From", "a@b")], sender: "").map(\.kind) == [.skip])
        #expect(look("from_match", []) == [.fail("from_match(missing)")])
    }

    @Test("two domains that somebody holds match")
    func organization() {
        var mail = Mail(
            fields: { $0 == "From" ? ["a@x.example.co.uk"] : [] }, decoded: { _ in [] },
            sender: Mail.Sender(address: "b@y.example.co.uk", host: "y.example.co.uk"), recipients: [],
            isRelaying: false, now: 0, vouchers: [])
        #expect(fromMatch(mail).kind == .fail)
        mail.organizational = { $0.hasSuffix("example.co.uk") ? "example.co.uk" : nil }
        #expect(fromMatch(mail) == .pass("from_match(domain)"))
        mail.organizational = { $0 }
        #expect(fromMatch(mail).kind == .fail)
    }

    @Test("a Delivered-To with a recipient's address")
    func deliveredTo() {
        let refused = [Finding.fail("delivered_to", "Invalid Delivered-To header content")]
        for value in ["b@example.com", " <B@Example.com>\r\n"] {
            #expect(look("delivered_to", [("Delivered-To", value)], recipients: ["x@y", "b@example.com"]) == refused)
        }
        #expect(look("delivered_to", [("Delivered-To", "c@d")], recipients: ["b@d"]) == [.pass("delivered_to")])
        #expect(look("delivered_to", [], recipients: ["b@d"]) == [])
    }

    @Test(
        "lists by their marks",
        arguments: [
            ("Mailing-List", "contact x; run by ezmlm", "MLM(ezmlm)"), ("Sender", "x-bounces@y", "MLM(mailman)"),
            ("List-Id", "<x.y>", "MLM(list-id)"), ("Mailing-List", "other", "not MLM"),
        ])
    func lists(name: String, value: String, expected: String) {
        #expect(look("mailing_list", [(name, value)]).map(\.text) == [expected])
    }

    @Test("a name that is not the sender's")
    func phish() {
        var settings = Settings()
        settings.targets = [PhishTarget(name: "paypal", domain: "paypal.com")]
        let field = [("From", "PayPal Service <x@evil.test>")]
        let denial = "Phishing message appears to impersonate paypal.com"
        #expect(look("from_phish", field, settings) == [.fail("from_phish(paypal.com)", denial)])
        #expect(look("from_phish", field, sender: "a@mail.paypal.com", settings).map(\.kind) == [.pass])
        #expect(look("from_phish", field, vouchers: ["paypal.com"], settings).map(\.kind) == [.pass])
        #expect(look("from_phish", field, sender: "a@notpaypal.com", settings).map(\.kind) == [.fail])
        #expect(look("from_phish", [("From", "Papaypaly <x@y>")], settings) == [.pass("from_phish")])
    }
}
