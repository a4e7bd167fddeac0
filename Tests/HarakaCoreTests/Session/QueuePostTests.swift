// Around the queue: queue_pre and queue_post. docs/hooks.md "Transaction".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Before and after the queue")
struct QueuePostTests {
    static let mark = "(0A1B2C3D-0000-4000-8000-000000000001.1)"

    @Test("queue_pre comes between data_post and queue, for clients that may relay too")
    func pre() {
        for (isRelaying, queue) in [(false, "queue"), (true, "queue_outbound")] {
            let driver = DataTests.receiving()
            driver.connection.isRelaying = isRelaying
            driver.plugins.add(.later, to: queue)
            play("P: queue_pre OK words\nC: x\nC: .\nH: data_post queue_pre \(queue)", on: driver)
        }
    }

    @Test("DONE of queue_pre: nothing is queued, and the plugin has replied")
    func preDone() {
        let driver = play("P: queue_pre LATER\nC: x\nC: .\nH: data_post queue_pre", on: DataTests.receiving())
        driver.connection.lastReply = Reply250.done
        play("P: queue_post LATER\nA: DONE\nH: reset_transaction\nC: NOOP\nS: 250 OK", on: driver)
        #expect(driver.connection.msgCount.accept == 1)
    }

    @Test(
        "queue_post is asked after the reply and the reset, with the code and the words of the reply",
        arguments: [
            ("CONT", "451 Queuing declined or disabled, try later \(mark)", "queue reset_transaction"),
            ("OK taken", "250 taken \(mark)", "queue queue_ok reset_transaction"),
            ("DENY no", "550 no \(mark)", "queue reset_transaction"),
            ("DENYSOFT", "450 Message denied temporarily \(mark)", "queue reset_transaction"),
            ("DENYDISCONNECT", "550 Message denied \(mark)", "queue reset_transaction"),
            ("DENYSOFTDISCONNECT off", "450 off \(mark)", "queue reset_transaction"),
        ])
    func post(answer: String, reply: String, hooks: String) throws {
        let driver = play(
            """
            P: queue \(answer)
            P: queue_post LATER
            C: x
            C: .
            S: \(reply)
            H: data_post \(hooks) queue_post
            X: open
            """, on: DataTests.receiving())
        let verdict = try #require(Verdict(answer))
        #expect(driver.question == .queuePost(verdict.code, String(reply.dropFirst(4))))
        #expect(driver.connection.transaction == nil)
        play(
            verdict.code.disconnects ? "A: DENY\nH: disconnect\nX: closed" : "A: DENY\nH:\nC: NOOP\nS: 250 OK",
            on: driver)
    }

    @Test("after DONE it is told what the plugin has replied, after DISCONNECT nothing")
    func postOfDone() {
        for (answer, text, next) in [("DONE", "done", "X: open"), ("DISCONNECT", "", "H: disconnect\nX: closed")] {
            let driver = play("P: queue LATER\nC: x\nC: .", on: DataTests.receiving())
            driver.connection.lastReply = Reply250.done
            play("P: queue_post LATER\nA: \(answer)", on: driver)
            #expect(driver.question == .queuePost(answer == "DONE" ? .done : .disconnect, text))
            driver.forget()
            play("A: CONT\n\(next)", on: driver)
        }
    }

    @Test("queue_outbound ends in it too, and only a queue that was asked does")
    func others() {
        let driver = DataTests.receiving()
        driver.connection.isRelaying = true
        play(
            """
            P: queue_post CONT
            C: x
            C: .
            S: 451 Queuing declined or disabled, try later \(QueuePostTests.mark)
            H: data_post queue_outbound reset_transaction queue_post
            """, on: driver)
        play(
            "P: queue_post LATER\nP: data_post DENY\nC: x\nC: .\nS: 550 Message denied\nH: data_post reset_transaction",
            on: DataTests.receiving())
    }

    @Test("a client that leaves while it is asked is said goodbye when the answer is there")
    func leaves() {
        play(
            """
            P: queue OK
            P: queue_post LATER
            C: x
            C: .
            S: 250 Message Queued \(QueuePostTests.mark)
            H: data_post queue queue_ok reset_transaction queue_post
            E: client leaves
            H:
            X: open
            A: CONT
            H: disconnect
            X: closed
            """, on: DataTests.receiving())
    }

    @Test("a client that leaves while queue_ok or the reset is asked does not keep queue_post from it")
    func leavesBefore() {
        for hook in ["queue_ok", "reset_transaction"] {
            let driver = DataTests.receiving()
            _ = Transcript("P: queue OK\nP: queue_post LATER\nP: \(hook) LATER\nC: x\nC: .").run(on: driver)
            driver.clientLeaves()
            // queue_ok is withdrawn; the reset is waited for.
            if hook == "reset_transaction" { driver.answer(.cont) }
            #expect(driver.thinking == "queue_post")
            #expect(driver.question == .queuePost(.ok, "Message Queued \(QueuePostTests.mark)"))
            #expect(driver.connection.msgCount.accept == 1)
            driver.forget()
            play("A: CONT\nH: disconnect\nX: closed", on: driver)
        }
    }
}
