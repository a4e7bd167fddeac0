// PLAIN, LOGIN, CRAM-MD5, OAUTHBEARER, XOAUTH2, and the lines that they come in.
import HarakaPluginKit
import Testing

@testable import AuthBase

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite("PLAIN")
struct PlainTests {
    @Test("the examples of RFC 4616 section 4")
    func examples() {
        var plain = Plain()
        #expect(
            plain.begin(bytes("\0tim\0tanstaaftanstaaf")) == .ask(.password(user: "tim", password: "tanstaaftanstaaf")))
        // Kurt wants to act as Ursel, which nobody may here.
        plain = Plain()
        #expect(plain.begin(bytes("Ursel\0Kurt\0xipj3plmq")) == .refused)
        #expect(plain.user == "Kurt")
    }

    @Test("who names himself twice acts for himself")
    func itself() {
        var plain = Plain()
        #expect(plain.begin(bytes("tim\0tim\0p w")) == .ask(.password(user: "tim", password: "p w")))
        #expect(plain.user == "tim")
    }

    @Test("without an initial response it is asked for once")
    func asked() {
        var plain = Plain()
        #expect(plain.begin(nil) == .challenge([]))
        #expect(plain.received([]) == .badProtocol)
        #expect(plain.received(bytes("\0a\0b")) == .ask(.password(user: "a", password: "b")))
    }

    @Test(
        "what is not two NULs between UTF-8 is malformed",
        arguments: ["", "\0", "\0\0", "a\0b", "\0a\0", "\0\0b", "a\0\0b", "\0a\0b\0", "\0a\0b\0c", "\0\0\0"])
    func malformed(message: String) {
        var plain = Plain()
        #expect(plain.begin(bytes(message)) == .malformed)
    }

    @Test("bytes that are not UTF-8 are not made into some")
    func notUTF8() {
        for wrong: [UInt8] in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] {
            var plain = Plain()
            #expect(plain.begin([0] + bytes("a") + [0] + wrong) == .malformed)
            #expect(plain.begin([0] + wrong + [0] + bytes("a")) == .malformed)
        }
        var plain = Plain()
        #expect(
            plain.begin(bytes("\0jos\u{E9}\0\u{1F511}")) == .ask(.password(user: "jos\u{E9}", password: "\u{1F511}")))
    }

    @Test("each cut of a message is malformed, or has a shorter password")
    func cuts() {
        let whole = bytes("\0tim\0secret")
        for count in 0..<whole.count {
            var plain = Plain()
            let step = plain.begin(Array(whole.prefix(count)))
            guard count > 5 else {
                #expect(step == .malformed)
                continue
            }
            #expect(step == .ask(.password(user: "tim", password: String("secret".prefix(count - 5)))))
        }
    }

    @Test("ten kilobytes of NULs, or of password, are no trouble")
    func huge() {
        var plain = Plain()
        #expect(plain.begin([UInt8](repeating: 0, count: 10_000)) == .malformed)
        let long = String(repeating: "x", count: 9_000)
        #expect(plain.begin(bytes("\0a\0" + long)) == .ask(.password(user: "a", password: long)))
    }
}

@Suite("LOGIN")
struct LoginTests {
    @Test("name, then password")
    func inTwo() {
        var login = Login()
        #expect(login.begin(nil) == .challenge(bytes("Username:")))
        #expect(login.received(bytes("tim")) == .challenge(bytes("Password:")))
        #expect(login.received(bytes("secret")) == .ask(.password(user: "tim", password: "secret")))
    }

    @Test("the name may come with the command")
    func inOne() {
        var login = Login()
        #expect(login.begin(bytes("tim")) == .challenge(bytes("Password:")))
        #expect(login.received(bytes("secret")) == .ask(.password(user: "tim", password: "secret")))
        #expect(login.user == "tim")
    }

