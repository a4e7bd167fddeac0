// AUTH, with the examples of the RFCs. What stands in braces goes over the wire in Base64.

import Testing

@testable import HarakaCore

@Suite("Client: AUTH")
struct ClientAuthTests {
    static func settings(
        _ user: String = "user", _ password: String = "pencil", mechanism: String = "", clear: Bool = true,
        crypto: SystemCrypto? = SystemCrypto()
    ) -> ClientSettings {
        .with {
            $0.credentials = ClientCredentials(
                user: user, password: password, mechanism: mechanism, allowsPlaintext: clear)
            $0.crypto = crypto
        }
    }

    /// Greeting and EHLO of a server that offers `mechanisms`.
    static func offered(_ mechanisms: String) -> String {
        """
        S: 220 mx
        C: EHLO me.example
        S: 250-mx
        S: 250 AUTH \(mechanisms)

        """
    }

    /// The same, under TLS.
    static func secured(_ mechanisms: String) -> String { "! tls\n" + offered(mechanisms) }

    static func encoded(_ script: String) -> String {
        var out = ""
        for part in script.split(separator: "{", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 {
                out += ClientBase64.encode(Array(halves[0].utf8)) + halves[1]
            } else {
                out += part
            }
        }
        return out
    }

    static func script(_ name: String, _ script: String, _ settings: ClientSettings) -> ClientTranscript {
        ClientTranscript(name, encoded(script), settings)
    }

    static let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    static let first = "r=\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

    static let good: [ClientTranscript] = [
        script(
            "PLAIN (RFC 4616)",
            offered("PLAIN LOGIN") + """
                C: AUTH PLAIN {\0user\0pencil}
                > shown AUTH PLAIN [hidden]
                S: 235 2.7.0 welcome
                > ready
                """, settings()),
        script(
            "LOGIN, whatever it asks",
            offered("LOGIN") + """
                C: AUTH LOGIN
                > shown AUTH LOGIN
                S: 334 {Username:}
                C: {user}
                > shown [hidden]
                S: 334 not even base64
                C: {pencil}
                > shown [hidden]
                S: 235 welcome
                > ready
                """, settings()),
        script(
            "CRAM-MD5 (RFC 2195)",
            offered("PLAIN CRAM-MD5") + """
                C: AUTH CRAM-MD5
                > shown AUTH CRAM-MD5
                S: 334 {<1896.697170952@postoffice.reston.mci.net>}
                C: {tim b913a602c7eda7a495b4e6e7334d3890}
                > shown [hidden]
                S: 235 welcome
                > ready
                """, settings("tim", "tanstaaftanstaaf", clear: false)),
        script(
            "SCRAM-SHA-256 (RFC 7677)",
            offered("PLAIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS") + """
                C: AUTH SCRAM-SHA-256 {n,,n=user,r=rOprNGfwEbeRWgbNEkqO}
                > shown AUTH SCRAM-SHA-256 [hidden]
                S: 334 {\(first)}
                C: {c=biws,r=\(nonce),p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=}
                > shown [hidden]
                S: 334 {v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=}
                C: {}
                > shown [hidden]
                S: 235 welcome
                > ready
                """, settings(clear: false)),
        script(
            "SCRAM-SHA-256-PLUS, bound to TLS",
            secured("SCRAM-SHA-256 SCRAM-SHA-256-PLUS") + """
                C: AUTH SCRAM-SHA-256-PLUS {p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO}
                > shown AUTH SCRAM-SHA-256-PLUS [hidden]
                S: 334 {\(first)}
                C: {c=cD10bHMtZXhwb3J0ZXIsLAECAw==,r=\(nonce),p=DSOzkGeRVjaCny/AZt5Dp1XEVB7Z16qKIL1OFnB85LE=}
                > shown [hidden]
                S: 334 {v=k3YxYJbVZhc6ufzXVYJPFy9OtuWbxBidrMVkO7vohFU=}
                C: {}
                > shown [hidden]
                S: 235 welcome
                > ready
                """, settings()),
        script(
            "SCRAM-SHA-256 under TLS from a server that offers no PLUS: it is told so",
            secured("SCRAM-SHA-256") + """
                C: AUTH SCRAM-SHA-256 {y,,n=user,r=rOprNGfwEbeRWgbNEkqO}
                > shown AUTH SCRAM-SHA-256 [hidden]
                S: 334 {\(first)}
                C: {c=eSws,r=\(nonce),p=FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=}
                > shown [hidden]
                """, settings()),
        script(
            "SCRAM-SHA-256 by name although PLUS is offered",
            secured("SCRAM-SHA-256 SCRAM-SHA-256-PLUS") + """
                C: AUTH SCRAM-SHA-256 {n,,n=user,r=rOprNGfwEbeRWgbNEkqO}
                > shown AUTH SCRAM-SHA-256 [hidden]
                """, settings(mechanism: "scram-sha-256")),
        script(
            "a user with a comma, and a password with a space that is none of ASCII's",
            offered("SCRAM-SHA-256") + """
                C: AUTH SCRAM-SHA-256 {n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO}
                > shown AUTH SCRAM-SHA-256 [hidden]
                S: 334 {\(first)}
                C: {c=biws,r=\(nonce),p=vt3Lm3E8hkfIJ7D6j1Q9MWoylsmmoc1sCAuFpeVog0Y=}
                > shown [hidden]
                """, settings("a,b=c", "p\u{E9}\u{A0}\u{AD}n")),
        script(
            "the mechanism that was asked for, not the best",
            offered("SCRAM-SHA-256 PLAIN") + """
                C: AUTH PLAIN {\0user\0pencil}
                > shown AUTH PLAIN [hidden]
                """, settings(mechanism: "plain")),
        script(
            "PLAIN without leave, but under TLS",
            secured("PLAIN") + """
                C: AUTH PLAIN {\0user\0pencil}
                > shown AUTH PLAIN [hidden]
                """, settings(clear: false)),
        script(
            "AUTH= of old servers",
            """
            S: 220 mx
            C: EHLO me.example
            S: 250-mx
            S: 250 AUTH=PLAIN
            C: AUTH PLAIN {\0user\0pencil}
            > shown AUTH PLAIN [hidden]
            """, settings()),
        script(
            "an initial response that is too long for its line comes after a challenge",
            offered("PLAIN") + """
                C: AUTH PLAIN
                > shown AUTH PLAIN
                S: 334
                C: {\0user\0\(String(repeating: "p", count: 400))}
                > shown [hidden]
                S: 235 welcome
                > ready
                """, settings("user", String(repeating: "p", count: 400))),
    ]

