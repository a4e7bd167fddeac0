// STARTTLS and XCLIENT, after each of which EHLO is said again.

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Client: TLS and XCLIENT")
struct ClientTLSTests {
    static let tls: [ClientTranscript] = [
        .init(
            "STARTTLS where it is offered, and EHLO again",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250-SIZE 1000
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go on
            > tls
            ! tls
            C: EHLO me.example
            S: 250 mx
            > ready
            ! begin
            C: MAIL FROM:<a@x.example>
            """),
        .init(
            "what is offered under TLS is not asked for again",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go on
            > tls
            ! tls
            C: EHLO me.example
            S: 250-mx
            S: 250 starttls
            > ready
            """),
        .init(
            "what was offered in the clear is forgotten, even if no EHLO is taken any more",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250-SIZE 1000
            S: 250-PIPELINING
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go on
            > tls
            ! tls
            C: EHLO me.example
            S: 502 no more
            C: HELO me.example
            S: 250 mx
            > ready
            ! begin
            C: MAIL FROM:<a@x.example>
            """),
        .init(
            "never",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            > ready
            """, .with { $0.tls = .never }),
        .init(
            "refused where it is no must: on without",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            C: STARTTLS
            S: 454 not now
            > warn STARTTLS was offered and is refused (454 not now); going on without TLS
            > ready
            """),
        .init(
            "required and not offered",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 PIPELINING
            > refused deferred next 4.7.4 hello: No TLS available but required by configuration.
            C: QUIT
            """, .with { $0.tls = .required }),
        .init(
            "required of a server that knows HELO only",
            """
            S: 220 mx
            C: EHLO me.example
            S: 500 what?
            C: HELO me.example
            S: 250 mx
            > refused deferred next 4.7.4 hello: No TLS available but required by configuration.
            C: QUIT
            """, .with { $0.tls = .required }),
        .init(
            "required and refused for good: no mail is returned for that",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            C: STARTTLS
            S: 554 5.7.3 no
            > refused deferred next 4.7.3 startTLS: Upstream error: 554 5.7.3 no
            C: QUIT
            """, .with { $0.tls = .required }),
        .init(
            "words in the clear behind the reply to STARTTLS",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            C: STARTTLS
            S: &220 go on
            S: 250 evil
            > refused deferred next 4.7.4 startTLS: Words in the clear behind the reply to STARTTLS
            > close injected before TLS
            """),
        .init(
            "a handshake that fails",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go on
            > tls
            ! tls failed
            > refused deferred next 4.7.5 handshake: bad certificate
            > close bad certificate
            """),
        .init(
            "a handshake that does not end",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            C: STARTTLS
            S: 220 go on
            > tls
            ! timeout
            > refused deferred next 4.4.2 handshake: Timeout of 60 s: no TLS handshake
            > close Timeout of 60 s: no TLS handshake
            """),
        .init(
            "TLS from the first byte",
            """
            ! tls
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 STARTTLS
            > ready
            """, .with { $0.tls = .required }),
        .init(
            "TLS that is established when nobody has asked is of no account",
            """
            S: 220 mx
            C: EHLO me.example
            ! tls
            S: 250 mx
            > refused deferred next 4.7.4 hello: No TLS available but required by configuration.
            C: QUIT
            """, .with { $0.tls = .required }),
    ]

    @Test("STARTTLS", arguments: tls)
    func secures(_ transcript: ClientTranscript) { transcript.check() }

    static let client = ClientSettings.with {
        let attributes: [ClientIdentity.Attribute] = [
            .init("ADDR", "IPV6:2001:db8::1"), .init("NAME", "evil name\r\nRSET"), .init("PROTO", "ESMTP"),
            .init("LOGIN", ""),
        ]
        $0.xclient = ClientIdentity(attributes, helo: "client.example")
    }

    static let xclient: [ClientTranscript] = [
        .init(
            "XCLIENT with what the server lists, and EHLO by the client's name",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 XCLIENT NAME ADDR LOGIN
            C: XCLIENT ADDR=IPV6:2001:db8::1 NAME=evil+20name+0D+0ARSET
            S: 220 mx
            C: EHLO client.example
            S: 250-mx
            S: 250 XCLIENT NAME ADDR
            > ready
            """, client),
        .init(
            "XCLIENT where none is offered",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250 mx
            > ready
            """, client),
        .init(
            "an XCLIENT that is refused ends the dialogue, but returns no mail",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 xclient addr
            C: XCLIENT ADDR=IPV6:2001:db8::1
            S: 550 5.7.0 insufficient authorization
            > refused deferred next 4.7.0 xclient: Upstream error: 550 5.7.0 insufficient authorization
            C: QUIT
            """, client),
    ]

    @Test("XCLIENT", arguments: xclient)
    func introduces(_ transcript: ClientTranscript) { transcript.check() }
}
