// Which mail is queued.
import HarakaPluginKit
import Testing

@testable import Deliver

@Suite("Delivering")
struct DeliverTests {
    @Test(
        "mail that another queue was named for is left alone",
        arguments: [("", true), ("outbound", true), ("deliver", true), ("lmtp", false), ("outbound2", false)])
    func wishes(wish: String, isTaken: Bool) {
        Array(wish.utf8).withUnsafeBytes { #expect(takes(Text($0)) == isTaken) }
    }
}
