// What the lookups tell about a client. RFC 8601 section 2.7.3.
import HarakaPluginKit

/// More names than these nobody needs; who has more is not looked at any closer.
private let mostNames = 10

/// The names of an address, each once.
func reverseNames(_ answer: DNSAnswer) -> [String] {
    var names: [String] = []
    for name in answer.texts where !name.isEmpty && name != "." && names.count < mostNames {
        if !names.contains(name) { names.append(name) }
    }
    return names
}

/// Everything about one client.
struct Findings {
    /// Those of the address, as they came.
    private(set) var names: [String] = []
    /// For each name, its addresses.
    private(set) var addresses: [[String]] = []
    /// Names that have the client's address, or one near to it.
    private(set) var confirmed: [String] = []
    /// Addresses of these names that are not the client's.
    private(set) var others: [String] = []
    /// Names whose last label is no top level domain.
    private(set) var invalid: [String] = []
    /// Names that show the client's address, and among them those that are not said to be somebody's for good.
    private(set) var showing: [String] = [], generic: [String] = []
    /// Why something is not known that could make a difference; nil if all is.
    private(set) var failure: Failure?

    enum Failure: Equatable {
        case timeout, error(String)

        init(_ answer: DNSAnswer) { self = answer.status == .timedOut ? .timeout : .error(code(answer)) }
    }

    /// The address has no name, or nobody knows.
    init(withoutNames answer: DNSAnswer) {
        if answer.isTemporaryFailure { failure = Failure(answer) }
    }

    /// `answers` are those for A and AAAA of each name, in turn.
    init(_ names: [String], _ answers: [DNSAnswer], _ client: IPAddress) {
        self.names = names
        let near = client.isIPv4 ? IPNetwork(client, length: 24) : nil
        for (index, name) in names.enumerated() {
            let own = answers.dropFirst(index * 2).prefix(2)
            let texts = own.flatMap { $0.texts }
            addresses.append(texts)
            var isConfirmed = false
            for text in texts {
                let address = IPAddress(text)
                if address == client || address.map({ near?.contains($0) == true }) == true { isConfirmed = true }
                if address != client, !others.contains(text) { others.append(text) }
            }
            if isConfirmed { confirmed.append(name) }
            if let failed = own.first(where: { $0.isTemporaryFailure }), failure == nil { failure = Failure(failed) }
        }
        if !confirmed.isEmpty { failure = nil }
    }

    /// What the names themselves tell.
    mutating func look(
        at client: IPAddress, organizational: (String) -> String?, hasKnownTop: (String) -> Bool
    ) {
        invalid = names.filter { !hasKnownTop($0) }
        guard client.isIPv4 else { return }
        for name in names {
            let own = hostPart(of: name, organizational(name))
            guard client.isShown(in: own) else { continue }
            showing.append(name)
            // A line that does not change hands may be a mail server's.
            if !holds(own, "static"), !holds(own, "business") { generic.append(name) }
        }
    }

    /// RFC 8601 section 2.7.3.
    var iprev: String {
        if !confirmed.isEmpty { return "pass" }
        if failure != nil { return "temperror" }
        return names.isEmpty ? "permerror" : "fail"
    }

    /// The first thing that the client is to be refused for. What is not known refuses for now at most.
    func refusal(of ip: String, _ settings: Settings) -> Answer? {
        if names.isEmpty {
            guard settings.rejectsNoRDNS || settings.rejectsNoFCrDNS && failure != nil else {
                return settings.rejectsNoFCrDNS ? .deny("Sorry, no FCrDNS match found") : nil
            }
            switch failure {
            case nil: return .deny("client [\(ip)] rejected; no rDNS")
            case .timeout: return .denySoft("client [\(ip)] rDNS lookup timeout")
            case .error(let code): return .denySoft("client [\(ip)] rDNS lookup error (\(code))")
            }
        }
        if settings.rejectsInvalidTLD, !invalid.isEmpty {
            return .deny("client [\(ip)] rejected; invalid TLD in rDNS (\(invalid.joined(by: ", ")))")
        }
        if settings.rejectsNoFCrDNS, confirmed.isEmpty {
            let words = "Sorry, no FCrDNS match found"
            return failure == nil ? .deny(words) : .denySoft(words)
        }
        guard settings.rejectsGeneric, let name = generic.first else { return nil }
        return .deny("client \(name) [\(ip)] rejected; generic rDNS, please use your ISPs SMTP relay")
    }
}

/// Why there was no answer, in the words of Haraka's platform.
private func code(_ answer: DNSAnswer) -> String { answer.status == .bogus ? "EBOGUS" : "ESERVFAIL" }
