// LMTP: one reply for each recipient that was taken.

import HarakaCore
import SMTPSyntax
import Testing

extension ClientMailTests {
    static let gone = "Connection closed by the server before the reply to the message"

    static let lmtp = ClientSettings.with { $0.isLMTP = true }

    static func lmtpOpened() -> String {
        opened("PIPELINING").replacing("EHLO", with: "LHLO") + """
            ! begin
            C: MAIL FROM:<a@x.example>
            C: RCPT TO:<b@y.example>
            C: RCPT TO:<c@y.example>
            C: RCPT TO:<d@y.example>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 550 5.1.1 nobody
            S: 250 OK
            S: 354 go on
            > message
            ! sent

            """
    }

    static let local: [ClientTranscript] = [
        .init(
            "one reply for each recipient that was taken, in order",
            lmtpOpened() + """
                S: 452 4.2.2 full
                S: 250 2.0.0 d has it
                > done
                > b@y.example deferred 4.2.2 final: 452 4.2.2 full
                > c@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > d@y.example delivered: 250 2.0.0 d has it
                > ready
                """, lmtp, three),
        .init(
            "the connection ends between the replies: who has it, has it; of the other nobody knows",
            lmtpOpened() + """
                S: 250 2.0.0 b has it
                ! closed
                > done for good
                > b@y.example delivered: 250 2.0.0 b has it
                > c@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > d@y.example deferred maybe 4.4.2 final: \(gone)
                """, lmtp, three),
        .init(
            "421 stands for the one whose turn it is",
            lmtpOpened() + """
                S: 421 4.3.2 bye
                > done for good
                > b@y.example deferred 4.3.2 final: 421 4.3.2 bye
                > c@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > d@y.example deferred maybe 4.3.2 final: Upstream error: 421 4.3.2 bye
                > close 421 4.3.2 bye
                """, lmtp, three),
        .init(
            "354 although nobody was taken: how many replies there would be, nobody knows",
            opened("PIPELINING").replacing("EHLO", with: "LHLO") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                S: 250 OK
                S: 550 5.1.1 nobody
                S: 354 go on
                > done for good
                > b@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > close 354 without a recipient
                """, lmtp),
    ]

    @Test("LMTP", arguments: local)
    func localDelivery(_ transcript: ClientTranscript) { transcript.check() }
}
