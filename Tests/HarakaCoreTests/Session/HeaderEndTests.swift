// Messages that plugins look at while and after they come: received_line, data_headers_end, data_post_headers.
// docs/hooks.md "Transaction".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("The header of a message")
struct HeaderEndTests {
    @Test("received_line is asked just before data, and its text takes the place of the core's")
    func receivedLine() {
        let driver = play(
            "P: received_line LATER\nP: data LATER\nC: DATA\nH: received_line", on: .addressed())
        #expect(driver.question == .receivedLine)
        #expect(driver.connection.transaction?.receivedLine == SessionDriver.receivedLine)
        play("A: OK by us\\nfor you\nH: data", on: driver)
        #expect(driver.connection.transaction?.receivedLine == "by us\nfor you")
        play("A: CONT\nS: 354 go ahead, make my day", on: driver)
    }

    @Test("a list is its lines; without text, and with any other answer, the core's line stays")
    func receivedForms() {
        let list = Value.list([.text("by us"), .text("\tfor you")])
        for (verdict, line) in [
            (Verdict(.ok, PluginReply(lines: [], value: list)), "by us\n\tfor you"),
            (Verdict(.ok), SessionDriver.receivedLine), (Verdict(.cont, PluginReply("x")), SessionDriver.receivedLine),
            (Verdict(.deny, PluginReply("x")), SessionDriver.receivedLine),
        ] {
            let driver = SessionDriver.addressed()
            driver.plugins.add(.now(verdict), to: "received_line")
            driver.say("DATA")
            #expect(driver.connection.transaction?.receivedLine == line)
        }
    }

    @Test("without headers.add_received nobody is asked")
    func noReceived() {
        var settings = SessionSettings.test
        settings.addsReceived = false
        play("P: received_line LATER\nC: DATA\nS: 354 go ahead, make my day\nH: data", on: .addressed(settings))
    }

    @Test("data_headers_end is asked once when the header is there, and reading waits for its answer")
    func inTheMiddle() {
        play(
            """
            P: data_headers_end LATER
            C: Subject: x
            H: 
            C: 
            H: data_headers_end
            C: body
            C: .
            H: 
            A: OK words
            S: 451 Queuing declined or disabled, try later (0A1B2C3D-0000-4000-8000-000000000001.1)
            H: data_post queue reset_transaction
            X: open
            """, on: DataTests.receiving())
    }

    @Test(
        "if the message has ended by then, it is asked before data_post_headers",
        arguments: ["C: Subject: x\nC: \nC: x\nC: .", "C: Subject: x\nC: .", "C: ."])
    func atTheEnd(message: String) {
        play(
            """
            P: data_headers_end LATER
            P: data_post_headers LATER
            P: data_post LATER
            \(message)
            H: data_headers_end
            A: CONT
            H: data_post_headers
            A: CONT
            H: data_post
            """, on: DataTests.receiving())
    }

    @Test("each message asks anew")
    func eachMessage() {
        let driver = DataTests.receiving()
        driver.plugins.addAlways(.now(.cont), to: "data_headers_end")
        driver.plugins.addAlways(.now(Verdict(.ok)), to: "queue")
        driver.plugins.addAlways(.now(Verdict(.ok)), to: "rcpt")
        for line in ["A: b", "", "x", ".", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA", "A: b", "", "."]
        {
            driver.say(line)
        }
        #expect(driver.asked.filter { $0 == "data_headers_end" }.count == 2)
        #expect(driver.connection.msgCount.accept == 2)
    }

    @Test("a refusal is kept until the final dot, and then no other plugin is asked")
    func kept() {
        let driver = play(
            """
            P: data_headers_end DENYSOFT busy
            C: Subject: x
            C: 
            C: body
            H: data_headers_end
            X: open
            """, on: DataTests.receiving())
        #expect(driver.connection.transaction?.status == Transaction.Status.none)
        play("C: more\nC: .\nS: 450 busy\nH: reset_transaction\nC: NOOP\nS: 250 OK", on: driver)
        #expect(driver.connection.msgCount.tempfail == 1)
    }

    @Test("one that closes does so at once, in the middle of the message")
    func atOnce() {
        let driver = play(
            """
            P: data_headers_end DENYDISCONNECT
            C: Subject: x
            C: 
            C: body
            S: 554 Message denied
            H: data_headers_end reset_transaction disconnect
            X: closed
            """, on: DataTests.receiving())
        #expect(driver.connection.msgCount.reject == 1)
    }

    @Test("what is wrong with the message itself is said, and nobody is asked about its header")
    func faulty() {
        let driver = DataTests.receiving()
        driver.storageFailure = "disk full"
        play(
            """
            P: data_headers_end LATER
            P: data_post_headers LATER
            C: Subject: x
            C: .
            S: 451 Message could not be stored, try later
            H: reset_transaction
            """, on: driver)
    }

    @Test("what was refused by its header is not found too big, too")
    func refusedAndTooBig() {
        var settings = SessionSettings.test
        settings.maxBytes = 20
        play(
            """
            P: data_headers_end DENY no
            C: Subject: x
            C: 
            C: a
            H: data_headers_end
            C: body of more bytes than are allowed
            C: .
            S: 550 no
            H: reset_transaction
            """, on: DataTests.receiving(settings))
    }

    @Test("the client leaves while data_headers_end thinks: the transaction is reset")
    func leaves() {
        play(
            """
            P: data_headers_end LATER
            C: Subject: x
            C: 
            C: body
            E: client leaves
            H: data_headers_end reset_transaction disconnect
            X: closed
            """, on: DataTests.receiving())
    }

    @Test("a header that hides the parts from who wants them: 550, and the session goes on")
    func hiddenParts() {
        let driver = DataTests.receiving()
        driver.hidesParts = true
        play(
            """
            C: x
            C: .
            S: 550 Message header too long
            H: reset_transaction
            """, on: driver)
        #expect(driver.connection.msgCount.reject == 1)
    }

    @Test("too many MIME parts: 554, and the client has to go")
    func tooManyParts() {
        let driver = DataTests.receiving()
        driver.hasTooManyParts = true
        play(
            """
            C: x
            C: .
            S: 554 Transaction failed due to too many MIME parts
            H: reset_transaction disconnect
            X: closed
            """, on: driver)
        #expect(driver.connection.msgCount.reject == 1)
    }
}
