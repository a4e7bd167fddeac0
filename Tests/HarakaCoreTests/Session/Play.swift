// Plays transcripts in tests. The form of a transcript: HarakaTestKit, Transcript.

import HarakaCore
import HarakaTestKit
import SMTPSyntax
import Testing

/// Plays `transcript`; each difference is a failure of the test. Returns the session for further questions.
@discardableResult
func play(
    _ transcript: String, on driver: SessionDriver = .greeted(), sourceLocation: SourceLocation = #_sourceLocation
) -> SessionDriver {
    let differences = Transcript(transcript).run(on: driver)
    #expect(differences == [], sourceLocation: sourceLocation)
    return driver
}

/// One answer of a plugin and what the client gets for it.
struct Decision: Sendable, CustomTestStringConvertible {
    /// As in a `P:` line, without the hook.
    let answer: String
    /// The reply line; "" if there must be none.
    let reply: String
    /// The hooks that are asked by then.
    let hooks: String
    let isClosed: Bool

    init(_ answer: String, _ reply: String, _ hooks: String, closed: Bool = false) {
        self.answer = answer
        self.reply = reply
        self.hooks = hooks
        isClosed = closed
    }

    var testDescription: String { answer }

    /// `command` is sent while the hook's plugin gives the answer.
    func play(
        _ hook: String, _ command: String, on driver: SessionDriver, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let said = reply.isEmpty ? "" : reply.split(separator: "|").map { "S: \($0)\n" }.joined()
        let ending = isClosed ? "closed" : "open"
        HarakaCoreTests.play(
            "P: \(hook) \(answer)\n\(command)\n\(said)H: \(hooks)\nX: \(ending)", on: driver,
            sourceLocation: sourceLocation)
    }
}

extension Address {
    /// The same address as the parser makes it of `<user@host>`.
    var parsed: Address { (try? Address.parse(formatted, idna: { _ in nil })) ?? .null }
}
