// body/1: the parts of a message, read where it is kept.

import HarakaCore
import HarakaPluginABI
import MailMessage
import Testing

@testable import HarakaPluginHost

/// A text, a file, and a message without its end.
private let mailText = """
    From: a@example.com\r
    Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
    \tund mehr\r
    Content-Type: multipart/mixed; boundary=outer\r
    \r
    preamble\r
    --outer\r
    Content-Type: text/plain; charset=ISO-8859-1\r
    Content-Transfer-Encoding: quoted-printable\r
    \r
    Gr=FC=DFe\r
    --outer\r
    Content-Type: application/octet-stream; name=x.bin\r
    Content-Disposition: attachment; filename*=utf-8''%E2%82%AC.bin\r
    Content-Transfer-Encoding: base64\r
    \r
    AAECAwQ=\r
    --outer\r
    \r
    no end\r

    """

extension ZooTests {
    @Suite("parts") struct Parts {
        private func load(
            _ zoo: Zoo, _ text: String = mailText, parses: Bool = true, spoolAfter: Int = 262_144
        ) throws -> ZooClient {
            try zoo.install("p", "parts.c")
            try zoo.load("p")
            let client = zoo.connect()
            client.beginTransaction()
            zoo.loop.run { client.connection.transaction?.body.parses = parses }
            client.receive(text, spoolAfter: spoolAfter, pieces: 11)
            return client
        }

        @Test(
            "all parts with their properties, parsed in time or not, in memory or on disk", arguments: [true, false],
            [262_144, 0])
        func tree(parses: Bool, spoolAfter: Int) throws {
            try withZoo { zoo in
                let client = try load(zoo, parses: parses, spoolAfter: spoolAfter)
                #expect(zoo.heard() == ["p: root SUCCESS"])
                client.command("TREE")
                let head = try #require(mailText.firstRange(of: "\r\n\r\n"))
                let body = mailText[head.upperBound...].utf8.count
                let said = [
                    #"0 0 "multipart/mixed" "" "7bit" "" "" "outer" \#(body) false false 3 ABSENT"#,
                    #"1 1 "text/plain" "iso-8859-1" "quoted-printable" "" "" "" 9 false true 0 in 0"#,
                    #"2 1 "application/octet-stream" "" "base64" "attachment" "€.bin" "" 8 true true 0 in 0"#,
                    #"3 1 "text/plain" "" "7bit" "" "" "" 8 false false 0 in 0"#,
                ]
                #expect(zoo.heard() == said.map { "p: \($0)" })
                client.command("COUNT")
                #expect(zoo.heard() == ["p: 4 parts, seen \(parses ? 4 : 0)"])
            }
        }

        @Test("a part is read raw, decoded and as text; a multipart raw only", arguments: [262_144, 0])
        func reading(spoolAfter: Int) throws {
            try withZoo { zoo in
                let client = try load(zoo, spoolAfter: spoolAfter)
                _ = zoo.heard()
                for asked in ["1 0", "1 2", "2 0", "2 1", "3 2", "0 1", "0 2"] { client.command("OPEN", asked) }
                let said = [
                    "9: Gr=FC=DFe", "7: Grüße", "8: AAECAwQ=", "5: @\u{1}\u{2}\u{3}\u{4}", "8: no end\r\n",
                    "open TYPE", "open TYPE",
                ]
                #expect(zoo.heard() == said.map { "p: \($0)" })
            }
        }

        @Test("a part's own header, as it stands and decoded; the whole message's with what plugins changed")
        func headers() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                _ = zoo.heard()
                zoo.loop.run { client.connection.transaction?.edit(.addEnd(name: "X-New", value: "1")) }
                for asked in ["2 0 content-transfer-encoding", "0 1 subject", "0 0 x-new", "3 0 content-type"] {
                    client.command("HEADER", asked)
                }
                let said = [
                    "SUCCESS", #"["base64"]"#, "SUCCESS", "[\"Grüße\tund mehr\"]", "SUCCESS", #"["1"]"#, "ABSENT", "[]",
                ]
                #expect(zoo.heard() == said.map { "p: \($0)" })
            }
        }

        @Test("fields decoded, and all lines of the header as they stand")
        func fields() throws {
            try withZoo { zoo in
                let client = try load(zoo, "A: 1\r\nSubject: =?utf-8?q?x=20y?=\r\n z\r\n\r\nbody\r\n")
                _ = zoo.heard()
                client.command("FIELDS", "subject")
                let lines = "[\"A: 1\",\"Subject: =?utf-8?q?x=20y?=\r\n z\"]"
                #expect(zoo.heard() == ["SUCCESS", #"["x y z"]"#, "SUCCESS", lines, "ARGUMENT"].map { "p: \($0)" })
                client.endTransaction()
                client.beginTransaction()
                client.command("FIELDS", "subject")
                #expect(zoo.heard() == ["ABSENT", "[]", "STATE", "null", "ARGUMENT"].map { "p: \($0)" })
            }
        }

        @Test("before the message has ended there are no parts, and too many are a status")
        func tooEarly() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.endTransaction()
                client.beginTransaction()
                _ = zoo.heard()
                client.command("ROOT")
                let sink = client.beginMessage()
                client.send(mailText, to: sink)
                client.command("ROOT")
                #expect(zoo.heard() == ["p: STATE", "p: STATE"])
                client.endTransaction()
                client.beginTransaction()
                var limits = BodyLimits()
                limits.parts = 2
                let other = client.beginMessage(limits: limits)
                client.send(mailText, to: other)
                zoo.loop.run { other.end() }
                client.command("ROOT")
                #expect(zoo.heard() == ["p: LIMIT"])
            }
        }

        @Test("a part of a transaction that is over names nothing, and that is in the log")
        func stale() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                client.endTransaction()
                _ = zoo.heard()
                client.command("KEPT")
                client.beginTransaction()
                client.receive(mailText)
                client.command("KEPT")
                #expect(zoo.heard() == ["p: HANDLE", "p: root SUCCESS", "p: SUCCESS"])
                let errors = zoo.log.messages(HARAKA_LOG_ERROR)
                #expect(errors == ["p used a part handle that names nothing (any more)"])
                client.endTransaction()
                zoo.loop.run { #expect(zoo.host.bodies.isEmpty) }
            }
        }

        @Test("forged handles, missing pointers and numbers out of range are statuses")
        func misuse() throws {
            try withZoo { zoo in
                let client = try load(zoo)
                _ = zoo.heard()
                client.command("MISUSE")
                let said = [
                    "HANDLE", "ARGUMENT", "ABSENT", "zero 1", "SUCCESS", "ABSENT", "ARGUMENT", "ABSENT", "ARGUMENT",
                    "ARGUMENT", "ABSENT", "ABSENT", "ARGUMENT", "ARGUMENT", "ABSENT", "ARGUMENT", "ARGUMENT",
                    "ARGUMENT", "HANDLE", "HANDLE", "HANDLE",
                ]
                #expect(zoo.heard() == said.map { "p: \($0)" })
            }
        }
    }
}
