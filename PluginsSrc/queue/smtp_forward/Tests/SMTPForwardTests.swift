// Who goes where, and what the client is told.
import HarakaPluginKit
import Testing

@testable import SMTPForward

private func settings(_ main: [(String, Value)], _ sections: [(String, [(String, Value)])] = []) throws -> Settings {
    try Settings(.map([("main", .map(main))] + sections.map { ($0.0, Value.map($0.1)) }))
}

private func mailbox(_ address: String) -> Mailbox {
    let parts = address.split(separator: "@").map { String($0) }
    return Mailbox(parts.first ?? "", parts.count > 1 ? parts[1] : "")
}

@Suite("Routes")
struct RouteTests {
    @Test("a section overrides what is said above, key by key; a host of its own is not about the pool")
    func overrides() throws {
        let settings = try settings(
            [
                ("host", .text("a")), ("enable_tls", .boolean(true)), ("auth_user", .text("u")),
                ("auth_pass", .integer(12)),
                ("forwarding_host_pool", .text("p:1")),
            ],
            [
                ("Example.COM", [("port", .integer(26))]),
                ("example.org", [("host", .text("b")), ("enable_tls", .text("no"))]),
            ])
        let com = try #require(settings.routes["example.com"])
        #expect((com.host, com.port, com.usesTLS, com.password, com.pool) == ("a", 26, true, "12", "p:1"))
        let org = try #require(settings.routes["example.org"])
        #expect((org.host, org.port, org.usesTLS, org.user, org.pool) == ("b", 25, false, "u", ""))
        #expect(settings.has("EXAMPLE.org") && !settings.has("example.net"))
    }

