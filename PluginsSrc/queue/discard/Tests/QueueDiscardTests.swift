// Which mail is thrown away.
import HarakaPluginKit
import Testing

@testable import QueueDiscard

@Suite("Discarding")
struct QueueDiscardTests {
    @Test(
        "only what somebody asked for is discarded, and nothing that another queue was named for",
        arguments: [
            ("", false, false, false),
            ("", true, false, true),
            ("", false, true, true),
            ("discard", false, false, true),
            ("outbound", true, true, false),
            ("discard2", true, true, false),
        ])
    func wishes(queue: String, isNoted: Bool, isOrdered: Bool, isDiscarded: Bool) {
        let bytes = Array(queue.utf8)
        bytes.withUnsafeBytes {
            #expect(Wish(queue: Text($0), isNoted: isNoted, isOrdered: isOrdered).isDiscarded == isDiscarded)
        }
    }
}
