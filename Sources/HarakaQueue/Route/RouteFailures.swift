// The words of RouteMachine's failures. Those that Haraka has too are Haraka's.

import HarakaCore

extension RouteMachine {
    /// RFC 7505 section 4.1: code 556 and status 5.1.10.
    func nullMX() -> RouteFailure {
        .permanent("Domain \(domain) sends and receives no email (NULL MX)", code: 556, 1, 10)
    }

    func noSuchDomain() -> RouteFailure { .permanent("No Such Domain: \(domain)", 1, 2) }

    func nowhere() -> RouteFailure { .permanent("Nowhere to deliver mail to for domain: \(domain)", 1, 2) }

    /// RFC 5321 section 5.1: nobody but this server is left to be asked.
    func loop() -> RouteFailure {
        .permanent("Mail for domain \(domain) would come back to this server (routing loop)", 4, 6)
    }

    func addressesOnly(_ exchanges: [String]) -> RouteFailure {
        .permanent(
            "The MX of domain \(domain) is an address where a name must stand", 4, 4,
            cause: "MX " + exchanges.prefix(5).joined(separator: ", "))
    }

    /// A plugin has named hosts that nobody knows: not the sender's fault, so that the mail waits.
    func givenWithoutAddress(_ candidates: Candidates) -> RouteFailure {
        let names = candidates.list.map(\.name).prefix(5).joined(separator: ", ")
        return .temporary(
            "The server to which mail for domain \(domain) is to go cannot be found", 4, 4,
            cause: "get_mx: no address of \(names)")
    }

    /// SERVFAIL, silence, or signatures that are wrong: temporary, because most of the time it is.
    static func lookupFailure(_ answers: [NameAnswer]) -> RouteFailure {
        let words = answers.first.map(word) ?? "failed"
        let name = answers.first?.question.name ?? ""
        let cause = answers.prefix(5).map { "\($0.question.name) type \($0.question.type): \($0.reason)" }
        return .temporary("DNS lookup failure: \(name) \(words)", 4, 3, cause: cause.joined(separator: "; "))
    }

    private static func word(_ answer: NameAnswer) -> String {
        switch answer.status {
        case .timedOut: "timed out"
        case .bogus: "is signed wrongly (DNSSEC)"
        default: "could not be looked up"
        }
    }
}
