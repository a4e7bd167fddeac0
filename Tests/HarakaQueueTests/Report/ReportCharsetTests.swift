// Reports about and to addresses, headers and messages that are not ASCII. RFC 6533.

import HarakaCore
import HarakaQueue
import MailMessage
import SMTPSyntax
import Testing

@Suite struct ReportCharsetTests {
    /// An address of UTF-8 in both parts.
    static func address(_ text: String) throws -> Address {
        try Address.parse(text) { _ in "xn--mnchen-3ya.example" }
    }

    @Test("a recipient with a local part of UTF-8 makes the status global")
    func globalStatus() throws {
        let other = try ReportCharsetTests.address("<jürgen@münchen.example>")
        let one = ReportCase(to: [other, ReportCase.bob])
        let read = one.read()
        #expect(read.types.contains("message/global-delivery-status"))
        let status = read.status("message/global-delivery-status")
        #expect(status.at(1)?.first == "Final-Recipient: utf-8; jürgen@münchen.example")
        #expect(status.at(2)?.first == "Final-Recipient: rfc822; bob@example.com")
        #expect(one.report?.is8Bit == true && one.report?.isUTF8 == false)
        #expect(one.text().contains("report-type=global-delivery-status;"))
        #expect(read.header.first("content-transfer-encoding") == "8bit")
    }

    @Test("an international domain alone needs nothing: it has A-labels")
    func internationalDomain() throws {
        let address = try ReportCharsetTests.address("<joe@münchen.example>")
        let one = ReportCase(from: address, to: [address])
        let read = one.read()
        #expect(read.group(1).first == "Final-Recipient: rfc822; joe@xn--mnchen-3ya.example")
        #expect(read.header.first("to") == "joe@xn--mnchen-3ya.example")
        #expect(one.report?.is8Bit == false && one.report?.isUTF8 == false)
    }

    @Test("a sender with a local part of UTF-8 makes a header of UTF-8")
    func utf8Sender() throws {
        let one = ReportCase(from: try ReportCharsetTests.address("<jürgen@münchen.example>"))
        #expect(one.report?.isUTF8 == true)
        #expect(one.read().header.first("to") == "jürgen@münchen.example")
    }

    @Test("a peer's UTF-8 is written in ASCII where the status is ASCII")
    func replies() throws {
        var one = ReportCase()
        one.found[0].reply = Reply(550, "Empfänger unbekannt")
        #expect(one.read().group(1).contains("Diagnostic-Code: smtp; 550 Empf\\x{E4}nger unbekannt"))
        #expect(one.report?.is8Bit == false)
    }

    @Test(
        "ORCPT of type utf-8 stays as it is encoded; what is no ORCPT is left out",
        arguments: [
            ("utf-8;j\\x{FC}rgen@example.com", "utf-8; j\\x{FC}rgen@example.com"), ("rfc822;a+3Db@c", "rfc822; a=b@c"),
            ("rfc822;a+ZZ", "rfc822; a+ZZ"), ("rfc822", nil), (";a", nil), ("rfc822;", nil), ("a b;c", nil),
        ])
    func original(_ given: String, _ shown: String?) {
        var one = ReportCase()
        one.mail.recipients[0].original = given
        let line = one.read().group(1).first { $0.hasPrefix("Original-Recipient") }
        #expect(line == shown.map { "Original-Recipient: " + $0 })
    }

    @Test("a header with bytes of no charset comes back in quoted-printable, one of UTF-8 as message/global-headers")
    func rawHeader() {
        var one = ReportCase()
        let raw = Array("Subject: Gr\u{FC}ße\r\n".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        let report = BounceReport(.failed, on: one.mail, about: one.found, original: .header(raw), one.occasion)
        let read = ReadReport(report?.bytes ?? [])
        #expect(read.contents.last == raw && read.facts.last?.encoding == "quoted-printable")
        #expect(report?.is8Bit == false)
        one.mail.isUTF8 = true
        one.header = "Subject: Grüße\r\n"
        #expect(one.read().content("message/global-headers") == "Subject: Grüße\r\n")
        #expect(one.report?.is8Bit == true)
    }

    @Test(
        "a whole message comes back as it was, 8-bit if it is; a broken one as its header",
        arguments: [
            ("Subject: a\r\n\r\nHello\r\n", "message/rfc822", false),
            ("Subject: a\r\n\r\nGrüße\r\n", "message/rfc822", true),
            ("Subject: a\r\n\r\nbare\nline", "text/rfc822-headers", false),
            ("Subject: a\r\n\r\n\u{0}\r\n", "text/rfc822-headers", false),
            ("Subject: a\r\n\r\n" + String(repeating: "x", count: 999) + "\r\n", "text/rfc822-headers", false),
            ("Subject: a\r\n\r\n" + String(repeating: "x", count: 998) + "\r\n", "message/rfc822", false),
        ])
    func wholeMessage(_ message: String, _ type: String, _ is8Bit: Bool) {
        let one = ReportCase()
        let original = DeliveryReport.Original.message(Array(message.utf8))
        let report = BounceReport(.failed, on: one.mail, about: one.found, original: original, one.occasion)
        let read = ReadReport(report?.bytes ?? [])
        #expect(read.types.last == type && report?.is8Bit == is8Bit)
        let back = read.contents.last.map { String(decoding: $0, as: UTF8.self) }
        #expect(back == (type == "message/rfc822" ? message : "Subject: a\r\n"))
        #expect(read.facts.last?.encoding == (is8Bit ? "8bit" : "7bit"))
    }

    @Test("an own HTML and an image are related parts; without HTML there is no image; a broken image is left out")
    func image() {
        let image =
            "Content-Type: image/png; name=\"i.png\"\nContent-Transfer-Encoding: base64\nContent-ID: <i>\n\niVBORw0K\n"
        var one = ReportCase()
        one.occasion.templates = BounceTemplates(message: "Subject: x\n\nText\n", html: "<p>ü</p>\n", image: image)
        var read = one.read()
        #expect(
            read.types.prefix(6) == [
                "multipart/report", "multipart/related", "multipart/alternative", "text/plain", "text/html",
                "image/png",
            ])
        #expect(read.contents.at(5) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A])
        #expect(read.content("text/html") == "<p>ü</p>\r\n")
        one.occasion.templates = BounceTemplates(message: "Subject: x\n\nText\n", html: "", image: image)
        read = one.read()
        #expect(!read.types.contains("image/png") && !read.types.contains("text/html"))
        one.occasion.templates = BounceTemplates(message: "", html: "<p></p>", image: "no header")
        read = one.read()
        #expect(read.types.count == 6 && read.header.first("subject") == "Your message could not be delivered")
        #expect(BounceTemplates(message: "", html: "", image: "") == .usual)
    }
}
