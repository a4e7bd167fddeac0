// Which recipients are accepted.
import Testing

@testable import InHostList

@Suite("Recipients")
struct InHostListTests {
    @Test(
        "local ones are accepted, others only from local senders that may relay",
        arguments: [
            (true, true, false, "pass", "rcpt_to", true),
            (true, false, true, "pass", "relaying local_sender", true),
            (true, false, false, "msg", "rcpt!local", false),
            (false, true, true, "fail", "rcpt!domain", false),
        ])
    func verdict(hasDomain: Bool, isLocal: Bool, relayed: Bool, key: String, text: String, accepts: Bool) {
        let verdict = RecipientVerdict.about(hasDomain: hasDomain, isLocal: isLocal, isRelayedByLocal: relayed)
        #expect(verdict == RecipientVerdict(key: key, text: text, accepts: accepts))
    }

    @Test("nobody asks about relaying when the domain is local")
    func lazy() {
        var asked = false
        _ = RecipientVerdict.about(
            hasDomain: true, isLocal: true,
            isRelayedByLocal: {
                asked = true
                return true
            }())
        #expect(!asked)
    }
}
