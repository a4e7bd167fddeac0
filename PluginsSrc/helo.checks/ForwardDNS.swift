// Whether the name in HELO has the client's address.
import HarakaPluginKit

extension Greeting {
    /// What is known of the name without a lookup; nil: it takes one.
    func withoutLookup(_ settings: HeloSettings) -> Outcome? {
        if name.bytes.first == UInt8(ascii: "[") || IPAddress(name) != nil { return .skip("literal") }
        if settings.isExempt(name) { return .skip("exempt") }
        guard client != nil else { return .skip("no IP") }
        return hostNameProblem(name) == nil && names.isPossible(name)
            ? nil : .fail("invalid", words: "Invalid HELO host cannot achieve forward DNS match")
    }

    /// `answers` are those for A and AAAA of the name. Large senders greet with one name from many addresses: a name that
    /// exists, in the domain of the client's own, is enough.
    func forwardMatch(_ answers: [DNSAnswer]) -> Outcome {
        let addresses = answers.flatMap { $0.texts }.compactMap { IPAddress($0) }
        if let client, addresses.contains(client) { return .pass() }
        if !addresses.isEmpty, names.share(name, rdns) { return .pass("domain") }
        guard let failed = answers.first(where: { $0.isTemporaryFailure }) else {
            return .fail(addresses.isEmpty ? "no address" : "", words: "HELO host has no forward DNS match")
        }
        return .unknown(
            failed.status == .timedOut ? "timeout" : "dns error", words: "DNS timeout resolving your HELO hostname")
    }
}
