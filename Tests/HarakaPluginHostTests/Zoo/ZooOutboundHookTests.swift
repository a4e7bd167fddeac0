// Hooks about queued mails: docs/hooks.md "Outbound", docs/objects.md "hmail".

import CHarakaFault
import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

private let b = Address(user: "b", host: "example.org")

private var failure: RecipientFailure {
    RecipientFailure(
        b, EnhancedStatus(class: 5, subject: 1, detail: 1), reply: Reply(550, "5.1.1 nobody"), remote: "mx.example",
        reason: "no such user")
}

private var delivered: DeliveredFacts {
    var facts = DeliveredFacts()
    facts.host = "mx.example"
    facts.ip = "192.0.2.9"
    facts.response = "ok"
    facts.delay = 1.5
    facts.recipients = [b]
    facts.isSecured = true
    return facts
}

private var deferred: DeferredFacts {
    var facts = DeferredFacts()
    facts.delay = 64
    facts.error = "busy"
    return facts
}

private var deferredByMX: DeferredFacts {
    var facts = deferred
    facts.mx = "mx.example"
    facts.failed = [
        RecipientFailure(b, EnhancedStatus(class: 4, subject: 2, detail: 0), reason: "its own finding")
    ]
    return facts
}

private var bounced: BouncedFacts {
    var facts = BouncedFacts()
    facts.error = "all failed"
    facts.bounced = [failure]
    facts.mx = "mx.example"
    return facts
}

private let shownFailure = """
    {address:"b@example.org",original:"b@example.org",user:"b",host:"example.org",dsn_action:"failed",dsn_status:"5.1.1",\
    dsn_smtp_code:550,dsn_smtp_response:"5.1.1 nobody",dsn_remote_mta:"mx.example",reason:"no such user"}
    """

private let shownDeferral = """
    {address:"b@example.org",original:"b@example.org",user:"b",host:"example.org",dsn_action:"delayed",dsn_status:"4.2.0",\
    reason:"its own finding"}
    """

