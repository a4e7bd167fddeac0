// What clients may relay and no plugin takes goes into the server's own queue.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Our own queue")
struct OwnQueueTests {
    private static func relaying() -> SessionDriver {
        let driver = SessionDriver.addressed()
        driver.hasQueue = true
        driver.connection.isRelaying = true
        return driver
    }

    private static func send(_ driver: SessionDriver) {
        driver.say("DATA")
        driver.forget()
        driver.send(Array("Subject: x\r\n\r\nHello.\r\n.\r\n".utf8))
    }

    @Test("a client that may relay is told 250 when the message is on disk, and not before")
    func queued() {
        let driver = Self.relaying()
        Self.send(driver)
        #expect(driver.stored == 1)
        #expect(driver.replies.map(\.description) == ["250 Message Queued (0A1B2C3D-0000-4000-8000-000000000001.1)"])
        #expect(driver.asked == ["data_post", "queue_outbound", "queue_ok", "reset_transaction"])
        #expect(driver.connection.msgCount.accept == 1)
    }

    @Test("a disk that does not take it is a 4xx, and the session goes on")
    func failed() {
        let driver = Self.relaying()
        driver.queueFailure = Reply(452, "No room for the message, try again later", status: .init(4, 3, 1))
        Self.send(driver)
        #expect(
            driver.replies.map(\.description) == [
                "452 No room for the message, try again later (0A1B2C3D-0000-4000-8000-000000000001.1)"
            ])
        #expect(driver.asked == ["data_post", "queue_outbound", "reset_transaction"])
        #expect(driver.connection.msgCount.tempfail == 1)
        driver.forget()
        driver.say("NOOP")
        #expect(driver.replies.map(\.code) == [250])
    }

    @Test(
        "a plugin's answer to queue_outbound counts first",
        arguments: [(HookCode.ok, 250), (.deny, 550), (.denySoft, 450)])
    func plugin(code: HookCode, reply: Int) {
        let driver = Self.relaying()
        driver.plugins.add(.now(Verdict(code)), to: "queue_outbound")
        Self.send(driver)
        #expect(driver.stored == 0)
        #expect(driver.replies.map(\.code) == [reply])
    }

    @Test(
        "pre_send_trans_email is asked before the message goes to disk, and its answer is ignored",
        arguments: [HookCode.ok, .deny])
    func preSend(code: HookCode) {
        let driver = Self.relaying()
        driver.plugins.add(.now(Verdict(code)), to: "pre_send_trans_email")
        Self.send(driver)
        #expect(driver.stored == 1)
        #expect(driver.replies.map(\.code) == [250])
        #expect(driver.asked.contains("pre_send_trans_email"))
    }

    @Test("what a client may not relay never gets there")
    func notRelaying() {
        let driver = SessionDriver.addressed()
        driver.hasQueue = true
        Self.send(driver)
        #expect(driver.stored == 0)
        #expect(driver.replies.map(\.code) == [451])
    }
}
