// Messages for servers without 8BITMIME.

import MailMessage
import Testing

@Suite struct SevenBitFormTests {
    static func made(_ text: String) throws -> String {
        String(decoding: try madeSevenBit(Array(text.replacing("\n", with: "\r\n").utf8)), as: UTF8.self)
            .replacing("\r\n", with: "\n")
    }

    @Test("text becomes quoted-printable, and the header says so")
    func text() throws {
        let message = """
            Subject: a
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding:
              8bit
            X-Last: b

            Grüße = schön

            """
        #expect(
            try SevenBitFormTests.made(message) == """
                Subject: a
                MIME-Version: 1.0
                Content-Type: text/plain; charset=utf-8
                X-Last: b
                Content-Transfer-Encoding: quoted-printable

                Gr=C3=BC=C3=9Fe =3D sch=C3=B6n

                """)
    }

    @Test("a message without MIME-Version gets one, and other content becomes base64")
    func other() throws {
        #expect(
            try SevenBitFormTests.made("content-type: image/x\n\nä\n") == """
                content-type: image/x
                MIME-Version: 1.0
                Content-Transfer-Encoding: base64

                w6QNCg==

                """)
    }

    @Test("only what needs it changes in a multipart; declarations become true")
    func multipart() throws {
        let message = """
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b
            Content-Transfer-Encoding: 8bit

            préambule
            --b

            ascii
            --b
            Content-Type: text/html
            Content-Transfer-Encoding: 8bit

            <p>
            --b
            Content-Type: text/plain; charset=utf-8

            ä
            --b
            Content-Type: application/x
            Content-Transfer-Encoding: binary

            ö
            --b--
            épilogue

            """
        #expect(
            try SevenBitFormTests.made(message) == """
                MIME-Version: 1.0
                Content-Type: multipart/mixed; boundary=b
                Content-Transfer-Encoding: 7bit

                pr??ambule
                --b

                ascii
                --b
                Content-Type: text/html
                Content-Transfer-Encoding: 7bit

                <p>
                --b
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                =C3=A4
                --b
                Content-Type: application/x
                Content-Transfer-Encoding: base64

                w7Y=
                --b--
                ??pilogue

                """)
    }

    @Test("a message inside is taken apart, not encoded")
    func nested() throws {
        let message = """
            MIME-Version: 1.0
            Content-Type: multipart/digest; boundary=b

            --b

            Subject: inner

            ä
            --b
            Content-Type: message/rfc822
            Content-Transfer-Encoding: 8bit

            Content-Type: message/rfc822

            Content-Type: text/plain; charset=utf-8

            ö
            --b--

            """
        #expect(
            try SevenBitFormTests.made(message) == """
                MIME-Version: 1.0
                Content-Type: multipart/digest; boundary=b

                --b

                Subject: inner
                MIME-Version: 1.0
                Content-Transfer-Encoding: quoted-printable

                =C3=A4
                --b
                Content-Type: message/rfc822
                Content-Transfer-Encoding: 7bit

                Content-Type: message/rfc822

                Content-Type: text/plain; charset=utf-8
                MIME-Version: 1.0
                Content-Transfer-Encoding: quoted-printable

                =C3=B6
                --b--

                """)
    }

    @Test("encodings that hold other bytes all the same are written anew")
    func brokenEncodings() throws {
        let qp = "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4 ä\n"
        #expect(
            try SevenBitFormTests.made(qp) == """
                MIME-Version: 1.0
                Content-Transfer-Encoding: quoted-printable

                =C3=A4 =C3=A4

                """)
        #expect(try SevenBitFormTests.made("Content-Transfer-Encoding: base64\n\nw6\u{E4}Q=\n").hasSuffix("\n\nw6Q=\n"))
    }

    @Test(
        "a message of ASCII stays byte for byte, and its plan is empty",
        arguments: [
            "Subject: a\n\nb\n", "Subject: a\n", "", "\n", "\nx\n",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n",
            "Content-Transfer-Encoding: base64\n\nw6Q=\n",
        ])
    func untouched(_ message: String) throws {
        let bytes = Array(message.replacing("\n", with: "\r\n").utf8)
        let survey = SevenBitSurvey()
        bytes.withUnsafeBytes { survey.append($0) }
        #expect(try survey.finish().isEmpty)
        #expect(try madeSevenBit(bytes) == bytes)
    }

    @Test(
        "long lines, NUL, bare CR and bare LF are encoded, too",
        arguments: [
            String(repeating: "x", count: 999) + "\r\n", "a\u{0}b\r\n", "a\rb\r\n", "a\nb\r\n", "a\r",
        ])
    func improper(_ body: String) throws {
        let message = Array("Subject: a\r\n\r\n\(body)".utf8)
        let made = try madeSevenBit(message)
        #expect(String(decoding: made, as: UTF8.self).contains("quoted-printable"))
        var expected = Array(body.utf8)
        // A message always ends with a line end.
        if body.utf8.last != 0x0A { expected += [0x0D, 0x0A] }
        #expect(SeenMessage(made).parts.first?.content == expected)
        let fine = Array("Subject: a\r\n\r\n\(String(repeating: "x", count: 998))\r\n".utf8)
        #expect(try madeSevenBit(fine) == fine)
    }

    @Test("a field of more than 998 bytes is folded")
    func longField() throws {
        let message = "X: \(String(repeating: "y", count: 2000))\r\n\r\nä\r\n"
        let lines = try madeSevenBit(Array(message.utf8)).split(separator: 0x0A)
        #expect(lines.allSatisfy { $0.count <= 999 })
    }

    // MARK: what cannot be done

    @Test(
        "what cannot be converted says why",
        arguments: [
            ("Subject: ä\n\nx\n", SevenBitObstacle.header),
            ("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: ä\n\nx\n--b--\n", .header),
            ("Content-Type: message/rfc822\n\nSubject: ä\n\nx\n", .header),
            ("Content-Type: message/partial; id=a\n\nä\n", .part("message/partial")),
            ("Content-Type: multipart/mixed\n\nä\n", .part("multipart/mixed")),
            ("Content-Transfer-Encoding: x-uuencode\n\nä\n", .encoding("x-uuencode")),
            (String(repeating: "Content-Type: message/rfc822\n\n", count: 30) + "\nä\n", .structure),
        ])
    func obstacles(_ message: String, _ obstacle: SevenBitObstacle) {
        #expect(throws: obstacle) { try SevenBitFormTests.made(message) }
        #expect(obstacle.text.utf8.allSatisfy { $0 < 0x80 && $0 >= 0x20 })
    }

    @Test("too many parts are an obstacle only if there is something to be done")
    func manyParts() throws {
        let parts = [String](repeating: "--b\r\n\r\nx\r\n", count: 10_002).joined()
        let message = Array("Content-Type: multipart/mixed; boundary=b\r\n\r\n\(parts)".utf8)
        #expect(try madeSevenBit(message) == message)
        #expect(throws: SevenBitObstacle.structure) { try madeSevenBit(message + "ä\r\n".utf8) }
    }
}
