// What is recorded where.
import Testing

@testable import RecordEnvelopeAddresses

@Suite("Envelope addresses")
struct RecordEnvelopeAddressesTests {
    @Test("the sender goes to X-Envelope-From, recipients go to X-Envelope-To")
    func fields() {
        #expect(
            EnvelopeField.all == [
                EnvelopeField(hook: "mail", name: "X-Envelope-From"),
                EnvelopeField(hook: "rcpt", name: "X-Envelope-To"),
            ])
    }
}
