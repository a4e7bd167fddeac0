// Messages, one after the other.

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Client: mail")
struct ClientMailTests {
    /// Greeting and EHLO, to ready.
    static func opened(_ offers: String...) -> String { opened(offers) }

    static func opened(_ offers: [String]) -> String {
        let lines = ["mx"] + offers
        let reply = lines.enumerated().map { "S: 250\($0 == lines.count - 1 ? " " : "-")\($1)" }
        return (["S: 220 mx", "C: EHLO me.example"] + reply + ["> ready"]).joined(separator: "\n") + "\n"
    }

    static let three = ClientEnvelope.of(["b@y.example", "c@y.example", "d@y.example"])

    static let stepwise: [ClientTranscript] = [
        .init(
            "a message, step by step, and another without RSET",
            opened("SIZE") + """
                ! begin
                C: MAIL FROM:<a@x.example> SIZE=100
                S: 250 2.1.0 OK
                C: RCPT TO:<b@y.example>
                S: 251 2.1.5 will forward
                C: DATA
                S: 354 go on
                > message
                ! sent
                S: 250 2.0.0 queued
                > done
                > b@y.example delivered: 250 2.0.0 queued
                > ready
                ! begin
                C: MAIL FROM:<a@x.example> SIZE=100
                """),
        .init(
            "each recipient has a reply of its own",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 550 5.1.1 nobody
                C: RCPT TO:<c@y.example>
                S: 250 OK
                C: RCPT TO:<d@y.example>
                S: 450 later
                C: DATA
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
            "nobody is taken: no DATA, and RSET before the next",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 550 5.1.1 nobody
                > done
                > b@y.example failed 5.1.1 recipient: 550 5.1.1 nobody
                > ready
                ! begin
                C: RSET
                S: 250 OK
                C: MAIL FROM:<a@x.example>
                """),
        .init(
            "MAIL is refused for now: another host may be asked, and the recipients are not",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 451 4.3.0 not now
                > done
                > b@y.example deferred next 4.3.0 mail: Upstream error: 451 4.3.0 not now
                > ready
                """),
        .init(
            "MAIL is refused for good",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 550 5.7.1 not you
                > done
                > b@y.example failed 5.7.1 mail: Upstream error: 550 5.7.1 not you
                > ready
                """),
        .init(
            "DATA is refused for good",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 250 OK
                C: DATA
                S: 554 no
                > done
                > b@y.example failed 5.0.0 data: Upstream error: 554 no
                > ready
                """),
        .init(
            "the message is refused for now: no other host is asked at once, and no RSET is needed",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 250 OK
                C: DATA
                S: 354 go on
                > message
                ! sent
                S: 451 4.7.1 greylisted
                > done
                > b@y.example deferred 4.7.1 final: Upstream error: 451 4.7.1 greylisted
                > ready
                ! begin
                C: MAIL FROM:<a@x.example>
                """),
        .init(
            "too many recipients: the others are not asked for, and are left over",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 250 OK
                C: RCPT TO:<c@y.example>
                S: 452 4.5.3 too many
                C: DATA
                S: 354 go on
                > message
                ! sent
                S: 250 OK
                > done
                > b@y.example delivered: 250 OK
                > c@y.example left over, deferred 4.5.3 recipient: 452 4.5.3 too many
                > d@y.example left over, deferred 4.5.3 recipient: 452 4.5.3 too many
                > ready
                """, .test, three),
        .init(
            "too many recipients in the words of RFC 821, and the message is refused: nobody is left over",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 250 OK
                C: RCPT TO:<c@y.example>
                S: 552 5.5.3 too many
                C: DATA
                S: 554 5.6.0 no
                > done
                > b@y.example failed 5.6.0 data: Upstream error: 554 5.6.0 no
                > c@y.example deferred 4.5.3 recipient: 552 5.5.3 too many
                > d@y.example deferred 4.5.3 recipient: 552 5.5.3 too many
                > ready
                """, .test, three),
        .init(
            "452 to the first is about that one, and a full mailbox is about its owner",
            opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<b@y.example>
                S: 452 full
                C: RCPT TO:<c@y.example>
                S: 250 OK
                C: RCPT TO:<d@y.example>
                S: 552 5.2.2 full
                C: DATA
                S: 354 go on
                > message
                ! sent
                S: 250 OK
                > done
                > b@y.example deferred 4.0.0 recipient: 452 full
                > c@y.example delivered: 250 OK
                > d@y.example failed 5.2.2 recipient: 552 5.2.2 full
                > ready
                """, .test, three),
    ]

    @Test("step by step", arguments: stepwise)
    func stepByStep(_ transcript: ClientTranscript) { transcript.check() }
}
