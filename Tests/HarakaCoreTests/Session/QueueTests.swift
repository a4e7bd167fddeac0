// The end of a transaction: queue, queue_outbound, queue_ok, reset_transaction. docs/hooks.md "Transaction".

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Queueing")
struct QueueTests {
    static let mark = "(0A1B2C3D-0000-4000-8000-000000000001.1)"
    static let decisions = [
        Decision("OK", "250 Message Queued \(mark)", "queue_ok reset_transaction"),
        Decision("OK as 17", "250 as 17 \(mark)", "queue_ok reset_transaction"),
        Decision("OK a\\nb", "250-a|250 b \(mark)", "queue_ok reset_transaction"),
        Decision("OK 252/2.6.0 kept", "250 2.6.0 kept \(mark)", "queue_ok reset_transaction"),
        Decision("CONT", "451 Queuing declined or disabled, try later \(mark)", "reset_transaction"),
        Decision("STOP", "451 Queuing declined or disabled, try later \(mark)", "reset_transaction"),
        Decision("CONT 250/2.0.0 fine", "451 2.0.0 fine \(mark)", "reset_transaction"),
        Decision("DENY", "550 Message denied \(mark)", "reset_transaction"),
        Decision("DENY spam", "550 spam \(mark)", "reset_transaction"),
        Decision("DENY 250/2.0.0 fine", "550 2.0.0 fine \(mark)", "reset_transaction"),
        Decision("DENY 552/5.2.2", "552 5.2.2 Mailbox full \(mark)", "reset_transaction"),
        Decision("DENYSOFT", "450 Message denied temporarily \(mark)", "reset_transaction"),
        Decision("DENYSOFT plugin timeout", "450 plugin timeout \(mark)", "reset_transaction"),
        Decision("DENYDISCONNECT", "550 Message denied \(mark)", "reset_transaction disconnect", closed: true),
        Decision(
            "DENYSOFTDISCONNECT", "450 Message denied temporarily \(mark)", "reset_transaction disconnect",
            closed: true),
        Decision("DISCONNECT", "", "reset_transaction disconnect", closed: true),
        Decision("DONE", "", "reset_transaction"),
    ]

    @Test("queue and queue_outbound decide", arguments: [("queue", false), ("queue_outbound", true)], decisions)
    func decide(hook: (name: String, isRelaying: Bool), decision: Decision) {
        let driver = DataTests.receiving()
        driver.connection.isRelaying = hook.isRelaying
        Decision(decision.answer, decision.reply, "data_post \(hook.name) \(decision.hooks)", closed: decision.isClosed)
            .play(hook.name, "C: x\nC: .", on: driver)
        #expect(driver.connection.transaction == nil)
    }

    @Test(
        "every message is counted once",
        arguments: [
            ("OK", 1, 0, 0), ("CONT", 0, 1, 0), ("DENY", 0, 0, 1), ("DENYSOFT", 0, 1, 0), ("DENYDISCONNECT", 0, 0, 1),
            ("DENYSOFTDISCONNECT", 0, 1, 0),
        ])
    func counts(answer: String, accept: Int, tempfail: Int, reject: Int) {
        for (hook, isLast) in [("queue", true), ("data_post", false)] where isLast || accept + tempfail + reject > 0 {
            if !isLast, ["OK", "CONT"].contains(answer) { continue }
            let driver = DataTests.receiving()
            driver.plugins.add(.now(Verdict(answer) ?? .cont), to: hook)
            let transaction = driver.connection.transaction
            driver.say("x")
            driver.say(".")
            #expect(driver.connection.msgCount.accept == accept)
            #expect(driver.connection.msgCount.tempfail == tempfail)
            #expect(driver.connection.msgCount.reject == reject)
            let status: Transaction.Status = accept > 0 ? .accepted : tempfail > 0 ? .deferred : .rejected
            #expect(transaction?.status == status)
        }
    }

    @Test("no answer to queue_ok changes what was promised", arguments: HookCode.allCases)
    func queueOK(code: HookCode) {
        let driver = play(
            """
            P: queue OK kept
            P: queue_ok \(code.name) words
            C: x
            C: .
            S: 250 kept \(QueueTests.mark)
            H: data_post queue queue_ok reset_transaction
            X: open
            """, on: DataTests.receiving())
        #expect(driver.connection.msgCount.accept == 1)
    }

    @Test("queue_ok is told the text of the reply")
    func queueOKText() {
        let driver = play("P: queue OK\nP: queue_ok LATER\nC: x\nC: .", on: DataTests.receiving())
        #expect(driver.question == .queueOK("Message Queued \(QueueTests.mark)"))
    }

    @Test(
        "a message that a plugin has is confirmed, even if the server stops just then",
        arguments: ["server stops", "server fails", "time is out"])
    func confirmed(event: String) {
        let driver = play(
            """
            P: queue OK
            P: queue_ok LATER
            C: x
            C: .
            E: \(event)
            S: 250 Message Queued \(QueueTests.mark)
            H: data_post queue queue_ok reset_transaction disconnect
            X: closed
            """, on: DataTests.receiving())
        #expect(driver.connection.msgCount.accept == 1)
    }

    @Test("a message that a plugin has counts, even if the client leaves just then")
    func countedWithoutClient() {
        let driver = play(
            """
            P: queue OK
            P: queue_ok LATER
            C: x
            C: .
            E: client leaves
            H: data_post queue queue_ok reset_transaction disconnect
            X: closed
            """, on: DataTests.receiving())
        #expect(driver.connection.msgCount.accept == 1)
    }

    @Test(
        "a plugin that replies itself is counted by its reply",
        arguments: [(250, 1, 0, 0), (452, 0, 1, 0), (552, 0, 0, 1), (354, 0, 0, 0)])
    func done(code: Int, accept: Int, tempfail: Int, reject: Int) {
        let driver = play("P: queue LATER\nC: x\nC: .", on: DataTests.receiving())
        driver.connection.lastReply = Reply(code, "by the plugin")
        play("A: DONE\nH: reset_transaction", on: driver)
        #expect(driver.connection.msgCount.accept == accept)
        #expect(driver.connection.msgCount.tempfail == tempfail)
        #expect(driver.connection.msgCount.reject == reject)
    }

    @Test("no answer to reset_transaction changes anything", arguments: HookCode.allCases)
    func reset(code: HookCode) {
        let driver = play(
            """
            P: reset_transaction \(code.name) words
            C: RSET
            S: 250 OK
            H: rset reset_transaction
            X: open
            """, on: .addressed())
        #expect(driver.connection.transaction == nil)
    }

    @Test("nothing is read while a transaction is reset")
    func waitsForReset() {
        play(
            """
            P: reset_transaction LATER
            C: RSET
            C: NOOP
            S: 250 OK
            H: rset reset_transaction
            A: CONT
            S: 250 OK
            H: noop
            """, on: .addressed())
    }
}
