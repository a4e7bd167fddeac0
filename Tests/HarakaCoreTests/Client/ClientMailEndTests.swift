// Messages that end before their time, and what it means for the next on the same connection.

import HarakaCore
import SMTPSyntax
import Testing

extension ClientMailTests {
    static let endings: [ClientTranscript] = [
        .init(
            "a refusal in the midst of the message",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 250 OK
                C: DATA
                S: 354 go on
                > message
                S: 552 5.3.4 too big
                > done for good
                > b@y.example failed 5.3.4 message: Upstream error: 552 5.3.4 too big
                > close refused before its end
                ! sent
                """),
        .init(
            "a message that cannot be read is taken back, and not returned",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 250 OK
                C: DATA
                S: 354 go on
                > message
                ! unreadable
                > done for good
                > b@y.example deferred 4.3.0 message: disk error
                > close disk error
                """),
        .init(
            "a kept connection that has ended in the meantime",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 450 no
                > done
                > b@y.example deferred next 4.0.0 mail: Upstream error: 450 no
                > ready
                ! begin
                C: RSET
                ! closed
                > done for good
                > b@y.example deferred next stale 4.4.2 reset: Connection closed by the server before the reply to RSET
                """),
        .init(
            "RSET is refused",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 450 no
                > done
                > b@y.example deferred next 4.0.0 mail: Upstream error: 450 no
                > ready
                ! begin
                C: RSET
                S: 550 no
                > done for good
                > b@y.example deferred next stale 4.0.0 reset: Upstream error: 550 no
                C: QUIT
                S: 221 bye
                > close
                """),
        .init(
            "421 to MAIL on a kept connection",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 450 no
                > done
                > b@y.example deferred next 4.0.0 mail: Upstream error: 450 no
                > ready
                ! begin
                C: RSET
                S: 250 OK
                C: MAIL FROM:<a@x.example>
                S: 421 enough
                > done for good
                > b@y.example deferred next stale 4.0.0 mail: Upstream error: 421 enough
                > close 421 enough
                """),
        .init(
            "given up in the midst of a message",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                ! quit
                > done for good
                > b@y.example deferred 4.3.0 mail: The delivery was given up
                > close The delivery was given up
                """),
    ]

    @Test("ends", arguments: endings)
    func ends(_ transcript: ClientTranscript) { transcript.check() }
}