    @Test("AUTH that succeeds", arguments: good)
    func succeeds(_ transcript: ClientTranscript) { transcript.check() }

    @Test("nothing that is printed holds a password")
    func hidden() {
        let play = ClientPlay(Self.settings("somebody", "topsecret"))
        play.event("tls")
        play.server(["220 mx"])
        play.server(["250-mx", "250 AUTH PLAIN"])
        let secret = ClientBase64.encode(Array("\0somebody\0topsecret".utf8))
        #expect(play.lines.last == "> shown AUTH PLAIN [hidden]")
        #expect(play.lines.contains("C: AUTH PLAIN \(secret)"))
        var dumped = ""
        dump(play.actions, to: &dumped)
        dump(play.machine.settings, to: &dumped)
        let texts = [
            dumped, "\(play.actions)", "\(play.machine.settings)", String(reflecting: play.machine.settings),
            String(reflecting: play.actions),
        ]
        for text in texts {
            #expect(!text.contains("topsecret"))
            #expect(!text.contains(secret))
            #expect(text.contains("hidden"))
            // Nor its bytes.
            #expect(!text.contains("116, 111, 112, 115"))
        }
    }

    @Test(
        "Base64 is strict",
        arguments: [
            ("", []), ("YQ==", [97]), ("YWI=", [97, 98]), ("YWJj", [97, 98, 99]), ("/+8=", [0xFF, 0xEF]),
            ("YQ=", nil), ("YQ", nil), ("YR==", nil), ("YWJ=", nil), ("Y===", nil), ("YQ==YQ==", nil), ("Y Q=", nil),
            ("====", nil), ("YQ\u{E9}", nil),
        ] as [(String, [UInt8]?)])
    func base64(text: String, bytes: [UInt8]?) {
        #expect(ClientBase64.decode(text) == bytes)
        if let bytes { #expect(ClientBase64.encode(bytes) == text) }
    }
}