    @Test("no name, no password, a NUL in either")
    func malformed() {
        var login = Login()
        #expect(login.begin([]) == .badProtocol)
        login = Login()
        _ = login.begin(nil)
        #expect(login.received([]) == .badProtocol)
        #expect(login.received(bytes("a\0b")) == .malformed)
        login = Login()
        _ = login.begin(bytes("tim"))
        #expect(login.received([]) == .malformed)
        // crypt(3) would stop at the NUL.
        #expect(login.received(bytes("secret\0more")) == .malformed)
        #expect(login.received([0xFF]) == .malformed)
    }
}

@Suite("CRAM-MD5")
struct CramMD5Tests {
    private let ticket = "<1896.697170952@postoffice.reston.mci.net>"

    @Test("the example of RFC 2195 section 2")
    func example() throws {
        var cram = CramMD5(ticket: ticket)
        #expect(cram.begin(nil) == .challenge(bytes(ticket)))
        let digest = "b913a602c7eda7a495b4e6e7334d3890"
        #expect(
            cram.received(bytes("tim " + digest)) == .ask(.digest(user: "tim", digest: digest, ticket: ticket)))
        #expect(try CramMD5.digest(password: "tanstaaftanstaaf", ticket: ticket, .system) == digest)
        #expect(try CramMD5.digest(password: "tanstaaftanstaag", ticket: ticket, .system) != digest)
        #expect(cram.user == "tim")
    }

    @Test("a name may hold blanks, digits may be upper case")
    func blanks() {
        var cram = CramMD5(ticket: ticket)
        #expect(
            cram.received(bytes("tim of reston AB12"))
                == .ask(.digest(user: "tim of reston", digest: "ab12", ticket: ticket)))
    }

    @Test("no initial response", arguments: ["", "tim", "x"])
    func initial(text: String) { #expect(CramMD5(ticket: ticket).begin(bytes(text)) == .unexpected) }

    @Test("answers that are none", arguments: ["", "tim", " ", "tim ", " abc", "ti\0m abc", "tim ab\0c"])
    func malformed(answer: String) {
        var cram = CramMD5(ticket: ticket)
        #expect(cram.received(bytes(answer)) == .malformed)
    }

    @Test("a ticket names random bytes, time and host")
    func tickets() {
        #expect(CramMD5.ticket(random: [0, 0xAB], time: 255, host: "mx.example.com") == "<00ab.ff@mx.example.com>")
    }
}

