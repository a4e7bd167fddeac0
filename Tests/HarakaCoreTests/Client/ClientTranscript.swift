// One dialogue, written down.

import HarakaCore
import Testing

/// A transcript that must come out as it stands.
struct ClientTranscript: Sendable, CustomTestStringConvertible {
    let name: String
    let script: String
    var settings = ClientSettings.test
    var envelope = ClientEnvelope.test

    init(
        _ name: String, _ script: String, _ settings: ClientSettings = .test, _ envelope: ClientEnvelope = .test
    ) {
        (self.name, self.script, self.settings, self.envelope) = (name, script, settings, envelope)
    }

    var testDescription: String { name }

    func check(_ location: SourceLocation = #_sourceLocation) {
        let expected = script.split(separator: "\n").map { String($0).replacing("S: &", with: "S: ") }
        let got = ClientPlay.play(script, settings, envelope)
        guard got != expected else { return }
        let place = zip(got, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let number = place ?? min(got.count, expected.count)
        Issue.record(
            """
            \(name), line \(number + 1):
            expected \(expected.indices.contains(number) ? expected[number] : "the end")
            got      \(got.indices.contains(number) ? got[number] : "the end")
            of
            \(got.joined(separator: "\n"))
            """, sourceLocation: location)
    }
}
