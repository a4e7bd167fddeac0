// AUTH that is not to be had, and AUTH that fails.

import Testing

@testable import HarakaCore

extension ClientAuthTests {
    static func without(_ name: String, _ offer: String, _ why: String, _ settings: ClientSettings) -> ClientTranscript
    {
        script(name, offer + "> warn AUTH is configured but \(why); going on without\n> ready", settings)
    }

    static let not: [ClientTranscript] = [
        without(
            "not offered", "S: 220 mx\nC: EHLO me.example\nS: 250 mx\n", "not offered", settings()),
        without(
            "none in common", offered("GSSAPI NTLM"),
            "no mechanism will do (offered: GSSAPI NTLM; ours: SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN, "
                + "and no TLS for PLAIN and LOGIN)", settings()),
        without(
            "not the one that was asked for", secured("PLAIN LOGIN"),
            "no mechanism will do (offered: PLAIN LOGIN; ours: CRAM-MD5)", settings(mechanism: "cram-md5")),
        without(
            "the password in the clear, which is not allowed", offered("PLAIN LOGIN"),
            "no mechanism will do (offered: PLAIN LOGIN; ours: SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN, "
                + "and no TLS for PLAIN and LOGIN)", settings(clear: false)),
        without(
            "PLUS without TLS", offered("SCRAM-SHA-256-PLUS"),
            "no mechanism will do (offered: SCRAM-SHA-256-PLUS; ours: SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN "
                + "LOGIN, and no TLS for PLAIN and LOGIN)", settings()),
        without(
            "digests without a library", secured("CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS"),
            "no mechanism will do (offered: CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS; ours: SCRAM-SHA-256-PLUS "
                + "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN)", settings(crypto: nil)),
    ]

    @Test("AUTH that cannot be had is warned of", arguments: not)
    func goesOn(_ transcript: ClientTranscript) { transcript.check() }

    static let failing: [ClientTranscript] = [
        script(
            "a wrong password: returned, as the server says",
            offered("PLAIN") + """
                C: AUTH PLAIN {\0user\0pencil}
                > shown AUTH PLAIN [hidden]
                S: 535 5.7.8 no
                > refused failed 5.7.8 auth: Upstream error: 535 5.7.8 no
                C: QUIT
                """, settings()),
        script(
            "not now",
            offered("PLAIN") + """
                C: AUTH PLAIN {\0user\0pencil}
                > shown AUTH PLAIN [hidden]
                S: 454 4.7.0 later
                > refused deferred next 4.7.0 auth: Upstream error: 454 4.7.0 later
                C: QUIT
                """, settings()),
        script(
            "a challenge to PLAIN",
            offered("PLAIN") + """
                C: AUTH PLAIN {\0user\0pencil}
                > shown AUTH PLAIN [hidden]
                S: 334 {more?}
                C: *
                S: 501 cancelled
                > refused deferred next 4.7.0 auth: AUTH failed: a challenge too many
                C: QUIT
                """, settings()),
        script(
            "a third challenge to LOGIN",
            offered("LOGIN") + """
                C: AUTH LOGIN
                > shown AUTH LOGIN
                S: 334 a
                C: {user}
                > shown [hidden]
                S: 334 b
                C: {pencil}
                > shown [hidden]
                S: 334 c
                C: *
                ! timeout
                > refused deferred next 4.4.2 auth: Timeout of 300 s: no reply to AUTH
                > close Timeout of 300 s: no reply to AUTH
                """, settings()),
        script(
            "a challenge that is no Base64",
            offered("CRAM-MD5") + """
                C: AUTH CRAM-MD5
                > shown AUTH CRAM-MD5
                S: 334 a=b
                C: *
                S: 501 cancelled
                > refused deferred next 4.7.0 auth: AUTH failed: a challenge that is no Base64
                C: QUIT
                """, settings()),
        script(
            "no MD5 in this library: our failure, and nobody's mail is returned",
            offered("CRAM-MD5") + """
                C: AUTH CRAM-MD5
                > shown AUTH CRAM-MD5
                S: 334 {<1@x>}
                C: *
                S: 501 cancelled
                > refused deferred next 4.7.0 auth: AUTH failed: no MD5 here
                C: QUIT
                """, settings(crypto: SystemCrypto(hasMD5: false))),
        script(
            "no random numbers",
            offered("SCRAM-SHA-256") + """
                > refused deferred next 4.7.0 auth: AUTH failed: no random numbers for SCRAM-SHA-256
                C: QUIT
                """, settings(crypto: SystemCrypto(hasNonce: false))),
        script(
            "a password with a NUL",
            offered("PLAIN") + """
                > refused deferred next 4.7.0 auth: AUTH failed: user or password with a NUL
                C: QUIT
                """, settings("user", "a\0b")),
        script(
            "a server that is content before it has proven itself",
            offered("SCRAM-SHA-256") + """
                C: AUTH SCRAM-SHA-256 {n,,n=user,r=rOprNGfwEbeRWgbNEkqO}
                > shown AUTH SCRAM-SHA-256 [hidden]
                S: 235 welcome
                > refused deferred next 4.7.0 auth: AUTH failed: the server does not prove that it knows us
                > close AUTH without proof
                """, settings()),
    ]

    @Test("AUTH that fails", arguments: failing)
    func fails(_ transcript: ClientTranscript) { transcript.check() }

    @Test(
        "a first message of SCRAM that is not as it must be ends the exchange",
        arguments: [
            (first.replacing("4096", with: "4095"), "4095 iterations"),
            (first.replacing("4096", with: "1000001"), "1000001 iterations"),
            (first.replacing("4096", with: "x"), "a first message that is none"),
            (first.replacing("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", with: ""), "a nonce that is not ours"),
            (first.replacing("r=rO", with: "r=xO"), "a nonce that is not ours"),
            (first.replacing("s=W22ZaJ0SNY7soEsUEjb6gQ==", with: "s="), "a first message that is none"),
            ("m=x," + first, "a first message that is none"),
            ("", "a first message that is none"),
        ])
    func firstMessage(message: String, why: String) {
        let lines = ClientPlay.play(
            Self.encoded(Self.offered("SCRAM-SHA-256") + "S: 334 {\(message)}\nS: 501 cancelled"), Self.settings())
        #expect(lines.contains("C: *"))
        #expect(lines.contains("> refused deferred next 4.7.0 auth: AUTH failed: \(why)"))
    }

    @Test(
        "a server that does not prove itself is not believed",
        arguments: ["v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "e=other-error", "v=", ""])
    func proof(message: String) {
        let said = Self.offered("SCRAM-SHA-256") + "S: 334 {\(Self.first)}\nS: 334 {\(message)}\nS: 235 welcome"
        let lines = ClientPlay.play(Self.encoded(said), Self.settings())
        #expect(
            lines.suffix(2) == [
                "> refused deferred next 4.7.0 auth: AUTH failed: the server does not prove that it knows us",
                "C: QUIT",
            ])
        #expect(!lines.contains("> ready"))
    }
}
