// SMTP smuggling: sequences that some server takes for the end of data and that must not be one here.

import SMTPSyntax
import Testing

@Suite("Smuggling")
struct SmugglingTests {
    /// Sequence, its content under replace, its content under accept.
    static let sequences: [(String, String, String)] = [
        ("\n.\n", "\r\n.\r\n", "\n.\n"),
        ("\r.\r", "\r\n.\r\n", "\r.\r"),
        ("\n.\r\n", "\r\n.\r\n", "\n.\r\n"),
        ("\r.\r\n", "\r\n.\r\n", "\r.\r\n"),
        ("\r\n.\n", "\r\n\r\n", "\r\n\n"),
        ("\r\n.\r", "\r\n\r\n", "\r\n\r"),
        ("\r\n\u{0}.\r\n", "\r\n\u{0}.\r\n", "\r\n\u{0}.\r\n"),
        ("\r\n.\u{0}\r\n", "\r\n\u{0}\r\n", "\r\n\u{0}\r\n"),
        ("\r\n.\r\u{0}\n", "\r\n\r\n\u{0}\r\n", "\r\n\r\u{0}\n"),
        ("\r\n.\r\r\n", "\r\n\r\n\r\n", "\r\n\r\r\n"),
        ("\n\n.\r\n", "\r\n\r\n.\r\n", "\n\n.\r\n"),
        ("\r\r.\r\n", "\r\n\r\n.\r\n", "\r\r.\r\n"),
        ("\n\r.\r\n", "\r\n\r\n.\r\n", "\n\r.\r\n"),
        ("\n.\n\r\n", "\r\n.\r\n\r\n", "\n.\n\r\n"),
        ("\r\n. \r\n", "\r\n \r\n", "\r\n \r\n"),
        ("\n..\r\n", "\r\n..\r\n", "\n..\r\n"),
    ]

    @Test("the sequence does not end the message, under no policy", arguments: sequences)
    func noEnd(sequence: String, replaced: String, accepted: String) {
        let wire = "a" + sequence + "MAIL FROM:<b@c>\r\n.\r\n"
        for policy in BareNewlinePolicy.allCases {
            let decoded = Decoded(wire + "QUIT\r\n", policy)
            #expect(decoded.ended)
            #expect(decoded.consumed == wire.utf8.count)
        }
    }

    @Test("its content is exact under replace and under accept", arguments: sequences)
    func exactContent(sequence: String, replaced: String, accepted: String) {
        let wire = "a" + sequence + "b\r\n.\r\n"
        #expect(Decoded(wire, .replace).content == "a" + replaced + "b\r\n")
        #expect(Decoded(wire, .accept).content == "a" + accepted + "b\r\n")
    }

    @Test(
        "reject notices the sequence if it holds a bare CR or LF, and hands nothing on behind it",
        arguments: sequences)
    func noticed(sequence: String, replaced: String, accepted: String) {
        let isBare = sequence != "\r\n\u{0}.\r\n" && sequence != "\r\n.\u{0}\r\n" && sequence != "\r\n. \r\n"
        let decoded = Decoded("a" + sequence + "b\r\n.\r\n", .reject)
        #expect(decoded.sawBareNewline == isBare)
        #expect(decoded.content.contains("b") == !isBare)
    }

    @Test("CR CR LF is a bare CR and then a true line end")
    func doubleCR() {
        for policy in BareNewlinePolicy.allCases {
            let decoded = Decoded("a\r\r\n.\r\nQUIT\r\n", policy)
            #expect(decoded.ended)
            #expect(decoded.consumed == 7)
            #expect(decoded.sawBareNewline)
        }
        #expect(Decoded("a\r\r\n.\r\n", .replace).content == "a\r\n\r\n")
        #expect(Decoded("a\r\r\n.\r\n", .accept).content == "a\r\r\n")
    }

    @Test(
        "a sequence at the very beginning does not end the message either",
        arguments: [
            ".\n", ".\r", "\n.\r\n", "\r.\r\n", "\u{0}.\r\n", ".\r\r\n", " .\r\n",
        ])
    func atTheBeginning(sequence: String) {
        for policy in BareNewlinePolicy.allCases {
            let decoded = Decoded(sequence + "a\r\n.\r\n", policy)
            #expect(decoded.consumed == sequence.utf8.count + 6)
            #expect(decoded.ended)
        }
    }
}
