// A transcript that is wrong must say so: the test kit tested.

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Transcripts")
struct TranscriptTests {
    @Test(
        "what differs is reported with its line",
        arguments: [
            ("C: NOOP\nS: 250 Ok", "line 2: expected S: 250 Ok - got S: 250 OK"),
            ("C: NOOP\nS: 250 OK\nS: 250 OK", "line 3: expected S: 250 OK - got nothing"),
            ("C: NOOP", "at the end: unexpected S: 250 OK"),
            ("C: NOOP\nE: client leaves", "line 2: unexpected S: 250 OK"),
            ("C: NOOP\nS: 250 OK\nH: rset", "line 3: expected the hooks \"rset\", asked were \"noop\""),
            ("X: closed", "line 1: expected closed, got open"), ("A: OK", "line 1: nobody is thinking"),
            ("P: noop MAYBE", "line 1: no such answer: MAYBE"), ("E: rain", "line 1: no such event: rain"),
            ("NOOP", "line 1: not a line of a transcript"),
        ])
    func differences(text: String, difference: String) {
        #expect(Transcript(text).run(on: .greeted()) == [difference])
    }

    @Test("escapes stand for bytes")
    func escapes() { #expect(Transcript.bytes("a\\r\\n\\t\\0\\\\\\xfF") == [97, 13, 10, 9, 0, 92, 255]) }

    @Test("an answer is a code, perhaps a DSN, and words")
    func verdicts() {
        #expect(Verdict("MAYBE") == nil)
        #expect(Verdict("OK") == Verdict(.ok))
        #expect(Verdict("DENY a b") == Verdict(.deny, PluginReply("a b")))
        #expect(Verdict("DENY 550/5.7.1 a")?.reply.code == 550)
        #expect(Verdict("DENY 550/5.7.1")?.reply.lines == [])
    }
}
