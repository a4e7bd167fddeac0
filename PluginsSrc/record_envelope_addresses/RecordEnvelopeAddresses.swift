// record_envelope_addresses: the envelope's addresses as header fields.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerRecordEnvelopeAddresses)
    }
#endif

/// One field for the sender, one for each recipient.
public func registerRecordEnvelopeAddresses(_ plugin: Plugin) {
    for field in EnvelopeField.all {
        plugin.hook(field.hook) { call in
            // At the end of the header, and as received: what the client itself wrote there stays, for comparison.
            guard let address = call.address(0) else { return .continue }
            call.transaction?.headers.add(field.name, address.address)
            // Never a decision: a plugin that records must not change who is accepted.
            return .continue
        }
    }
}

/// Which hook's address goes into which field.
struct EnvelopeField: Equatable, Sendable {
    let hook: String, name: String

    static let all = [
        EnvelopeField(hook: "mail", name: "X-Envelope-From"),
        EnvelopeField(hook: "rcpt", name: "X-Envelope-To"),
    ]
}
