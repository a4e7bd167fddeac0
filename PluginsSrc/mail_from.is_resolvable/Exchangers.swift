// Where a domain's mail goes, by what the domain name system says. RFC 5321 section 5.1, RFC 7505.
import HarakaPluginKit

/// Hosts whose addresses are to be asked for.
struct Hosts: Equatable {
    let names: [String]
    /// The domain itself, which has no MX record: its own address takes its mail (RFC 5321 section 5.1).
    var isImplicit = false
}

enum Verdict: Equatable {
    /// The text is for the results.
    case pass(String)
    /// The domain says that it sends and takes no mail (RFC 7505).
    case nullMX
    case noMX
    /// There are exchangers, none of which has a usable address.
    case noValidMX
    /// Nobody knows; the text is the reason.
    case failed(String)
}

enum Exchangers: Equatable {
    case verdict(Verdict)
    case ask(Hosts)
}

/// More than these nobody would try in the time that a client waits.
private let mostHosts = 10

/// What the answer to the question for MX records leads to.
func exchangers(_ answer: DNSAnswer, _ rules: Rules) -> Exchangers {
    switch answer.status {
    case .noName, .badName: return .verdict(.noMX)
    case .noData: return .ask(Hosts(names: [answer.name], isImplicit: true))
    case .found: break
    default: return .verdict(.failed(code(answer)))
    }
    let names = answer.texts
    let hosts = names.filter { $0 != "." && !$0.isEmpty }
    if hosts.isEmpty { return .verdict(names.isEmpty ? .noMX : .nullMX) }
    // An address is no name (RFC 1035 section 3.3.9), but some domains have one there.
    if hosts.contains(where: { rules.isUsable(literal: $0) }) { return .verdict(.pass("mx_ip")) }
    let asked = hosts.filter { IPAddress($0) == nil }
    return asked.isEmpty ? .verdict(.noValidMX) : .ask(Hosts(names: Array(asked.prefix(mostHosts))))
}

/// One usable address of any host is enough; as long as some are not known, nothing is said for good.
func judge(_ answers: [DNSAnswer], of hosts: Hosts, _ rules: Rules) -> Verdict {
    let addresses = answers.flatMap { $0.texts }
    if addresses.contains(where: { rules.isUsable($0) }) {
        return .pass(hosts.isImplicit ? "implicit_mx" : "has_fwd_dns")
    }
    if let failed = answers.first(where: { $0.isTemporaryFailure }) { return .failed(code(failed)) }
    return hosts.isImplicit && addresses.isEmpty ? .noMX : .noValidMX
}

/// Why there was no answer, in the words of Haraka's platform.
func code(_ answer: DNSAnswer) -> String {
    switch answer.status {
    case .timedOut: "ETIMEOUT"
    case .bogus: "EBOGUS"
    default: "ESERVFAIL"
    }
}

/// What the client is told. A failure is never a refusal for good.
func answer(to verdict: Verdict, _ domain: String, _ refusal: Refusal) -> Answer {
    if case .no = refusal { return .continue }
    switch verdict {
    case .pass: return .continue
    case .nullMX:
        return Answer(.deny, Reply("Null MX: \(domain) does not send mail", code: 550, status: Status(5, 7, 27)))
    case .noMX: return refused("No MX for your FROM address", refusal)
    case .noValidMX: return refused("No valid MX for your FROM address", refusal)
    case .failed(let code): return .denySoft("Temp. resolver error (\(code))")
    }
}

private func refused(_ words: String, _ refusal: Refusal) -> Answer {
    if case .defer = refusal { return .denySoft(words) }
    return .deny(words)
}

/// The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3); empty if there is none in it, nil if
/// this is a name.
func literalAddress(_ domain: String) -> String? {
    guard domain.utf8.first == UInt8(ascii: "[") else { return nil }
    var inner = Array(domain.asciiLowercased.utf8.dropFirst())
    if inner.last == UInt8(ascii: "]") { inner.removeLast() }
    if inner.starts(with: "ipv6:".utf8) { inner.removeFirst(5) }
    return String(decoding: inner, as: UTF8.self)
}
