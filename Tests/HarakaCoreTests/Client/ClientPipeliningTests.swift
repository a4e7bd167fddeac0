// PIPELINING: what is asked together is answered as if it were asked one by one.

import HarakaCore
import SMTPSyntax
import Testing

extension ClientMailTests {
    static let pipelined: [ClientTranscript] = [
        .init(
            "MAIL, RCPT and DATA at once",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: RCPT TO:<c@y.example>
                C: RCPT TO:<d@y.example>
                C: DATA
                S: 250 OK
                S: 550 5.1.1 nobody
                S: 250 OK
                S: 450 later
                S: 354 go on
                > message
                ! sent
                S: 250 OK
                > done
                > b@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > c@y.example delivered: 250 OK
                > d@y.example deferred 4.0.0 recipient: 450 later
                > ready
                """, .test, three),
        .init(
            "no more at once than is allowed",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: RCPT TO:<c@y.example>
                S: 250 OK
                S: 250 OK
                S: 550 5.1.1 nobody
                C: RCPT TO:<d@y.example>
                C: DATA
                S: 250 OK
                S: 354 go on
                > message
                """, .with { $0.recipientsPerBatch = 2 }, three),
        .init(
            "too many recipients in one group: the next is not asked for",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: RCPT TO:<c@y.example>
                S: 250 OK
                S: 250 OK
                S: 452 too many
                C: DATA
                S: 354 go on
                > message
                ! sent
                S: 250 OK
                > done
                > b@y.example delivered: 250 OK
                > c@y.example left over, deferred 4.0.0 recipient: 452 too many
                > d@y.example left over, deferred 4.0.0 recipient: 452 too many
                > ready
                """, .with { $0.recipientsPerBatch = 2 }, three),
        .init(
            "MAIL is refused, and so is the rest: what was said first counts",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                S: 450 4.7.1 not now
                S: 503 5.5.1 need MAIL
                S: 503 5.5.1 need RCPT
                > done
                > b@y.example deferred next 4.7.1 mail: Upstream error: 450 4.7.1 not now
                > ready
                ! begin
                C: RSET
                """),
        .init(
            "MAIL is refused, and further recipients are not asked for",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                S: 550 5.7.1 no
                S: 503 5.5.1 need MAIL
                > done
                > b@y.example failed 5.7.1 mail: Upstream error: 550 5.7.1 no
                > c@y.example failed 5.7.1 mail: Upstream error: 550 5.7.1 no
                > d@y.example failed 5.7.1 mail: Upstream error: 550 5.7.1 no
                > ready
                """, .with { $0.recipientsPerBatch = 1 }, three),
        .init(
            "354 although nobody was taken: a dot alone",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                S: 250 OK
                S: 550 5.1.1 nobody
                S: 354 go on
                C: .
                S: 554 5.5.1 no valid recipients
                > done
                > b@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > ready
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                """),
        .init(
            "a connection that ends at the dot alone changes nothing",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                S: 250 OK
                S: 550 5.1.1 nobody
                S: 354 go on
                C: .
                ! closed
                > done for good
                > b@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                """),
        .init(
            "MAIL is refused, RCPT is not, and DATA gets 354: nobody shall get an empty message",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                S: 550 5.7.1 no
                S: 250 OK
                S: 354 go on
                > done for good
                > b@y.example failed 5.7.1 mail: Upstream error: 550 5.7.1 no
                > close 354 without a recipient
                """),
        .init(
            "421 in the midst of the replies",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: RCPT TO:<c@y.example>
                C: RCPT TO:<d@y.example>
                C: DATA
                S: 250 OK
                S: 550 5.1.1 nobody
                S: 250 OK
                S: 421 4.3.2 bye
                > done for good
                > b@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > c@y.example deferred next 4.3.2 recipient: Upstream error: 421 4.3.2 bye
                > d@y.example deferred next 4.3.2 recipient: Upstream error: 421 4.3.2 bye
                > close 421 4.3.2 bye
                """, .test, three),
        .init(
            "250 to DATA",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                C: RCPT TO:<b@y.example>
                C: DATA
                S: 250 OK
                S: 250 OK
                S: 250 OK
                > done for good
                > b@y.example deferred next 4.5.0 data: Unexpected reply to DATA: 250 OK
                > close Unexpected reply to DATA: 250 OK
                """),
        .init(
            "not where it is not wanted",
            opened("PIPELINING") + """
                ! begin
                C: MAIL FROM:<a@x.example>
                """, .with { $0.usesPipelining = false }),
    ]

    @Test("pipelined", arguments: pipelined)
    func together(_ transcript: ClientTranscript) { transcript.check() }
}
