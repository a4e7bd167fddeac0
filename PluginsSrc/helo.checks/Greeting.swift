// The checks themselves. RFC 5321 sections 2.3.5 and 4.1.3.
import HarakaPluginKit

/// In the order in which they are made.
enum HeloCheck: Int, CaseIterable {
    case matchRE, bareIP, dynamic, bigCompany, literalMismatch, validHostname, rdnsMatch, hostMismatch, protoMismatch
    /// Last: it takes time, which a client that another check refuses need not cost.
    case forwardDNS

    /// As in helo.checks.ini and in the results.
    var name: String {
        switch self {
        case .matchRE: "match_re"
        case .bareIP: "bare_ip"
        case .dynamic: "dynamic"
        case .bigCompany: "big_company"
        case .literalMismatch: "literal_mismatch"
        case .validHostname: "valid_hostname"
        case .rdnsMatch: "rdns_match"
        case .hostMismatch: "host_mismatch"
        case .protoMismatch: "proto_mismatch"
        case .forwardDNS: "forward_dns"
        }
    }
}

/// What a check finds; the text is a detail for the results.
enum Outcome: Equatable {
    /// It has nothing to say about such a name.
    case none
    case pass(String = "")
    case skip(String)
    /// `words` is what the client is told if the check refuses.
    case fail(String = "", words: String)
    /// It is not known; `words` is what the client is told if the check refuses, for now.
    case unknown(String, words: String)
}

/// A greeting that is compared with a later one.
struct EarlierGreeting: Equatable {
    let name: String
    let isExtended: Bool
}

/// One HELO or EHLO.
struct Greeting {
    let name: Text
    let isExtended: Bool
    /// Nil on a unix socket.
    let client: IPAddress?
    /// The client's name, or `Unknown`, `NXDOMAIN`, `DNSERROR`.
    let rdns: Text
    /// The first one of this connection, if this is not it.
    let before: EarlierGreeting?
    /// What is known of domains.
    var names = NameRules.guessed

    private var isLiteral: Bool { name.bytes.first == UInt8(ascii: "[") }
    private var isBareIP: Bool { IPAddress(name) != nil }

    /// `check` is any but `matchRE`, which takes the host's expressions, and `forwardDNS`, which takes time.
    func outcome(of check: HeloCheck, _ settings: HeloSettings) -> Outcome {
        switch check {
        case .matchRE, .forwardDNS: .none
        case .bareIP: isBareIP ? .fail(words: "Invalid address format in HELO") : .pass()
        case .dynamic: dynamic
        case .bigCompany: bigCompany(settings)
        case .literalMismatch: literalMismatch(settings.literalMode)
        case .validHostname: validHostname(settings)
        case .rdnsMatch: rdnsMatch
        case .hostMismatch: hostMismatch
        case .protoMismatch: protoMismatch
        }
    }

    /// `match_re`, whose expressions were asked already.
    func matched(_ isListed: Bool) -> Outcome { isListed ? .fail(words: "That HELO not allowed here") : .pass() }

    /// IPv6 addresses are not looked for: names show them in too many ways.
    private var dynamic: Outcome {
        if isLiteral || isBareIP { return .skip("literal") }
        guard let client, client.isIPv4 else { return .skip("no IPv4") }
        return shows(name, client, names) ? .fail(words: "HELO is dynamic") : .pass()
    }

    /// The client's own name must be in one of the company's domains, not just end alike.
    private func bigCompany(_ settings: HeloSettings) -> Outcome {
        guard let domains = settings.companies[name.asciiLowercased] else { return .pass("not") }
        guard hasRDNS else { return .fail("rDNS", words: "Big company w/o rDNS? Unlikely.") }
        return domains.contains { isInside(rdns, domain: $0) }
            ? .pass() : .fail(words: "You are not who you say you are")
    }

    /// RFC 5321 section 4.1.3. Names are none of this check's business.
    private func literalMismatch(_ mode: Int) -> Outcome {
        guard isLiteral else { return .none }
        let words =
            mode == 1
            ? "HELO IP literal does not match your IP address"
            : "HELO IP literal not in the same /24 as your IP address"
        guard let client else { return .skip("no IP") }
        guard let literal = literalAddress(name) else { return .fail("malformed", words: words) }
        if literal == client { return .pass() }
        if mode == 3, privateNetworks.contains(literal) { return .pass("private") }
        // As large a part of an IPv6 address belongs to one site.
        let near = IPNetwork(client, length: client.isIPv4 ? 24 : 64)
        return mode != 1 && near?.contains(literal) == true ? .pass("near") : .fail(words: words)
    }

    /// A name that a host can have: below something that can be registered.
    private func validHostname(_ settings: HeloSettings) -> Outcome {
        if isLiteral { return .skip("literal") }
        if settings.isExempt(name) { return .skip("exempt") }
        switch hostNameProblem(name) {
        case nil: return names.isPossible(name) ? .pass() : .fail("tld", words: "HELO host name invalid")
        case .noDot: return .fail("no_dot", words: "HELO host must be a FQDN or address literal (RFC 5321 2.3.5)")
        case .malformed: return .fail(words: "HELO host name invalid")
        }
    }

    private var hasRDNS: Bool { !rdns.isEmpty && rdns != "Unknown" && rdns != "NXDOMAIN" && rdns != "DNSERROR" }

    /// Whether the client calls itself what the owner of its address calls it.
    private var rdnsMatch: Outcome {
        if isLiteral { return .skip("literal") }
        // Not known is not the same as not there.
        if rdns == "DNSERROR" { return .skip("DNSERROR") }
        guard hasRDNS else { return .fail("no rDNS", words: rdnsWords) }
        if name.equalsCaseless(rdns) { return .pass() }
        return names.share(name, rdns) ? .pass("org_dom") : .fail(words: rdnsWords)
    }

    private var rdnsWords: String { "HELO host does not match rDNS" }

    /// A client that tries names until one is liked changes it.
    private var hostMismatch: Outcome {
        guard let before, before.name.asciiLowercased != name.asciiLowercased else { return .pass() }
        let names = before.name + " / " + name.string
        return .fail(names, words: "HELO host host_mismatch(" + names + ")")
    }

    /// HELO after EHLO, or the other way round: programs do not change their mind.
    private var protoMismatch: Outcome {
        guard let before, before.isExtended != isExtended else { return .pass() }
        return .fail(words: isExtended ? "EHLO protocol mismatch" : "HELO protocol mismatch")
    }
}
