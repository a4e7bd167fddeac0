// What MAIL and RCPT say, by what the server offers and the envelope needs.

import HarakaCore
import SMTPSyntax
import Testing

@Suite("Client: envelopes")
struct ClientEnvelopeTests {
    static let everything = ["SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN"]

    /// What `envelope` makes a server hear that offers `offers`, and says yes to all.
    static func said(_ envelope: ClientEnvelope, _ offers: [String]) -> [String] {
        let script = ClientMailTests.opened(offers) + "! begin" + String(repeating: "\nS: 250 OK", count: 4)
        let lines = ClientPlay.play(script, .test, envelope)
        return lines.filter { $0.hasPrefix("C: ") || $0.hasPrefix("> ") }.dropFirst(2).filter { $0 != "C: DATA" }
            .filter { !$0.hasPrefix("> close") && !$0.hasPrefix("> done") && !$0.hasSuffix("250 OK") }
    }

    static let needsUTF8 = "The address needs SMTPUTF8, which the server does not offer"

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let envelope: ClientEnvelope
        let offers: [String]
        let said: [String]

        init(_ name: String, _ envelope: ClientEnvelope, _ offers: [String], _ said: [String]) {
            (testDescription, self.envelope, self.offers, self.said) = (name, envelope, offers, said)
        }
    }

    static let eightBit = ClientEnvelope.with(["b@y.example"]) { $0.is8Bit = true }
    static let notified = ClientEnvelope.with(["b@y.example", "c@y.example", "d@y.example"]) {
        $0.returnsFullMessage = false
        $0.envelopeID = "a+b=c d"
        $0.notifications = [
            .init(notify: [.success, .delay], original: "rfc822;b+2Bx@y.example"), .init(notify: []),
        ]
    }

    static let parameters: [Case] = [
        .init(
            "nothing is offered, so nothing is said", eightBit, [],
            ["C: MAIL FROM:<a@x.example>", "C: RCPT TO:<b@y.example>"]),
        .init(
            "SIZE, and BODY for what is 8-bit", eightBit, ["SIZE", "8BITMIME"],
            ["C: MAIL FROM:<a@x.example> SIZE=100 BODY=8BITMIME", "C: RCPT TO:<b@y.example>"]),
        .init(
            "no BODY for what is 7-bit", .test, everything,
            ["C: MAIL FROM:<a@x.example> SIZE=100", "C: RCPT TO:<b@y.example>"]),
        .init(
            "no SIZE of a message whose size is not known", .with(["b@y.example"]) { $0.size = 0 }, everything,
            ["C: MAIL FROM:<a@x.example>", "C: RCPT TO:<b@y.example>"]),
        .init(
            "the null path", .of(["postmaster"], from: "<>"), everything,
            ["C: MAIL FROM:<> SIZE=100", "C: RCPT TO:<postmaster>"]),
        .init(
            "a source route is left out, and a quoted local part is not changed",
            .of([#""b >\"<"@Y.example"#], from: "<@r.example:a@x.example>"), [],
            ["C: MAIL FROM:<a@x.example>", #"C: RCPT TO:<"b >\"<"@y.example>"#]),
        .init(
            "what DSN has", notified, ["DSN"],
            [
                "C: MAIL FROM:<a@x.example> RET=HDRS ENVID=a+2Bb+3Dc+20d",
                "C: RCPT TO:<b@y.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bx@y.example",
                "C: RCPT TO:<c@y.example> NOTIFY=NEVER", "C: RCPT TO:<d@y.example>",
            ]),
        .init(
            "what DSN has, for a server that has not", notified, [],
            [
                "C: MAIL FROM:<a@x.example>", "C: RCPT TO:<b@y.example>", "C: RCPT TO:<c@y.example>",
                "C: RCPT TO:<d@y.example>",
            ]),
        .init(
            "an ORCPT that is none, and an ENVID that is too long",
            .with(["b@y.example"]) {
                $0.returnsFullMessage = true
                $0.envelopeID = String(repeating: "e", count: 101)
                $0.notifications = [.init(original: "rfc822;b NOTIFY=NEVER")]
            }, ["DSN"], ["C: MAIL FROM:<a@x.example> RET=FULL", "C: RCPT TO:<b@y.example>"]),
        .init(
            "SMTPUTF8 for an address that needs it", .of(["\u{FC}@y.example"]), everything,
            ["C: MAIL FROM:<a@x.example> SIZE=100 SMTPUTF8", "C: RCPT TO:<\u{FC}@y.example>"]),
        .init(
            "SMTPUTF8 for a domain that has a better form", .of(["b@\u{FC}.example"]), everything,
            ["C: MAIL FROM:<a@x.example> SIZE=100 SMTPUTF8", "C: RCPT TO:<b@\u{FC}.example>"]),
        .init(
            "SMTPUTF8 for a header that needs it", .with(["b@y.example"]) { $0.isUTF8 = true }, everything,
            ["C: MAIL FROM:<a@x.example> SIZE=100 SMTPUTF8", "C: RCPT TO:<b@y.example>"]),
        .init(
            "a header that needs SMTPUTF8 goes without it as it is", .with(["b@y.example"]) { $0.isUTF8 = true }, [],
            ["C: MAIL FROM:<a@x.example>", "C: RCPT TO:<b@y.example>"]),
        .init(
            "a domain has another form, a local part has none",
            .of(["b@\u{FC}.example", "\u{FC}@y.example", "d@y.example"], from: "<a@\u{E4}.example>"), [],
            [
                "C: MAIL FROM:<a@xn--test.example>", "C: RCPT TO:<b@xn--test.example>", "C: RCPT TO:<d@y.example>",
                "> \u{FC}@y.example failed 5.6.7 recipient: \(needsUTF8)",
            ]),
        .init(
            "a sender whose local part has no other form", .of(["b@y.example"], from: "<\u{E4}@x.example>"), [],
            [
                "> b@y.example failed 5.6.7 mail: The address needs SMTPUTF8, which the server does not offer",
                "> ready",
            ]),
        .init(
            "nobody who can be asked for", .of(["\u{FC}@y.example"]), [],
            [
                "> \u{FC}@y.example failed 5.6.7 recipient: \(needsUTF8)",
                "> ready",
            ]),
        .init(
            "a message that is too big is not begun", .with(["b@y.example", "c@y.example"]) { $0.size = 1001 },
            everything,
            [
                "> b@y.example failed 5.3.4 mail: Message of 1001 bytes is bigger than the 1000 that the server takes",
                "> c@y.example failed 5.3.4 mail: Message of 1001 bytes is bigger than the 1000 that the server takes",
                "> ready",
            ]),
        .init(
            "a message of the greatest size", .with(["b@y.example"]) { $0.size = 1000 }, everything,
            ["C: MAIL FROM:<a@x.example> SIZE=1000", "C: RCPT TO:<b@y.example>"]),
        .init(
            "a server without a limit", .with(["b@y.example"]) { $0.size = 1_000_000 }, ["SIZE 0"],
            ["C: MAIL FROM:<a@x.example> SIZE=1000000", "C: RCPT TO:<b@y.example>"]),
        .init("no recipients at all", .of([]), everything, ["> ready"]),
        .init(
            "the null path is nobody", .of([""]), everything,
            [">  failed 5.1.3 recipient: No recipient", "> ready"]),
    ]

    @Test("parameters", arguments: parameters)
    func says(_ given: Case) { #expect(Self.said(given.envelope, given.offers) == given.said) }

    @Test("who was not asked for has an outcome as well, in the order of the envelope")
    func unsendable() {
        let script =
            ClientMailTests.opened() + """
                ! begin
                C: MAIL FROM:<a@x.example>
                S: 250 OK
                C: RCPT TO:<d@y.example>
                S: 250 OK
                C: DATA
                S: 354 go on
                > message
                ! sent
                S: 250 OK
                > done
                > \u{FC}@y.example failed 5.6.7 recipient: The address needs SMTPUTF8, which the server does not offer
                > d@y.example delivered: 250 OK
                > ready
                """
        ClientTranscript("unsendable", script, .test, .of(["\u{FC}@y.example", "d@y.example"])).check()
    }

    @Test(
        "an 8-bit message is to be made 7-bit where 8BITMIME is not offered",
        arguments: [
            (["8BITMIME"], true, "> message"), ([], true, "> message 7bit"), ([], false, "> message"),
        ])
    func downgrade(offers: [String], is8Bit: Bool, action: String) {
        let envelope = ClientEnvelope.with(["b@y.example"]) { $0.is8Bit = is8Bit }
        let script = ClientMailTests.opened(offers) + "! begin\nS: 250 OK\nS: 250 OK\nS: 354 go on"
        #expect(ClientPlay.play(script, .test, envelope).last == action)
    }

    static let evil = [
        "b\r\nRSET", "b\nDATA", "b\rx", "\"b\r\n\"", "b>\r\nMAIL FROM:<e", "b\u{0}", "b\u{85}x", "b\u{2028}x", " ",
        "b> NOTIFY=NEVER",
        "\"", "\\", "b\u{7F}", "\u{FFFD}", "b@c", "<b>",
    ]

    @Test("no address makes two commands or a command with another's parameters", arguments: evil, evil)
    func injection(user: String, host: String) {
        var addresses = [Address(user: user, host: host)]
        for text in [
            "\(user)@\(host)", "<\(user)@\(host)>", "<\(user)@y.example>", "<b@\(host)>", "<@\(host):b@y.example>",
        ] {
            if let address = try? Address.parse(text, idna: { _ in host }) { addresses.append(address) }
        }
        for address in addresses {
            for offers in [[], ["SMTPUTF8"]] {
                let envelope = ClientEnvelope(from: address, recipients: [address, .test("<ok@y.example>")])
                let offers = ClientCapabilities(reply: ["mx"] + offers)
                let commands = ClientCommands(for: envelope, offers)
                for bytes in [try? commands.mail(), try? commands.rcpt(0)] { check(bytes) }
            }
        }
    }

    /// One line, which our own parser takes for one path, and for no parameter but SMTPUTF8.
    private func check(_ bytes: [UInt8]?) {
        guard let bytes else { return }
        #expect(bytes.suffix(2) == [13, 10])
        let line = bytes.dropLast(2)
        #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.hasPrefix("MAIL FROM:<") || text.hasPrefix("RCPT TO:<"))
        var isQuoted = false
        var isEscaped = false
        var closed: [Int] = []
        for (offset, octet) in line.enumerated() {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, octet == UInt8(ascii: "\\") {
                isEscaped = true
            } else if octet == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, octet == UInt8(ascii: ">") {
                closed.append(offset)
            }
        }
        #expect(!isQuoted && closed.count == 1)
        let rest = String(decoding: line.dropFirst((closed.first ?? 0) + 1), as: UTF8.self)
        #expect(rest == "" || rest == " SMTPUTF8")
    }
}
