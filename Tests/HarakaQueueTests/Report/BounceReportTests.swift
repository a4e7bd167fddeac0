// Reports as senders get them.

import HarakaCore
import HarakaQueue
import MailMessage
import SMTPSyntax
import Testing

@Suite struct BounceReportTests {
    @Test("a whole report of an own template, byte for byte")
    func wholeReport() {
        var one = ReportCase()
        one.occasion.templates.failed = ReportTemplate(
            "Date: {date}\nFrom: MAILER-DAEMON@{me}\nTo: {from}\nSubject: failure notice\nMessage-Id: {msgid}\n\n"
                + "Hi {to}: {reason}\n"
        )
        one.mail.envelopeID = "QQ 1"
        one.mail.recipients[0].original = "rfc822;Bob+2Bx@example.com"
        one.found[0].reply = Reply(550, "No such user\nSorry", status: EnhancedStatus(class: 5, subject: 1, detail: 1))
        one.found[0].remote = "192.0.2.1"
        let wanted = """
            Received: (Haraka 7 invoked for bounce); Sun, 09 Sep 2001 01:48:20 +0000
            Date: Sun, 09 Sep 2001 01:48:20 +0000
            From: MAILER-DAEMON@mx.example
            To: joe@example.org
            Subject: failure notice
            Message-Id: <R1@mx.example>
            References: <1@example.org>
            Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status;
            \tboundary="=_report_R1_0"

            This is a report about mail in MIME format (RFC 3464).

            --=_report_R1_0
            Content-Type: text/plain; charset=us-ascii

            Hi joe@example.org: no such user

            --=_report_R1_0
            Content-Type: message/delivery-status
            Content-Description: Delivery report

            Original-Envelope-Id: QQ 1
            Reporting-MTA: dns; mx.example
            Arrival-Date: Sun, 09 Sep 2001 01:46:40 +0000

            Original-Recipient: rfc822; Bob+x@example.com
            Final-Recipient: rfc822; bob@example.com
            Action: failed
            Status: 5.1.1
            Remote-MTA: dns; [192.0.2.1]
            Diagnostic-Code: smtp; 550 5.1.1 No such user
             Sorry
            Last-Attempt-Date: Sun, 09 Sep 2001 01:48:20 +0000

            --=_report_R1_0
            Content-Type: text/rfc822-headers
            Content-Description: Undelivered Message Headers

            Message-Id: <1@example.org>
            Subject: Hi

            --=_report_R1_0--

            """
        #expect(one.text().replacing("\r\n", with: "\n") == wanted)
        #expect(one.report?.from.isNull == true && one.report?.to == one.mail.reversePath)
        #expect(one.report?.is8Bit == false && one.report?.isUTF8 == false)
        #expect(!one.text().replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" })
    }

