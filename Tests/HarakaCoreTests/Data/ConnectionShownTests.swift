// What the Received field and logs say of a connection.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

@Suite("Connection in Received fields and logs")
struct ConnectionShownTests {
    @Test(
        "the protocol is named as RFC 3848 wants it",
        arguments: [
            ("HELO", false, false, "SMTP"), ("EHLO", false, false, "ESMTP"), ("EHLO", true, false, "ESMTPS"),
            ("EHLO", false, true, "ESMTPA"), ("EHLO", true, true, "ESMTPSA"), ("LHLO", false, false, "LMTP"),
            ("LHLO", true, false, "LMTPS"), ("LHLO", false, true, "LMTPA"), ("LHLO", true, true, "LMTPSA"),
        ])
    func protocols(verb: String, isTLS: Bool, isAuthenticated: Bool, name: String) {
        var settings = SessionSettings.test
        settings.isLMTP = verb == "LHLO"
        let driver = HelloTests.connected(settings)
        driver.say("\(verb) c")
        if isTLS { driver.connection.tls = .test }
        if isAuthenticated { driver.connection.auth = AuthFacts(user: "bob", method: "PLAIN") }
        #expect(driver.connection.protocolName == name)
    }

    @Test("the Received field of a message over TLS from somebody who has authenticated")
    func receivedLine() throws {
        let driver = SessionDriver.addressed()
        let transaction = try #require(driver.connection.transaction)
        driver.connection.local.info = "Haraka/1.0"
        #expect(
            driver.connection.receivedLine(of: transaction, date: "DATE").value == """
                from client.example.net (client.example.net [192.0.2.7])\r
                \tby mx.example.com (Haraka/1.0) with ESMTP id 0A1B2C3D-0000-4000-8000-000000000001.1\r
                \tenvelope-from <a@example.com>;\r
                \tDATE
                """)
        driver.connection.tls = .test
        driver.connection.auth = AuthFacts(user: "bob", method: "PLAIN")
        driver.connection.remote.info = "info"
        #expect(
            driver.connection.receivedLine(of: transaction, date: "DATE").value == """
                from client.example.net (info [192.0.2.7])\r
                \tby mx.example.com (Haraka/1.0) with ESMTPSA id 0A1B2C3D-0000-4000-8000-000000000001.1\r
                \tenvelope-from <a@example.com>\r
                \ttls TLS_AES_256_GCM_SHA384 (authenticated bits=0);\r
                \tDATE
                """)
    }

    @Test("the cipher has the RFC's name, else OpenSSL's")
    func cipher() {
        let connection = SessionDriver().connection
        #expect(connection.cipherName == nil)
        var facts = TLSFacts.test
        (facts.cipher, facts.standardCipher) = ("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA")
        connection.tls = facts
        #expect(connection.cipherName == "TLS_RSA_WITH_AES_128_CBC_SHA")
        facts.standardCipher = ""
        connection.tls = facts
        #expect(connection.cipherName == "AES128-SHA")
    }

    @Test("once the client has said AUTH, what does not look like a command is hidden")
    func shown() {
        let driver = SessionDriver.greeted()
        let secret = MachineTests.line("Ym9i")
        #expect(driver.connection.shown(secret) == "Ym9i")
        driver.say("auth login")
        #expect(driver.connection.shown(secret) == "[hidden]")
        #expect(driver.connection.shown(MachineTests.line("AUTH PLAIN x")) == "AUTH PLAIN [hidden]")
        #expect(driver.connection.shown(MachineTests.line("MAIL FROM:<a@b>")) == "MAIL FROM:<a@b>")
    }
}
