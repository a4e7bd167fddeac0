// From the greeting to the moment when messages may be sent.

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Client: hello")
struct ClientHelloTests {
    static let greeting: [ClientTranscript] = [
        .init(
            "EHLO, a message that is not begun, and QUIT",
            """
            S: 220 mx.y.example ESMTP
            C: EHLO me.example
            S: 250 mx.y.example
            > ready
            ! quit
            C: QUIT
            S: 221 bye
            > close
            """),
        .init(
            "a server that knows no EHLO gets HELO, and offers nothing",
            """
            S: 220 mx
            C: EHLO me.example
            S: 500 what?
            C: HELO me.example
            S: 250-mx
            S: 250 PIPELINING
            > ready
            ! begin
            C: MAIL FROM:<a@x.example>
            """),
        .init(
            "a server that refuses HELO as well refuses us, and another host may be asked",
            """
            S: 220 mx
            C: EHLO me.example
            S: 502 5.5.1 what?
            C: HELO me.example
            S: 550 5.7.1 go away
            > refused failed next 5.7.1 hello: Upstream error: 550 5.7.1 go away
            C: QUIT
            S: 221 bye
            > close
            """),
        .init(
            "a 4xx to EHLO is no reason for HELO",
            """
            S: 220 mx
            C: EHLO me.example
            S: 450 later
            > refused deferred next 4.0.0 hello: Upstream error: 450 later
            C: QUIT
            ! closed
            """),
        .init(
            "554 as greeting",
            """
            S: 554-no
            S: 554 really
            > refused failed next 5.0.0 greeting: Upstream error: 554 no really
            C: QUIT
            ! timeout
            > close
            """),
        .init(
            "421 as greeting",
            """
            S: 421 4.3.2 busy
            > refused deferred next 4.3.2 greeting: Upstream error: 421 4.3.2 busy
            > close 421 4.3.2 busy
            """),
        .init(
            "354 as greeting",
            """
            S: 354 go on
            > refused deferred next 4.5.0 greeting: Unexpected greeting: 354 go on
            > close Unexpected greeting: 354 go on
            """),
        .init(
            "something that speaks another protocol",
            """
            S: SSH-2.0-OpenSSH_9.2
            > refused failed next 5.5.0 greeting: Unrecognized response from upstream server: SSH-2.0-OpenSSH_9.2
            > close Unrecognized response from upstream server: SSH-2.0-OpenSSH_9.2
            S: 220 too late
            ! begin
            > done for good
            > b@y.example deferred next stale 4.4.2 closed: The connection has ended
            """),
        .init(
            "no greeting",
            """
            ! timeout
            > refused deferred next 4.4.2 greeting: Timeout of 300 s: no greeting
            > close Timeout of 300 s: no greeting
            """),
        .init(
            "a connection that ends before its greeting",
            """
            ! closed
            > refused deferred next 4.4.2 greeting: Connection closed by the server before the greeting
            """),
        .init(
            "two greetings at once: the second is taken for the reply to EHLO, which is as it is",
            """
            S: &220 mx
            S: 220 mx
            C: EHLO me.example
            > ready
            """),
        .init(
            "LMTP says LHLO, and does not fall back",
            """
            S: 220 mx
            C: LHLO me.example
            S: 500 what?
            > refused failed next 5.0.0 hello: Upstream error: 500 what?
            C: QUIT
            """, .with { $0.isLMTP = true }),
        .init(
            "421 while idle",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250 mx
            > ready
            S: 421 idle for too long
            > close 421 idle for too long
            """),
        .init(
            "a reply that nobody has asked for, while idle",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250 mx
            > ready
            S: 250 OK
            > close Unexpected next message: 250 OK
            """),
        .init(
            "begun too early, a message is deferred, and the dialogue goes on",
            """
            ! begin
            > done for good
            > b@y.example deferred 4.5.0 greeting: The dialogue is busy
            S: 220 mx
            C: EHLO me.example
            """),
        .init(
            "given up before the server has said a word",
            """
            ! quit
            > refused deferred 4.3.0 greeting: The delivery was given up
            > close The delivery was given up
            ! quit
            ! timeout
            ! closed
            S: 220 mx
            """),
    ]

    @Test("greeting and hello", arguments: greeting)
    func greets(_ transcript: ClientTranscript) { transcript.check() }

    @Test("capabilities are read in any letter case, and what is no number is no limit")
    func capabilities() {
        let lines = [
            "mx says hello", "size", "PIPELINING", "8bitmime", "AUTH plain LOGIN", "AUTH=LOGIN cram-md5", "DSN",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES", "XCLIENT ADDR name", "CHUNKING", "", "STARTTLS",
        ]
        let offers = ClientCapabilities(reply: lines)
        #expect(offers.lines == Array(lines.dropFirst()))
        #expect(offers.sizeLimit == 0)
        #expect(offers.hasPipelining && offers.has8BitMIME && offers.hasDSN && offers.hasSMTPUTF8)
        #expect(offers.hasStartTLS && offers.hasEnhancedStatusCodes)
        #expect(offers.mechanisms == ["PLAIN", "LOGIN", "CRAM-MD5"])
        #expect(offers.xclient == ["ADDR", "NAME"])
        #expect(ClientCapabilities(reply: ["mx", "SIZE 1000"]).sizeLimit == 1000)
        #expect(ClientCapabilities(reply: ["mx", "SIZE -1"]).sizeLimit == 0)
        #expect(ClientCapabilities(reply: ["mx", "SIZE 99999999999999999999999"]).sizeLimit == 0)
        #expect(ClientCapabilities(reply: ["SIZE 1000"]) == ClientCapabilities())
    }

    @Test(
        "the name in EHLO is one word, whatever it was",
        arguments: [
            ("me.example", "me.example"), ("a b\r\nQUIT", "abQUIT"), ("", "localhost"), ("\u{E9}.example", ".example"),
            ("[192.0.2.1]", "[192.0.2.1]"),
        ])
    func helo(name: String, sent: String) {
        #expect(ClientPlay.play("S: 220 mx", ClientSettings(helo: name)).last == "C: EHLO \(sent)")
    }

    @Test("the server's name is the first word of its last hello")
    func serverName() {
        let play = ClientPlay()
        play.server(["220 greeting.example"])
        #expect(play.machine.serverName == "")
        play.server(["250 mx.example at your service"])
        #expect(play.machine.serverName == "mx.example")
    }

    @Test("each step has its time limit")
    func timeLimits() {
        let play = ClientPlay(.with { $0.timeLimits.command = 42 })
        #expect(play.machine.timeLimit == 300)
        play.server(["220 mx"])
        #expect(play.machine.timeLimit == 42)
        play.server(["250 mx"])
        #expect(play.machine.timeLimit == nil)
        play.event("begin")
        #expect(play.machine.timeLimit == 42)
        play.server(["250 OK"])
        play.server(["250 OK"])
        #expect(play.machine.stage == .data)
        #expect(play.machine.timeLimit == 120)
        play.server(["354 go on"])
        #expect(play.machine.timeLimit == 180)
        play.event("sent")
        #expect(play.machine.timeLimit == 600)
        play.server(["250 OK"])
        play.event("quit")
        #expect(play.machine.timeLimit == 10)
        play.server(["221 bye"])
        #expect(play.machine.timeLimit == nil)
        let all = ClientTimeLimits(each: 7)
        for stage in ClientStage.allCases where stage != .idle && stage != .closed { #expect(all[stage] == 7) }
    }
}
