// What STARTTLS is answered, and what is kept of a handshake.
import HarakaPluginKit
import Testing

@testable import StartTLS

@Suite("STARTTLS")
struct TLSStateTests {
    /// The code of the refusal; 0: start, -1: for others.
    func answer(_ state: TLSState, _ argument: String = "") -> Int {
        argument.lend { argument in
            switch state.answer(to: argument) {
            case .start: 0
            case .notMine: -1
            case .refuse(let reply): Int(reply.code)
            }
        }
    }

    @Test("who was offered it gets it")
    func start() {
        let state = TLSState(isOn: false, isOffered: true, isAvailable: true)
        #expect(answer(state) == 0)
        #expect(answer(state, "  ") == 0)
        #expect(answer(state, "now") == 501)
    }

    @Test("who was not offered it is left to others, whatever comes behind it")
    func notOffered() {
        for isAvailable in [true, false] {
            let state = TLSState(isOn: false, isOffered: false, isAvailable: isAvailable)
            #expect(answer(state) == -1)
            #expect(answer(state, "now") == -1)
        }
    }

    @Test("inside TLS there is no second one")
    func twice() {
        #expect(answer(TLSState(isOn: true, isOffered: true, isAvailable: false)) == 503)
        #expect(answer(TLSState(isOn: true, isOffered: false, isAvailable: false), "now") == 503)
    }

    @Test("a certificate that has gone is a refusal for now")
    func gone() { #expect(answer(TLSState(isOn: false, isOffered: true, isAvailable: false)) == 454) }

    @Test("words and enhanced codes of the refusals")
    func words() {
        let state = TLSState(isOn: false, isOffered: true, isAvailable: true)
        guard case .refuse(let reply) = "x".lend({ state.answer(to: $0) }) else {
            Issue.record("it was not refused")
            return
        }
        #expect(reply.text == "Syntax error (no parameters allowed)")
        #expect(reply.status == Status(5, 5, 4))
        let inside = TLSState(isOn: true, isOffered: true, isAvailable: false)
        guard case .refuse(let reply) = "".lend({ inside.answer(to: $0) }) else {
            Issue.record("it was not refused")
            return
        }
        #expect(reply.text == "TLS is active already")
        #expect(reply.status == Status(5, 5, 1))
    }

    @Test("a handshake without a client's certificate")
    func facts() {
        var facts = HandshakeFacts()
        (facts.version, facts.cipher, facts.standardCipher) = ("TLSv1.3", "A-B", "TLS_A_B")
        #expect(facts.line == "secured: cipher=A-B version=TLSv1.3 verified=false")
        #expect(facts.note["authorized"] == .boolean(false))
        #expect(facts.note["authorizationError"] == .text(""))
        #expect(facts.note["peerCertificate"] == .null)
        #expect(facts.note["cipher"]["standardName"] == .text("TLS_A_B"))
        #expect(facts.results.map(\.key) == ["enabled", "verified", "version", "cipher"])
        #expect(facts.results[0].value == .boolean(true))
    }

    @Test("a handshake with one")
    func certificate() {
        var facts = HandshakeFacts()
        (facts.version, facts.cipher, facts.isVerified, facts.verifyError) = ("TLSv1.2", "C", true, "late")
        facts.peer = .map([("cn", .text("ann")), ("issuer", .text("")), ("fingerprint", .text("ab"))])
        #expect(
            facts.line
                == "secured: cipher=C version=TLSv1.2 verified=true error=\"late\" cn=\"ann\" fingerprint=\"ab\"")
        #expect(facts.note["authorizationError"] == .text("late"))
        #expect(facts.note["peerCertificate"]["cn"] == .text("ann"))
    }
}