    @Test("the built-in report has text and HTML with subject, recipients and reasons")
    func builtIn() {
        var one = ReportCase(to: [ReportCase.bob, ReportCase.eve])
        one.header = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        one.found[1].reason = "mailbox is <full> & \"closed\""
        let read = one.read()
        #expect(
            read.types == [
                "multipart/report", "multipart/alternative", "text/plain", "text/html", "message/delivery-status",
                "text/rfc822-headers",
            ])
        let text = read.content("text/plain")
        for word in [
            "Grüße", "<bob@example.com>, <eve@example.net>", "<eve@example.net>: mailbox is <full> & \"closed\"",
        ] {
            #expect(text.contains(word))
        }
        let html = read.content("text/html")
        #expect(html.contains("<b>Grüße</b>") && html.contains("&lt;bob@example.com&gt;, &lt;eve@example.net&gt;"))
        #expect(html.contains("mailbox is &lt;full&gt; &amp; &quot;closed&quot;"))
        #expect(!text.contains("{") && !html.contains("{"))
        #expect(read.header.first("from") == "Mail Delivery System <MAILER-DAEMON@mx.example>")
        #expect(read.status().count == 3)
        #expect(read.header.first("mime-version") == "1.0")
    }

    // MARK: who is told

    static let wishes: [(BounceReport.Kind, QueuedRecipient.Notify, Bool)] = [
        (BounceReport.Kind.failed, QueuedRecipient.Notify.never, false), (.failed, .usual, true),
        (.failed, [.success, .delay], false), (.failed, [.success, .failure], true),
        (.delayed(until: 0), .failure, false), (.delayed(until: 0), .delay, true),
        (.delivered, [.failure, .delay], false),
        (.delivered, .success, true), (.relayed, .success, true), (.relayed, [.failure, .delay], false),
    ]

    @Test("nobody is told of a mail from nobody, and of what was not asked for", arguments: wishes)
    func notify(_ kind: BounceReport.Kind, _ notify: QueuedRecipient.Notify, _ isTold: Bool) {
        var one = ReportCase()
        one.kind = kind
        one.mail.recipients[0].notify = notify
        #expect((one.report != nil) == isTold)
        one.mail.reversePath = .null
        #expect(one.report == nil)
    }

    @Test("only those recipients are in it whose sender wants to know; one address twice is two recipients")
    func someRecipients() {
        var one = ReportCase(to: [ReportCase.bob, ReportCase.bob, ReportCase.eve])
        one.mail.recipients[0].notify = .never
        one.mail.recipients[1].original = "rfc822;second"
        let status = one.read().status()
        #expect(status.count == 3)
        #expect(status.at(1)?.first == "Original-Recipient: rfc822; second")
        #expect(status.at(2)?.first == "Final-Recipient: rfc822; eve@example.net")
        #expect(!one.read().content("text/plain").contains("second"))
    }

    @Test("late, arrived and passed on have words, actions and statuses of their own")
    func otherKinds() {
        var one = ReportCase()
        one.mail.recipients[0].notify = [.success, .delay]
        one.kind = .delayed(until: 1_000_432_000_000)
        var read = one.read()
        #expect(read.header.first("subject") == "Your message is late")
        #expect(read.group(1).contains("Action: delayed") && read.group(1).contains("Status: 4.1.1"))
        #expect(read.group(1).last == "Will-Retry-Until: Fri, 14 Sep 2001 01:46:40 +0000")
        #expect(read.content("text/plain").contains("until Fri, 14 Sep 2001 01:46:40 +0000"))
        for (kind, word) in [(BounceReport.Kind.delivered, "delivered"), (.relayed, "relayed")] {
            one.kind = kind
            read = one.read()
            #expect(read.group(1).contains("Action: \(word)") && read.group(1).contains("Status: 2.1.1"))
            #expect(
                read.types == [
                    "multipart/report", "text/plain", "message/delivery-status", "text/rfc822-headers",
                ])
        }
    }

    // MARK: what comes back

    @Test(
        "RET and the message's size decide how much comes back",
        arguments: [
            (Bool?.none, 65_536, true), (nil, 65_537, false), (true, 65_537, true), (true, 1_048_577, false),
            (false, 10, false),
        ])
    func needsMessage(_ full: Bool?, _ size: Int, _ isNeeded: Bool) {
        var one = ReportCase()
        (one.mail.returnsFullMessage, one.mail.size) = (full, size)
        #expect(BounceReport.needsMessage(one.mail, .failed, .init()) == isNeeded)
        #expect(!BounceReport.needsMessage(one.mail, .delivered, .init()))
    }

    @Test("a long header comes back in whole lines up to the limit")
    func longHeader() {
        var one = ReportCase()
        one.occasion.settings.headerLimit = 30
        one.header = "Subject: 1\r\nX-A: 23456789\r\nX-B: 0\r\n"
        #expect(one.read().content("text/rfc822-headers") == "Subject: 1\r\nX-A: 23456789\r\n")
    }

    @Test("a report is a mail for the queue that nobody wants a report of")
    func queued() throws {
        let one = ReportCase()
        let report = try #require(one.report)
        let mail = report.queued(one.occasion)
        #expect(mail.uuid == "R1" && mail.reversePath.isNull && mail.origin == "bounce")
        #expect(mail.recipients.map(\.address) == [one.mail.reversePath] && mail.recipients[0].notify == .never)
        #expect(mail.size == report.bytes.count && mail.queueTime == one.occasion.now)
    }

    @Test("a thousand recipients are named for programs, fifty for people")
    func manyRecipients() {
        let to = (0..<1000).map { Address(user: "u\($0)", host: "example.com") }
        let read = ReportCase(to: to).read()
        #expect(read.status().count == 1001)
        #expect(read.content("text/plain").contains("<u49@example.com>: no such user\r\nand 950 more"))
        #expect(!read.content("text/plain").contains("u50@"))
    }
}
