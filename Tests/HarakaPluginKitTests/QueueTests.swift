// The queue, its mail, and the hooks about it.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Queue")
    struct QueueTests {
        let host = FakeHost.shared
        let fake = FakeQueue.shared

        func register(_ body: @escaping (Outbound, borrowing Call, consuming Next) throws(PluginError) -> Void) {
            FakeHost.register { plugin in
                plugin.hook("queue") { call, next throws(PluginError) in
                    guard let outbound = call.plugin.outbound else { return next.continue() }
                    try body(outbound, call, next)
                }
            }
        }

        @Test("a mail goes with everything that belongs to it, and the answer comes with the Next")
        func send() {
            register { outbound, call, next throws(PluginError) in
                var mail = OutgoingMail(from: "", to: ["a@b.example", "", "c@d.example"], "Subject: x\n\ny")
                mail.notes = [Value.Entry("n", .integer(1))]
                mail.options = [.removesMessageID, .dotStuffed]
                mail.origin = call.connection.object
                try outbound.send(mail, for: next) { outcome, next in next.answer(outcome.answer) }
            }
            #expect(host.run("queue") == HARAKA_PENDING)
            let notes = "\(Value.map([("n", .integer(1))]))"
            let size = MemoryLayout<haraka_mail>.size
            let words = " to a@b.example,,c@d.example: Subject: x\n\ny flags 3 notes \(notes) origin 1 size \(size)"
            #expect(fake.said == [words])
            fake.tell(HARAKA_OK, "Message Queued (U)")
            #expect(host.answers == [.init(code: HARAKA_OK, lines: ["Message Queued (U)"])])
        }

        @Test(
            "what the queue says is what the hook answers",
            arguments: [
                (HARAKA_OK, HARAKA_OK), (HARAKA_DENY, HARAKA_DENY), (HARAKA_DENYSOFT, HARAKA_DENYSOFT),
                (HARAKA_CONT, HARAKA_DENYSOFT),
            ])
        func outcomes(said: Int32, answered: Int32) {
            register { outbound, call, next throws(PluginError) in
                guard let transaction = call.transaction else { return next.continue() }
                try outbound.send(transaction, for: next) { outcome, next in next.answer(outcome.answer) }
            }
            _ = host.run("queue")
            #expect(fake.said == ["transaction 2"])
            fake.tell(said, "words")
            #expect(host.answers == [.init(code: answered, lines: ["words"])])
        }

        @Test("a queue that refuses to be asked makes the hook fail")
        func refused() {
            register { outbound, _, next throws(PluginError) in
                try outbound.send(OutgoingMail(from: "", to: [], ""), for: next) { _, next in next.ok() }
            }
            fake.status = HARAKA_E_UNSUPPORTED
            #expect(host.run("queue") == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: queueing a mail: not offered by this host"])
        }

        @Test("mail for no hook tells its own closure")
        func sendForNobody() {
            final class Seen { var outcome: QueueOutcome? }
            let seen = Seen()
            FakeHost.register { plugin throws(PluginError) in
                try plugin.outbound?.send(OutgoingMail(from: "a@b", to: ["c@d"], "x")) { seen.outcome = $0 }
            }
            fake.tell(HARAKA_DENY, "Malformed")
            #expect(seen.outcome == .refused("Malformed"))
        }

        @Test("figures, rows and counts come back as values")
        func questions() {
            register { outbound, _, next throws(PluginError) in
                try outbound.stats(for: next) { stats, next throws(PluginError) in
                    let stats = try stats.get()
                    var filter = QueueFilter(id: "f", domain: "d")
                    (filter.sender, filter.recipient, filter.olderThan, filter.limit) = ("s", "r", 5, 6)
                    try outbound.list(filter, for: next) { rows, next throws(PluginError) in
                        let row = try rows.get()[0]
                        try outbound.act(.bounce, QueueFilter(), for: next) { count, next throws(PluginError) in
                            next.ok("\(stats.waiting) \(row.file) \(row.to) \(row.nextAttempt) \(try count.get())")
                        }
                    }
                }
            }
            _ = host.run("queue")
            fake.answer(.map([("waiting", .integer(7))]))
            fake.answer(
                .list([
                    .map([
                        ("file", .text("F")), ("to", .list([.text("a@b"), .text("@c@d")])),
                        ("next_attempt", .integer(9)),
                    ])
                ]))
            fake.answer(.integer(3))
            #expect(fake.said == ["stats", "list|f|d|s|r|5|6", "act 5|||||0|0"])
            #expect(host.answers == [.init(code: HARAKA_OK, lines: [#"7 F ["a@b", "c@d"] 9 3"#])])
        }

        @Test("a question that fails throws where its value is wanted")
        func failedQuestion() {
            register { outbound, _, next throws(PluginError) in
                try outbound.stats(for: next) { stats, next throws(PluginError) in next.ok("\(try stats.get().waiting)")
                }
            }
            _ = host.run("queue")
            fake.answer(.null, status: HARAKA_E_TIMED_OUT)
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: the queue's figures: status -9"])
        }

        @Test("an answer for a client that has left is let go without a word")
        func gone() {
            register { outbound, _, next throws(PluginError) in
                try outbound.stats(for: next) { _, next in
                    next.plugin.log(.crit, "ran")
                    next.ok()
                }
            }
            _ = host.run("queue")
            host.isGone = true
            fake.answer(.map([("waiting", .integer(7))]))
            #expect(host.answers == [])
            #expect(host.log == [])
        }

        @Test("an outbound hook sees its mail, and where the log says it is about")
        func hmail() {
            FakeHost.register { plugin in
                plugin.hook("send_email") { call throws(PluginError) in
                    guard let mail = call.hmail else { return .deny }
                    let message = try mail.message()
                    withExtendedLifetime(message) {}
                    try mail.setForceTLS(true)
                    let to = mail.rcptTo[0].address?.address.string ?? "none"
                    let words = [mail.uuid.string, mail.filename.string, "\(mail.failures)", to, "\(mail.forceTLS)"]
                    return .deny(words.joined(separator: " "))
                }
            }
            fake.properties = [
                HARAKA_HMAIL_UUID: .text("U.1"), HARAKA_HMAIL_FILENAME: .text("U"),
                HARAKA_HMAIL_NUM_FAILURES: .integer(2),
                HARAKA_HMAIL_RCPT_TO: .list([.text("@ann@example.com")]), HARAKA_HMAIL_FORCE_TLS: .boolean(true),
            ]
            #expect(host.run("send_email", haraka_null(), hmail: 44) == HARAKA_PENDING)
            #expect(host.answers == [.init(code: HARAKA_DENY, lines: ["U.1 U 2 ann@example.com true"])])
            #expect(fake.said == ["message of 44"])
            #expect(host.log == ["set \(HARAKA_HMAIL_FORCE_TLS) 1"])
        }

        @Test("a hook about a client has no queued mail")
        func noHMail() {
            FakeHost.register { plugin in plugin.hook("mail") { call in call.hmail == nil ? .continue : .deny } }
            #expect(host.run("mail") == HARAKA_CONT)
        }

        @Test("send_email can put off, get_mx can say where to")
        func outboundAnswers() {
            var mx = MX("192.0.2.1", port: 2525)
            (mx.isLMTP, mx.requiresTLS, mx.priority, mx.user, mx.helo) = (true, true, 7, "u", "me")
            let (full, bare) = (mx, MX("b"))
            FakeHost.register { plugin in
                plugin.hook("send_email") { _ in .delay(seconds: 60) }
                plugin.hook("get_mx") { _ in .mx(full, bare) }
            }
            _ = host.run("send_email", haraka_null(), hmail: 4)
            _ = host.run("get_mx", "example.com")
            #expect(host.answers[0].code == HARAKA_DELAY)
            #expect(host.answers[0].value == .integer(60))
            #expect(host.answers[1].code == HARAKA_OK)
            #expect(host.answers[1].value == .list([.mx(full), .mx(bare)]))
        }

        @Test("delivered is told in Haraka's list, or in as many arguments")
        func delivered() {
            FakeHost.register { plugin in
                plugin.hook("delivered") { call in
                    let facts = call.delivered
                    let to = facts.recipients[0].address?.address.string ?? ""
                    return .deny(
                        "\(facts.host.string) \(facts.ip.string) \(facts.response.string) \(facts.delay) \(facts.port) "
                            + "\(facts.isLMTP) \(to) \(facts.isSecured) \(facts.isAuthenticated)")
                }
            }
            let facts: [Value] = [
                .text("h"), .text("i"), .text("r"), .number(1.5), .integer(24), .text("LMTP"), .list([.text("@a@b")]),
                .boolean(true), .boolean(false),
            ]
            _ = host.run("delivered", FakeQueue.laid(.list(facts)), hmail: 4)
            #expect(host.answers == [.init(code: HARAKA_DENY, lines: ["h i r 1.5 24 true a@b true false"])])
        }

        @Test("deferred and bounce are told whom it is about, and why")
        func failures() {
            FakeHost.register { plugin in
                plugin.hook("deferred") { call in
                    let failure = call.deferred.failed[0]
                    return .deny(
                        "\(call.deferred.delay) \(call.deferred.error.string) \(failure.address.string) \(failure.code)"
                    )
                }
                plugin.hook("bounce") { call in
                    let words = call.bounced.failed.map {
                        "\($0.address.string) \($0.status.string) \($0.reason.string)"
                    }
                    return .deny(
                        "\(call.bounced.error.string) \(words) \(call.bounced.deferred.count) \(call.bounced.mx.string)"
                    )
                }
            }
            let failure = Value.map([
                ("address", .text("a@b")), ("dsn_status", .text("5.1.1")), ("dsn_smtp_code", .integer(550)),
                ("reason", .text("no")),
            ])
            let deferred = Value.map([("delay", .integer(64)), ("err", .text("e")), ("fail_recips", .list([failure]))])
            let bounced = Value.map([("err", .text("e")), ("mx", .text("m")), ("bounced_rcpt", .list([failure]))])
            _ = host.run("deferred", FakeQueue.laid(deferred), hmail: 4)
            _ = host.run("bounce", FakeQueue.laid(bounced), hmail: 4)
            #expect(host.answers.map(\.lines) == [["64 e a@b 550"], [#"e ["a@b 5.1.1 no"] 0 m"#]])
        }
    }
}