@Suite("OAUTHBEARER and XOAUTH2")
struct BearerTests {
    @Test("the example of RFC 7628 section 4.1")
    func oauth() {
        var bearer = Bearer(isXOAUTH2: false)
        let message =
            "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}"
            + "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}"
        #expect(
            bearer.begin(bytes(message))
                == .ask(.token(user: "user@example.com", token: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")))
        #expect(bearer.judged(isRight: true) == .accepted)
        #expect(bearer.user == "user@example.com")
    }

    @Test("who is refused is told why, answers, and is refused", arguments: ["\u{1}", "", "anything"])
    func refused(answer: String) {
        var bearer = Bearer(isXOAUTH2: false)
        _ = bearer.begin(bytes("n,,\u{1}auth=Bearer x\u{1}\u{1}"))
        #expect(bearer.judged(isRight: false) == .challenge(bytes(#"{"status":"invalid_token","scope":""}"#)))
        #expect(bearer.received(bytes(answer)) == .refused)
        #expect(bearer.received(bytes("n,,\u{1}auth=Bearer x\u{1}\u{1}")) == .refused)
    }

    @Test("the older form, as Google describes it")
    func xoauth2() {
        var bearer = Bearer(isXOAUTH2: true)
        #expect(bearer.begin(nil) == .challenge([]))
        let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
        #expect(
            bearer.received(bytes("user=someuser@example.com\u{1}auth=Bearer \(token)\u{1}\u{1}"))
                == .ask(.token(user: "someuser@example.com", token: token)))
        #expect(bearer.judged(isRight: false) == .challenge(bytes(#"{"status":"401","schemes":"bearer","scope":""}"#)))
    }

    @Test("without a user the token says who it is; the scheme has no case")
    func noUser() {
        #expect(BearerMessage(bytes("n,,\u{1}auth=bearer  t0ken\u{1}\u{1}"), isXOAUTH2: false)?.token == "t0ken")
        #expect(BearerMessage(bytes("y,a=x=2Cy,\u{1}auth=BEARER t\u{1}\u{1}"), isXOAUTH2: false)?.user == "x,y")
    }

    @Test(
        "messages that are none",
        arguments: [
            "", "\u{1}", "\u{1}\u{1}", "n,,", "n,,\u{1}\u{1}", "n,,\u{1}auth=Bearer x", "n,,\u{1}auth=Bearer x\u{1}",
            "n,,\u{1}auth=Bearer \u{1}\u{1}", "n,,\u{1}auth=Basic x\u{1}\u{1}",
            "n,,\u{1}auth=Bearer x\u{1}auth=Bearer y\u{1}\u{1}",
            "p=tls-exporter,,\u{1}auth=Bearer x\u{1}\u{1}", "n,a=,\u{1}auth=Bearer x\u{1}\u{1}",
            "n,b,\u{1}auth=Bearer x\u{1}\u{1}",
            "n,,\u{1}auth=Bearer x y\u{1}\u{1}", "n,,\u{1}nothing\u{1}auth=Bearer x\u{1}\u{1}",
            "n,,x\u{1}auth=Bearer x\u{1}\u{1}",
            "n,a=a\0b,\u{1}auth=Bearer x\u{1}\u{1}", "n,,\u{1}auth=Bearer x\u{1}\u{1}more",
        ])
    func malformed(message: String) {
        #expect(BearerMessage(bytes(message), isXOAUTH2: false) == nil)
        #expect(BearerMessage(bytes(message), isXOAUTH2: true) == nil)
    }
}

@Suite("Lines of an exchange")
struct ClientResponseTests {
    @Test("Base64, a star, and what is neither")
    func kinds() {
        #expect(ClientResponse(line: bytes("dGlt")) == .bytes(bytes("tim")))
        #expect(ClientResponse(line: []) == .bytes([]))
        #expect(ClientResponse(line: bytes("*")) == .cancelled)
        for line in ["**", "=", "dGl", "dGlt=", "d Glt", "dGlt ", "dGl\u{E9}", "dG\0lt", "dGlt\r", "====", "%%%%"] {
            #expect(ClientResponse(line: bytes(line)) == .notBase64, "\(line)")
        }
    }

    @Test("commands that are Base64 are responses", arguments: ["QUIT", "NOOP", "RSET", "DATA", "HELP", "AUTH"])
    func verbs(verb: String) {
        guard case .bytes(let bytes) = ClientResponse(line: bytes(verb)) else { return #expect(Bool(false)) }
        #expect(bytes.count == 3)
    }

    @Test("a second AUTH in the middle is known by its blank", arguments: ["AUTH PLAIN", "auth login dGlt", "AuTH "])
    func another(line: String) { #expect(ClientResponse(line: bytes(line)) == .anotherAuth) }

    @Test("an equals sign as an initial response is an empty one")
    func initial() {
        #expect(ClientResponse(initial: bytes("=")) == .bytes([]))
        #expect(ClientResponse(initial: bytes("dGlt")) == .bytes(bytes("tim")))
        #expect(ClientResponse(initial: bytes("*")) == .cancelled)
    }
}

@Suite("Names and passwords")
struct SASLPrepTests {
    @Test(
        "the examples of RFC 4013 section 3, but for what needs compatibility characters",
        arguments: [
            ("I\u{AD}X", "IX"), ("user", "user"), ("USER", "USER"), ("a\u{A0}b", "a b"), ("\u{FF36}", "\u{FF36}"),
        ])
    func examples(text: String, prepared: String) {
        #expect(SASLPrep.prepared(text).map { Array($0.unicodeScalars) } == Array(prepared.unicodeScalars))
    }

    @Test("prohibited", arguments: ["\u{7}", "a\u{7F}", "\u{85}", "\u{E000}", "\u{FFFD}x", "\u{1FFFE}", "a\u{200E}"])
    func prohibited(text: String) { #expect(SASLPrep.prepared(text) == nil) }
}
