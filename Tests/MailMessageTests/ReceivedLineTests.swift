// The Received field.

import MailMessage
import SMTPSyntax
import Testing

@Suite("ReceivedLine")
struct ReceivedLineTests {
    private var line: ReceivedLine {
        var line = ReceivedLine(transactionID: "ABC.1", date: "Fri, 21 Nov 2025 01:03:00 +0000")
        line.helloHost = "client.example"
        line.rdns = "ptr.example"
        line.ip = "192.0.2.1"
        line.localHost = "mx.example"
        line.localInfo = "Haraka/3.1.6"
        line.envelopeFrom = Address(user: "a", host: "b")
        return line
    }

    @Test("the value has Haraka's layout")
    func layout() {
        #expect(
            line.value == """
                from client.example (ptr.example [192.0.2.1])\r
                \tby mx.example (Haraka/3.1.6) with ESMTP id ABC.1\r
                \tenvelope-from <a@b>;\r
                \tFri, 21 Nov 2025 01:03:00 +0000
                """)
    }

    @Test("TLS and authentication are told")
    func secured() {
        var line = line
        line.protocolName = ReceivedLine.protocolName(isExtended: true, isTLS: true, isAuthenticated: true)
        line.tlsCipher = "TLS_AES_256_GCM_SHA384"
        line.authBits = "(authenticated bits=0)\n"
        line.envelopeFrom = .null
        #expect(
            line.value == """
                from client.example (ptr.example [192.0.2.1])\r
                \tby mx.example (Haraka/3.1.6) with ESMTPSA id ABC.1\r
                \tenvelope-from <>\r
                \ttls TLS_AES_256_GCM_SHA384 (authenticated bits=0);\r
                \tFri, 21 Nov 2025 01:03:00 +0000
                """)
    }

    @Test("the protocol names are those of RFC 3848")
    func protocolNames() {
        #expect(ReceivedLine.protocolName(isExtended: false, isTLS: false, isAuthenticated: false) == "SMTP")
        #expect(ReceivedLine.protocolName(isExtended: true, isTLS: false, isAuthenticated: true) == "ESMTPA")
        #expect(ReceivedLine.protocolName(isExtended: true, isTLS: true, isAuthenticated: false) == "ESMTPS")
        let lmtp = ReceivedLine.protocolName(isExtended: true, isTLS: true, isAuthenticated: true, isLMTP: true)
        #expect(lmtp == "LMTPSA")
    }

    @Test("a name that could not be found is left out", arguments: ["", "NXDOMAIN", "DNSERROR"])
    func noName(rdns: String) {
        var line = line
        line.rdns = rdns
        #expect(line.value.hasPrefix("from client.example ([192.0.2.1])\r\n"))
    }

    @Test("remote info stands in for the name")
    func remoteInfo() {
        var line = line
        line.remoteInfo = "some info"
        #expect(line.value.hasPrefix("from client.example (some info [192.0.2.1])\r\n"))
    }

    @Test("nothing from outside can leave its place")
    func injection() {
        var line = line
        let evil = "x (y [10.0.0.1])\r\n\tby z; \"<q>\",\\\u{0}"
        line.helloHost = evil
        line.rdns = evil
        line.envelopeFrom = Address(user: "a;\r\nX: y", host: "b\r\nX: y")
        line.tlsCipher = "a;b"
        line.authBits = "(a)\r\nX: y"
        #expect(
            line.value == """
                from x??y?[10.0.0.1]????by?z????q????? (x ?y ?10.0.0.1?????by z; "<q>",?? [192.0.2.1])\r
                \tby mx.example (Haraka/3.1.6) with ESMTP id ABC.1\r
                \tenvelope-from <"a;X: y"@bXy>\r
                \ttls a?b (a)??X: y;\r
                \tFri, 21 Nov 2025 01:03:00 +0000
                """)
    }

    @Test("in a header it is one field that keeps its layout")
    func inHeader() {
        var block = HeaderBlock("Subject: x\r\n")
        block.addLeading("Received", line.value)
        #expect(block.wire == "Received: \(line.value)\r\nSubject: x\r\n")
    }
}
