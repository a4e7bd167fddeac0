// Whatever stands in subjects, addresses and replies: it stays where it is put.

import HarakaCore
import HarakaQueue
import MailMessage
import SMTPSyntax
import Testing

@Suite struct ReportInjectionTests {
    static let evil = [
        "x\r\nBcc: victim@example.com", "x\nBcc: victim@example.com", "x\rBcc: victim@example.com",
        "x\r\n\r\n<script>", "\r\n.\r\nMAIL FROM:<>", "--=_report_R1_0\r\nContent-Type: text/html\r\n\r\nx",
        "\r\n--=_report_R1_0--\r\n", "{me}{from}", "a\u{0}b\u{1B}[31m", "=?utf-8?q?=0D=0ABcc:_victim@example.com?=",
        "<img src=x onerror=alert(1)>", "\u{2028}x\u{85}Bcc: v", String(repeating: "y", count: 5000),
        String(repeating: "ü", count: 5000), " ", "\t\r\n\t\r\nAction: delivered",
    ]

    /// A report in which that stands wherever somebody else has the word.
    static func report(_ text: String) -> ReportCase {
        let user = String(text.prefix(300))
        var one = ReportCase(
            from: Address(user: "joe", host: "example.org"), to: [Address(user: user, host: "example.com")])
        one.header = "Subject: \(text.replacing("\r\n", with: " "))\r\nMessage-Id: \(text)\r\n"
        one.mail.envelopeID = text
        one.mail.recipients[0].original = "rfc822;\(text)+0D+0ABcc:+20victim"
        one.found[0].reply = Reply(550, text)
        one.found[0].remote = text
        one.found[0].reason = text
        one.occasion.error = text
        one.occasion.templates.failed = ReportTemplate(
            """
            Subject: {subject} {reason}
            X-Reason: {extended_reason}
            Bcc: {to}
            Content-Type: text/html
            Resent-To: {recipients}
            From: MAILER-DAEMON@{me}

            {subject} {recipients} {reason} {extended_reason} {unknown}
            """, html: "<p title=\"{reason}\" class='{subject}'>{subject} {recipients} {reason} {extended_reason}</p>")
        return one
    }

    @Test("no field, part or recipient is added to the header or to the parts", arguments: evil)
    func structure(_ text: String) {
        let one = ReportInjectionTests.report(text)
        let read = one.read()
        #expect(
            read.header.fields.map(\.name) == [
                "Received", "Subject", "X-Reason", "From", "Date", "Message-Id", "To", "Auto-Submitted", "MIME-Version",
                "Content-Type",
            ] + (one.report?.is8Bit == true ? ["Content-Transfer-Encoding"] : []))
        #expect(read.header.first("to") == "joe@example.org")
        // Decoded, too.
        let subject = read.header.first("subject").map { EncodedWords.decode(Array($0.utf8)) } ?? "\n"
        #expect(!subject.replacing("\r\n", with: "").utf8.contains { $0 == 0x0A || $0 == 0x0D })
        #expect(
            read.types.count == 6
                && read.types.prefix(4) == [
                    "multipart/report", "multipart/alternative", "text/plain", "text/html",
                ])
    }

    @Test("no field is added to the delivery status", arguments: evil)
    func status(_ text: String) {
        let read = ReportInjectionTests.report(text).read()
        let type = read.types.at(4) ?? ""
        let groups = read.status(type)
        #expect(groups.count == 2)
        let names = groups.map { $0.map { $0.split(separator: ":").first.map(String.init) } }
        #expect(names.at(0) == ["Original-Envelope-Id", "Reporting-MTA", "Arrival-Date"])
        #expect(
            names.at(1) == [
                "Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code",
                "Last-Attempt-Date",
            ])
        #expect(groups.at(1)?.contains("Action: failed") == true)
    }

    @Test("every line is proper: CR LF, at most 998 bytes, no control characters", arguments: evil)
    func lines(_ text: String) {
        let bytes = ReportInjectionTests.report(text).report?.bytes ?? []
        #expect(!bytes.isEmpty)
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        #expect(lines.dropLast().allSatisfy { $0.last == 0x0D })
        #expect(lines.allSatisfy { $0.count <= 999 && !$0.dropLast().contains { $0 < 0x20 && $0 != 9 } })
    }

    @Test("in HTML nothing of others is markup", arguments: evil)
    func html(_ text: String) {
        let html = ReportInjectionTests.report(text).read().content("text/html")
        #expect(html.utf8.count { $0 == UInt8(ascii: "<") } == 2)
        #expect(html.utf8.count { $0 == UInt8(ascii: "\"") } == 2 && html.utf8.count { $0 == UInt8(ascii: "'") } == 2)
    }

    @Test("a boundary that occurs in the message is not taken")
    func boundary() {
        var one = ReportCase()
        one.header = "Subject: --=_report_R1_0\r\nX: =_report_R1_1\r\n"
        #expect(one.text().contains("boundary=\"=_report_R1_2\""))
        #expect(one.read().types.count == 6)
    }

    @Test("placeholders: unknown and empty ones are a question mark, a brace alone stays")
    func placeholders() {
        var one = ReportCase()
        one.header = ""
        one.occasion.templates.failed = ReportTemplate("\n{me} {unknown} {subject} {until} {pid} { me} {} {me {{to}}\n")
        let words = "mx.example ? ? ? 7 { me} {} {me {joe@example.org}\r\n"
        #expect(one.read().content("text/plain") == words)
    }
}