private let shown: [(OutboundQuestion, String)] = [
    (.sendEmail, "send_email []"),
    (.getMX(domain: "example.org"), "get_mx [\"example.org\"]"),
    (.delivered(delivered), #"delivered ["mx.example","192.0.2.9","ok",1.5,25,"SMTP",[<b|example.org>],true,false]"#),
    (.deferred(deferred), #"deferred [{delay:64,err:"busy"}]"#),
    (.deferred(deferredByMX), #"deferred [{delay:64,err:"busy",fail_recips:[\#(shownDeferral)],mx:"mx.example"}]"#),
    (
        .bounce(bounced),
        #"bounce [{err:"all failed",mx:"mx.example",deferred_rcpt:[],bounced_rcpt:[\#(shownFailure)]}]"#
    ),
]

extension ZooTests {
    @Suite("hooks about queued mails") struct OutboundHooks {
        /// A client of the plugin `m`, which does `mode` in its outbound hooks.
        func open(_ zoo: Zoo, _ mode: String) throws -> ZooClient {
            try zoo.install("m", "mails.c", options: ["-pthread"])
            try zoo.load("m")
            let client = zoo.connect()
            client.command("MODE", mode)
            return client
        }

        @Test("each has Haraka's arguments", arguments: shown)
        func arguments(question: OutboundQuestion, shown: String) throws {
            try withZoo { zoo in
                _ = try open(zoo, "objects")
                #expect(zoo.ask(question, zoo.queued()).all == [.cont])
                #expect(zoo.heard() == ["m: \(shown)", "m: 0 0 1"])
            }
        }

        @Test("there is no client to be asked, nor do other plugins know one", arguments: shown)
        func noClient(question: OutboundQuestion, shown: String) throws {
            try withZoo { zoo in
                _ = try open(zoo, "ask")
                #expect(zoo.ask(question, zoo.queued()).all == [.cont])
                #expect(zoo.heard() == ["m: \(shown)", "m: client STATE", "m: hook STATE", "m: restart HANDLE"])
            }
        }

        @Test("pre_send_trans_email has a client, who waits for his reply: only other plugins may be asked")
        func preSend() throws {
            try withZoo { zoo in
                let client = try open(zoo, "ask")
                #expect(client.ask(.preSendTransEmail) == .cont)
                #expect(
                    zoo.heard() == [
                        "m: pre_send_trans_email []", "m: client STATE", "m: hook SUCCESS", "m: restart STATE",
                        "m: destroyed verdict",
                    ])
                #expect(client.stops == 0)
            }
        }

        @Test("they can be had again while the plugin thinks")
        func argumentsAgain() throws {
            try withZoo { zoo in
                _ = try open(zoo, "arguments")
                #expect(zoo.ask(.getMX(domain: "a.b"), zoo.queued()).all == [.cont])
                #expect(zoo.heard() == ["m: get_mx [\"a.b\"]", "m: SUCCESS", "m: [\"a.b\"]"])
            }
        }

        @Test("properties are read, and only force_tls is written")
        func properties() throws {
            try withZoo { zoo in
                let client = try open(zoo, "properties")
                let box = zoo.queued()
                #expect(zoo.ask(.sendEmail, box).all == [.cont])
                let values = [
                    "\"U.1.1\"", "\"/queue/U.1\"", "\"U.1\"", "2", "\"example.org\"", "<a|x.example>",
                    "[<b|example.org>,<c|example.org>]", "1000", "77", "false", "\"it rained\"", "\"smtp\"",
                ]
                #expect(zoo.heard() == ["m: send_email []"] + values.enumerated().map { "m: \($0 + 3001) \($1)" })
                client.command("MODE", "write")
                #expect(zoo.ask(.sendEmail, box).all == [.cont])
                #expect(zoo.heard() == ["m: send_email []", "m: 3010 takes 1", "m: TYPE"])
                #expect(zoo.loop.run { box.mail?.forcesTLS } == true)
            }
        }

        @Test("notes, results, pointers and log lines are the mail's")
        func uses() throws {
            try withZoo { zoo in
                _ = try open(zoo, "use")
                let box = zoo.queued()
                #expect(zoo.ask(.sendEmail, box).all == [.cont])
                #expect(
                    zoo.heard().dropFirst() == [
                        "m: get SUCCESS", "m: note_set SUCCESS", "m: note_get SUCCESS", "m: note {b:\"noted\"}",
                        "m: result SUCCESS", "m: err SUCCESS", "m: result_get SUCCESS", "m: [\"spf\"]",
                        "m: collate SUCCESS",
                        "m: set_pointer SUCCESS", "m: get_pointer SUCCESS",
                    ])
                #expect(zoo.loop.run { box.mail?.notes.get("a.b") } == .text("noted"))
                #expect(zoo.loop.run { box.mail?.results.get("m")?["err"] } == .list([.text("wrong")]))
                let lines = zoo.log.lines.filter { $0.origin == "m" && $0.level != HARAKA_LOG_PROTOCOL }
                #expect(lines.map { "\($0.uuid) \($0.message)" } == ["U.1.1 wrong", "U.1.1 a line"])
                box.drop()
                #expect(zoo.heard() == ["m: pointer p gone, 1"])
            }
        }

        @Test("handles of a mail that is gone, forged ones and those of another kind name nothing")
        func stale() throws {
            try withZoo { zoo in
                let client = try open(zoo, "pending")
                let box = zoo.queued()
                let verdicts = zoo.ask(.sendEmail, box)
                client.command("FORGED")
                #expect(zoo.heard() == ["m: send_email []", "m: HANDLE", "m: ABSENT", "m: HANDLE"])
                client.command("ANSWER")
                #expect(verdicts.all == [Verdict(.ok, PluginReply("late"))])
                box.drop()
                let next = zoo.queued("NEXT.1.1")
                _ = zoo.ask(.sendEmail, next)
                _ = zoo.heard()
                // The other mail has the slot now; the old handle is not its name.
                client.command("MODE", "none")
                let mail = zoo.queued("STALE.1.1")
                client.command("MODE", "pending")
                _ = zoo.ask(.sendEmail, mail)
                zoo.loop.run { if let mail = mail.mail { zoo.host.cancel(mail) } }
                mail.drop()
                _ = zoo.heard()
                client.command("USE")
                let said = zoo.heard()
                #expect(said.filter { $0.hasSuffix(" HANDLE") }.count == 9)
                #expect(said.filter { $0.contains("SUCCESS") }.isEmpty)
                #expect(
                    zoo.log.messages(HARAKA_LOG_ERROR).contains("m used a mail handle that names nothing (any more)"))
                #expect(zoo.log.lines.last { $0.message == "a line" }?.uuid == "-")
            }
        }

        @Test("on another thread nothing is to be had")
        func elsewhere() throws {
            try withZoo { zoo in
                _ = try open(zoo, "elsewhere")
                let box = zoo.queued()
                #expect(zoo.ask(.sendEmail, box).all == [.cont])
                #expect(zoo.heard() == ["m: send_email []", "m: thread WRONG_THREAD", "m: thread WRONG_THREAD"])
                #expect(zoo.loop.run { box.mail?.forcesTLS } == false)
                #expect(zoo.log.lines.first { $0.message == "from a thread" }?.uuid == "-")
            }
        }

        @Test("seconds and places are the value of the answer")
        func values() throws {
            try withZoo { zoo in
                let client = try open(zoo, "delay")
                let box = zoo.queued()
                #expect(zoo.ask(.sendEmail, box).all == [Verdict(.delay, PluginReply(lines: [], value: .integer(5)))])
                client.command("MODE", "mx")
                var mx = MX()
                mx.exchange = "10.0.0.1"
                mx.port = 2424
                mx.usesLMTP = true
                mx.tls = .required
                #expect(
                    zoo.ask(.getMX(domain: "d"), box).all.first?.reply.value
                        == .list([.text("mx.example:26"), .mx(mx)]))
                client.command("MODE", "deny")
                #expect(zoo.ask(.getMX(domain: "d"), box).all == [Verdict(.deny, PluginReply("nowhere"))])
                #expect(zoo.log.messages(HARAKA_LOG_CRIT).isEmpty)
            }
        }

        @Test(
            "a code that means nothing there is the plugin's error: get_mx is refused for now, the others go on",
            arguments: ["junk", "stop"])
        func junk(mode: String) throws {
            try withZoo { zoo in
                _ = try open(zoo, mode)
                let failed = Verdict(.denySoft, PluginReply("plugin failed"))
                #expect(zoo.ask(.getMX(domain: "d"), zoo.queued()).all == [failed])
                #expect(zoo.ask(.bounce(bounced), zoo.queued()).all == [.cont])
                #expect(zoo.log.messages(HARAKA_LOG_CRIT).count == 2)
                #expect(zoo.log.lines.first { $0.level == HARAKA_LOG_CRIT }?.uuid == "U.1.1")
            }
        }

        @Test("DELAY means nothing but to send_email")
        func delayElsewhere() throws {
            try withZoo { zoo in
                _ = try open(zoo, "delay")
                #expect(zoo.ask(.deferred(deferred), zoo.queued()).all == [.cont])
                #expect(
                    zoo.log.messages(HARAKA_LOG_CRIT) == [
                        "Plugin m answered with the code 908, which means nothing there (hook deferred)"
                    ])
            }
        }

        @Test("the first answer counts, every other is named with its mail")
        func twice() throws {
            try withZoo { zoo in
                _ = try open(zoo, "twice")
                #expect(zoo.ask(.getMX(domain: "d"), zoo.queued()).all == [Verdict(.ok)])
                let lines = zoo.log.lines.filter { $0.level == HARAKA_LOG_ERROR }
                #expect(lines.count == 2)
                #expect(lines.last?.uuid == "U.1.1")
            }
        }
    }
}
