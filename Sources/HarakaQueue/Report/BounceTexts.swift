// The built-in texts of reports.

extension BounceTemplates {
    /// The fields of all of them; Haraka's, with a name for people.
    private static func head(_ subject: String) -> String {
        """
        Received: (Haraka {pid} invoked for bounce); {date}
        Date: {date}
        From: Mail Delivery System <MAILER-DAEMON@{me}>
        To: {to}
        Subject: \(subject)
        Message-Id: {msgid}


        """
    }

    /// A page of a few paragraphs.
    private static func page(_ title: String, _ paragraphs: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>\(title)</title></head>
        <body style="font-family: sans-serif; line-height: 1.5; color: #222; max-width: 40em; padding: 1em">
        <h2 style="font-size: 1.3em">\(title)</h2>
        \(paragraphs)
        <p style="color: #777; font-size: .85em">This is the mail server {me}. There is nobody who reads an
        answer to this message.</p>
        </body>
        </html>

        """
    }

    private static func quote(_ words: String) -> String {
        """
        <pre style="white-space: pre-wrap; background: #f4f4f4; padding: .8em; border-radius: 4px">\(words)</pre>
        """
    }

    static let failedText =
        head("Your message could not be delivered") + """
            Hello,

            this is the mail server {me}. I am sorry: your message

              {subject}

            could not be delivered to

              {recipients}

            I will not try again. This is the reason:

            {extended_reason}

            Please check that the address is written correctly. If it is, the
            reason above may help the recipient, or the recipient's postmaster,
            to find out what is wrong.

            The technical details and what I have of your message are attached.

            """

    static let usualFailed = ReportTemplate(
        failedText,
        html: page(
            "Your message could not be delivered",
            """
            <p>I am sorry: your message <b>{subject}</b> could not be delivered to <b>{recipients}</b>. I will not try
            again. This is the reason:</p>
            \(quote("{extended_reason}"))
            <p>Please check that the address is written correctly. If it is, the reason above may help the recipient, or
            the recipient's postmaster, to find out what is wrong.</p>
            <p>The technical details and what I have of your message are attached.</p>
            """))

    static let usualDelayed = ReportTemplate(
        head("Your message is late") + """
            Hello,

            this is the mail server {me}. Your message

              {subject}

            has not been delivered yet to

              {recipients}

            You need not do anything: I keep trying until {until}, and tell you
            if it does not work out. This is what has happened so far:

            {extended_reason}

            """,
        html: page(
            "Your message is late",
            """
            <p>Your message <b>{subject}</b> has not been delivered yet to <b>{recipients}</b>. You need not do
            anything: I keep trying until {until}, and tell you if it does not work out. This is what has happened so
            far:</p>
            \(quote("{extended_reason}"))
            """))

    static let usualDelivered = ReportTemplate(
        head("Your message has been delivered") + """
            Hello,

            this is the mail server {me}. As you have asked to be told: your message

              {subject}

            has been delivered to

              {recipients}

            """)

    static let usualRelayed = ReportTemplate(
        head("Your message has been passed on") + """
            Hello,

            this is the mail server {me}. As you have asked to be told: your message

              {subject}

            has been passed on to the mail server of

              {recipients}

            which does not report what becomes of it. No news is good news.

            """)
}