    @Test("defaults are Haraka's")
    func defaults() throws {
        let main = try settings([]).main
        #expect(
            (main.host, main.port, main.connectTimeout, main.timeout, main.deadRetry) == ("localhost", 25, 30, 300, 10))
        #expect(!main.usesTLS && !main.takesOutbound && !main.isOnePerRecipient && !main.isLMTP)
    }

    @Test(
        "what makes no sense is named",
        arguments: [
            ("port", .integer(70000), "[main] port: expected 1 to 65535"),
            ("timeout", .text("long"), "[main] timeout: expected 1 to 3600"),
            ("enable_tls", .text("maybe"), "[main] enable_tls is neither true nor false"),
            ("check_sender", .integer(2), "[main] check_sender is neither true nor false"),
            ("host", .number(1.5), "[main] host: expected a text"),
            ("domain_selector", .text("helo"), "[main] domain_selector: expected rcpt_to or mail_from"),
        ] as [(String, Value, String)])
    func mistakes(key: String, value: Value, why: String) {
        let error = #expect(throws: PluginError.self) { try settings([(key, value)]) }
        #expect(error?.cause == why)
    }

    @Test("recipients of one backend go together, the others apart, in the order in which they came")
    func batches() throws {
        let settings = try settings([], [("b.example", [("host", .text("b"))]), ("c.example", [("host", .text("b"))])])
        let recipients = ["1@a.example", "2@B.example", "3@a.example", "4@c.example"].map { mailbox($0) }
        let batches = settings.batches(sender: mailbox("s@x"), recipients: recipients)
        #expect(batches.map(\.numbers) == [[0, 2], [1, 3]])
        #expect(batches.map(\.route.host) == ["localhost", "b"])
        #expect(Settings.rounds(of: batches).map(\.count) == [2])
    }

    @Test("a copy for each recipient makes rounds of its own, behind those who go together")
    func alone() throws {
        let settings = try settings([], [("b.example", [("one_message_per_rcpt", .boolean(true))])])
        let recipients = ["1@b.example", "2@a.example", "3@b.example"].map { mailbox($0) }
        let batches = settings.batches(sender: mailbox("s@x"), recipients: recipients)
        #expect(Settings.rounds(of: batches).map { $0.map(\.numbers) } == [[[1]], [[0]], [[2]]])
    }

    @Test("the sender may choose, by mailbox before domain; the null sender chooses nothing")
    func sender() throws {
        let settings = try settings(
            [("domain_selector", .text("mail_from"))],
            [("x.example", [("host", .text("x"))]), ("Boss@x.example", [("host", .text("boss"))])])
        func host(_ sender: String) -> String? {
            settings.section(sender: mailbox(sender), recipient: mailbox("r@x.example"))?.host
        }
        #expect(host("a@X.example") == "x")
        #expect(host("boss@x.example") == "boss")
        #expect(host("a@y.example") == nil)
        #expect(host("") == nil)
    }

    @Test("the client service is told all of it, in its own units")
    func members() throws {
        let route = try settings([
            ("forwarding_host_pool", .text("192.0.2.1:26, [2001:db8::1]:27; h")), ("require_tls", .boolean(true)),
            ("auth_user", .text("u")), ("bind", .text("192.0.2.9")), ("using_lmtp", .boolean(true)),
        ]).main
        #expect(route.exchangers.map { "\($0.exchange) \($0.port)" } == ["192.0.2.1 26", "2001:db8::1 27", "h 25"])
        #expect(route.exchangers.allSatisfy { $0.requiresTLS && $0.isLMTP && $0.user == "u" && $0.bind == "192.0.2.9" })
        let plain = try settings([("path", .text("/s"))]).main
        #expect(
            (plain.exchangers[0].path, plain.exchangers[0].exchange, plain.exchangers[0].avoidsTLS) == ("/s", "", true))
    }

    @Test(
        "members of a pool",
        arguments: [
            ("h", "h", nil), ("h:25", "h", 25), ("2001:db8::1", "2001:db8::1", nil), ("[::1]:25", "::1", 25),
            ("[::1]", "::1", nil),
            ("h:x", "h", nil), ("", "", nil),
        ] as [(String, String, UInt32?)])
    func poolMembers(member: String, host: String, port: UInt32?) {
        #expect(divided(member) == (host, port))
    }

    @Test("queued mail goes to a noted hop, to its section, or if it was meant for a backend to that of all")
    func queued() throws {
        let settings = try settings(
            [("host", .text("m"))], [("s.example", [("host", .text("s")), ("port", .integer(26))])])
        let (section, main) = (settings.routes["s.example"], settings.main)
        func host(_ value: Value?) -> String? {
            if case .list(let items)? = value, case .mx(let mx)? = items.first { return mx.exchange }
            if case .text(let text)? = value { return text }
            return nil
        }
        #expect(host(exchangers(isMeant: false, nextHop: "", nil, main)) == nil)
        #expect(host(exchangers(isMeant: false, nextHop: "smtp://x", section, main)) == "s")
        #expect(host(exchangers(isMeant: true, nextHop: "", nil, main)) == "m")
        #expect(host(exchangers(isMeant: true, nextHop: "smtp://other:25", section, main)) == "smtp://other:25")
        #expect(host(exchangers(isMeant: true, nextHop: "smtp://s:26", section, main)) == "s")
    }

    @Test("recipients that would have to go two ways are seen")
    func split() {
        let none = Wishes(queue: "", nextHop: "")
        let first = Wishes(queue: "smtp_forward", nextHop: "smtp://a:25")
        #expect(none.take(queue: "smtp_forward", nextHop: "smtp://a:25") == first)
        #expect(first.take(queue: "smtp_forward", nextHop: "smtp://a:25") == first)
        #expect(first.take(queue: "smtp_forward", nextHop: nil) == first)
        #expect(first.take(queue: "smtp_forward", nextHop: "smtp://b:25") == nil)
        #expect(first.take(queue: "lmtp", nextHop: "smtp://a:25") == nil)
        #expect(none.take(queue: "outbound", nextHop: nil) == Wishes(queue: "outbound", nextHop: ""))
    }
}

@Suite("Outcomes")
struct OutcomesTests {
    @Test("all have it, nobody has it, or some have: then the others are named, and nothing is lost")
    func verdicts() {
        var outcomes = Outcomes(3)
        #expect(outcomes.verdict == .refused(SMTPReply(0, trouble: .failed)))
        #expect(!outcomes.hasDelivered)
        outcomes.note(SMTPReply(250, ["yes"]), for: [0, 2])
        #expect(outcomes.hasDelivered)
        #expect(outcomes.verdict == .rest([1]))
        outcomes.note(SMTPReply(550, ["no"]), for: [1])
        #expect(outcomes.verdict == .rest([1]))
        outcomes.note(SMTPReply(250, ["yes, too"]), for: [1, 99])
        #expect(outcomes.verdict == .delivered("yes"))
    }

    @Test("LMTP answers for each; whom it did not answer for has not got it")
    func each() {
        var outcomes = Outcomes(3)
        outcomes.note([SMTPReply(250), SMTPReply(552)], for: [2, 0, 1])
        #expect(outcomes.verdict == .rest([0, 1]))
    }

    @Test(
        "the worst of all is for now if that holds for anybody",
        arguments: [
            ([250, 250], nil), ([250, 550], 550), ([550, 450], 450), ([0, 550], 0), ([354, 550], 354), ([], nil),
        ] as [([UInt32], UInt32?)])
    func worst(codes: [UInt32], worst: UInt32?) {
        #expect(Outcomes.worst(of: codes.map { SMTPReply($0) })?.code == worst)
    }
}
