// Dialogues with other servers: what goes out, what comes back, and who ends them.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Dialogues with other servers")
    struct SMTPClientTests {
        let host = FakeHost.shared
        let fake = FakeQueue.shared

        typealias Body = (SMTPClient, SMTPReply, borrowing Transaction, consuming Next) throws(PluginError) -> Void

        /// Opens one; after a refusal the hook says with what.
        func register(_ options: SMTPClientOptions = SMTPClientOptions("mx"), _ body: @escaping Body) {
            FakeHost.register { plugin in
                plugin.hook("queue") { call, next throws(PluginError) in
                    guard let clients = call.plugin.smtpClients, let transaction = call.transaction else {
                        return next.continue()
                    }
                    var options = options
                    options.connection = call.connection
                    try clients.open(options, for: next) { client, reply, next throws(PluginError) in
                        guard let client else {
                            return next.deny("\(reply.code) \(reply.text) \(reply.trouble.map { "\($0)" } ?? "")")
                        }
                        try body(client, reply, transaction, next)
                    }
                }
            }
        }

        /// Leaves only what is said from now on.
        func run() {
            _ = host.run("queue")
            fake.said = []
        }

        @Test("all options reach the host")
        func options() {
            var options = SMTPClientOptions("h", port: 2525)
            (options.path, options.pool, options.helo) = ("p", "a:1, b:2", "me")
            (options.user, options.password, options.authType) = ("u", "w", "PLAIN")
            (options.isLMTP, options.verifiesTLS, options.tellsClient, options.isFresh) = (true, true, true, true)
            (options.connectTimeout, options.idleTimeout, options.deadRetry) = (1, 2, 3)
            register(options) { _, _, _, next in next.ok() }
            _ = host.run("queue")
            #expect(fake.said == ["open 59 2525 1 1,2,3 |p||me|u|w|PLAIN"])
            options.path = ""
            register(options) { _, _, _, next in next.ok() }
            _ = host.run("queue")
            #expect(fake.said.last == "open 59 2525 1 1,2,3 ||a:1, b:2|me|u|w|PLAIN")
            options.pool = ""
            register(options) { _, _, _, next in next.ok() }
            _ = host.run("queue")
            #expect(fake.said.last == "open 59 2525 1 1,2,3 h|||me|u|w|PLAIN")
        }

        @Test("a reply of 2xx comes with a client, which is closed when nobody has it any more")
        func opened() {
            register { client, reply, _, next in
                next.ok("\(reply.host) \(reply.status == Status(2, 1, 5)) \(client.capabilities)")
            }
            run()
            fake.capabilities = ["SIZE 10", "PIPELINING"]
            fake.reply(250, ["mx"])
            #expect(
                host.answers == [.init(code: HARAKA_OK, lines: [#"mx.example.com:25 true ["SIZE 10", "PIPELINING"]"#])])
            #expect(fake.said == ["abort 3"])
        }

        @Test("a reply that comes before the handle is known counts")
        func early() {
            register { client, _, _, next in
                client.release()
                next.ok()
            }
            fake.early = 220
            #expect(host.run("queue") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_OK)])
            #expect(fake.said.last == "release 3")
        }

        @Test(
            "without a dialogue there is no client, and nothing to end",
            arguments: [
                (554, HARAKA_SUCCESS, "554 no "), (0, HARAKA_E_IO, "0 no failed"), (0, HARAKA_E_GONE, "0 no closed"),
                (0, HARAKA_E_TIMED_OUT, "0 no timedOut"),
            ] as [(UInt32, Int32, String)])
        func notOpened(code: UInt32, status: Int32, words: String) {
            register { _, _, _, next in next.ok() }
            run()
            fake.reply(code, ["no"], status: status)
            #expect(host.answers == [.init(code: HARAKA_DENY, lines: [words])])
            #expect(fake.said == [])
        }

        @Test("commands and their replies, and a dialogue that was released is not closed")
        func commands() {
            register { client, _, _, next throws(PluginError) in
                try client.command("VRFY ann", for: next) { reply, next in
                    client.release()
                    client.abort()
                    next.ok(reply.text)
                }
            }
            run()
            fake.reply(220)
            fake.reply(252, ["one", "two"])
            #expect(fake.said == ["VRFY ann", "release 3"])
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["one\ntwo"])])
        }

        @Test("nobody but the dialogue itself has to hold it while a reply is awaited")
        func held() {
            register { client, _, _, next throws(PluginError) in
                try client.command("NOOP", for: next) { reply, next in next.ok("\(reply.code)") }
            }
            host.isCancelTaken = true
            run()
            fake.reply(220)
            #expect(fake.said == ["NOOP"])
            fake.reply(250)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["250"])])
            #expect(fake.said == ["NOOP", "abort 3"])
        }

        @Test("the end of the hook closes the dialogue, and nobody is told")
        func cancelled() {
            register { client, _, _, next throws(PluginError) in
                try client.command("NOOP", for: next) { _, next in
                    next.plugin.log(.crit, "ran")
                    next.ok()
                }
            }
            run()
            fake.reply(220)
            host.cancel()
            #expect(fake.said == ["NOOP", "abort 3"])
            fake.reply(250)
            #expect(host.log == [])
            #expect(host.answers == [])
        }

        @Test("the end of the hook while it connects closes it, too")
        func cancelledEarly() {
            register { _, _, _, next in next.ok() }
            run()
            host.cancel()
            #expect(fake.said == ["abort 3"])
            fake.reply(220)
            #expect(host.answers == [])
        }

        /// MAIL, all recipients, the message; what came of each.
        func sends(_ count: Int) -> Body {
            { client, _, transaction, next throws(PluginError) in
                let transaction = copy transaction
                guard let sender = transaction.sender else { return next.continue() }
                try client.mail(sender, of: transaction, for: next) { _, next throws(PluginError) in
                    try client.rcpt(Array(0..<count), of: transaction, for: next) { replies, next throws(PluginError) in
                        let message = try transaction.message()
                        try client.message(message, for: next) { last, next in
                            next.ok("\(replies.map(\.code)) \(client.accepted) \(last.map(\.code))")
                        }
                    }
                }
            }
        }

        func offerTransaction() {
            fake.properties = [
                HARAKA_TRAN_MAIL_FROM: .text("@s@x"),
                HARAKA_TRAN_RCPT_TO: .list([.text("@a@b"), .text("@c@d"), .text("@e@f")]),
            ]
        }

        @Test("recipients one after the other, where PIPELINING is not offered")
        func inTurn() {
            register(SMTPClientOptions("mx"), sends(3))
            run()
            offerTransaction()
            fake.reply(220)
            fake.reply(250)
            #expect(fake.said == ["MAIL s@x of 2", "RCPT a@b"])
            for code: UInt32 in [250, 550, 250] { fake.reply(code) }
            fake.reply(250)
            #expect(fake.said == ["MAIL s@x of 2", "RCPT a@b", "RCPT c@d", "RCPT e@f", "message 8", "abort 3"])
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["[250, 550, 250] 2 [250]"])])
        }

        @Test("recipients all at once with PIPELINING; LMTP answers for each that was accepted")
        func pipelined() {
            var options = SMTPClientOptions("mx")
            options.isLMTP = true
            register(options, sends(3))
            run()
            offerTransaction()
            fake.capabilities = ["pipelining"]
            fake.reply(220)
            fake.reply(250)
            #expect(fake.said == ["MAIL s@x of 2", "RCPT a@b", "RCPT c@d", "RCPT e@f"])
            for code: UInt32 in [250, 450, 250] { fake.reply(code) }
            fake.reply(250, isLast: false)
            #expect(host.answers == [])
            fake.reply(552)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["[250, 450, 250] 2 [250, 552]"])])
        }

        @Test("a server that closes in the middle of its LMTP replies has answered for nobody else")
        func closedEarly() {
            var options = SMTPClientOptions("mx")
            options.isLMTP = true
            register(options, sends(2))
            run()
            offerTransaction()
            fake.reply(220)
            for code: UInt32 in [250, 250, 250] { fake.reply(code) }
            fake.reply(250, isLast: false)
            fake.reply(0, ["closed"], status: HARAKA_E_GONE)
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["[250, 250] 2 [250, 0]"])])
        }

        @Test("a recipient that is not there makes the hook fail")
        func noRecipient() {
            register(SMTPClientOptions("mx"), sends(4))
            run()
            offerTransaction()
            fake.capabilities = ["PIPELINING"]
            fake.reply(220)
            fake.reply(250)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: there is no recipient 3"])
        }

        @Test("a password is tried by PLAIN, else by LOGIN, else not at all")
        func authenticates() {
            func attempt(_ offered: String, _ codes: [UInt32]) -> [String] {
                register { client, _, _, next throws(PluginError) in
                    try client.authenticate("u", "w", for: next) { reply, next in next.ok("\(reply.code)") }
                }
                run()
                fake.capabilities = [offered]
                fake.reply(220)
                for code in codes { fake.reply(code) }
                return fake.said + host.answers.flatMap(\.lines)
            }
            #expect(attempt("AUTH LOGIN PLAIN", [235]) == ["AUTH PLAIN AHUAdw==", "abort 3", "235"])
            #expect(attempt("auth login", [334, 334, 535]) == ["AUTH LOGIN", "dQ==", "dw==", "abort 3", "535"])
            #expect(attempt("AUTH LOGIN", [535]) == ["AUTH LOGIN", "abort 3", "535"])
            #expect(attempt("AUTH CRAM-MD5", []) == ["abort 3", "504"])
        }

        /// Asks two servers about a user of two names; replies to opening and AUTH as they are given.
        func check(_ codes: [UInt32]) -> [String] {
            FakeHost.register { plugin in
                plugin.hook("mail") { call, next throws(PluginError) in
                    let servers = [SMTPClientOptions("a"), SMTPClientOptions("b")]
                    try call.plugin.smtpClients?.checkPassword("w", of: ["u@x", "u"], at: servers, for: next) {
                        finding, next in
                        switch finding {
                        case .right: next.ok()
                        case .wrong(let reply): next.deny("\(reply.code)")
                        case .unknown(let reply): next.denySoft("\(reply.code)")
                        }
                    }
                }
            }
            fake.capabilities = ["AUTH PLAIN"]
            _ = host.run("mail")
            for code in codes { fake.reply(code, status: code == 0 ? HARAKA_E_IO : HARAKA_SUCCESS) }
            let steps = fake.said.map { $0.hasPrefix("open") ? "open \($0.split(separator: " ")[1])" : $0 }
            return steps + host.answers.map { "\($0.code) \($0.lines.joined())" }
        }

        @Test("the first server that knows decides, and no connection is used again")
        func passwords() {
            let (long, short) = ("AUTH PLAIN AHVAeAB3", "AUTH PLAIN AHUAdw==")
            #expect(check([220, 235]) == ["open 32", long, "abort 3", "906 "])
            #expect(check([220, 535, 235]) == ["open 32", long, short, "abort 3", "906 "])
            #expect(check([220, 535, 535]) == ["open 32", long, short, "abort 3", "902 535"])
            #expect(check([0, 220, 235]) == ["open 32", "open 32", long, "abort 3", "906 "])
            #expect(
                check([220, 454, 220, 538]) == ["open 32", long, "abort 3", "open 32", long, "abort 3", "903 538"])
            #expect(check([421, 421]) == ["open 32", "open 32", "903 421"])
        }

        @Test(
            "a reply that is passed on keeps its words, and a refusal its code",
            arguments: [
                (250, nil, 906, ["a"], 0), (552, nil, 902, ["a"], 552), (421, nil, 903, ["a"], 421),
                (354, nil, 903, ["later"], 0), (0, .closed, 903, ["later"], 0),
            ]
                as [(UInt32, SMTPReply.Trouble?, Int32, [String], UInt32)])
        func passedOn(code: UInt32, trouble: SMTPReply.Trouble?, answer: Int32, lines: [String], smtp: UInt32) {
            FakeHost.register { plugin in
                plugin.hook("mail") { _ in SMTPReply(code, ["a"], trouble: trouble).answer(unanswered: "later") }
            }
            _ = host.run("mail")
            #expect(host.answers == [.init(code: answer, lines: lines, smtp: smtp)])
        }

        @Test(
            "what a reply is",
            arguments: [
                (250, "positive"), (354, "intermediate"), (450, "temporary"), (554, "permanent"), (0, "temporary"),
            ]
                as [(UInt32, String)])
        func kinds(code: UInt32, kind: String) {
            let reply = SMTPReply(code)
            let kinds = [
                ("positive", reply.isPositive), ("intermediate", reply.isIntermediate),
                ("temporary", reply.isTemporary),
                ("permanent", reply.isPermanent),
            ]
            #expect(kinds.filter { $0.1 }.map { $0.0 } == [kind])
        }
    }
}
