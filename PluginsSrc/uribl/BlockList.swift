// One list.
import HarakaPluginKit

/// Where a name is mentioned. The words are uribl.ini's.
enum Purpose: String, CaseIterable {
    case rdns, helo, envfrom, from, replyto, msgid, body
}

/// A list, as its section says.
struct BlockList: Equatable {
    let name: String
    private(set) var purposes: [Purpose] = []
    /// Organizational domains only.
    private(set) var stripsHosts = false
    private(set) var takesAddresses = true, takesIPv6 = true
    /// Bits of the last octet; 0: it does not matter.
    private(set) var bitmask: UInt8 = 0
    /// The key that stands before the list's name.
    private(set) var key = ""
    /// For a client; empty: the usual ones.
    private(set) var message = ""
    /// The expression for the first address that it answers; empty: none.
    private(set) var validation = ""
    /// The compiled expression, which belongs to the host.
    var validates: (String) -> Bool = { _ in true }

    init(_ name: String) { self.name = name }

    static func == (a: BlockList, b: BlockList) -> Bool { a.name == b.name }

    /// What stands behind a name that is asked for.
    private var zone: String { key.isEmpty ? name : key + "." + name }

    /// What a client is told.
    func words(about uri: String) -> String {
        guard !message.isEmpty else { return "\(uri) blacklisted in \(name)" }
        return replaced(replaced(message, "{uri}", uri), "{zone}", name)
    }

    /// `reverse` makes the name for an address in a zone.
    func questions(
        about subjects: [(Purpose, Subject)], limit: Int, _ rules: DomainRules,
        _ reverse: (_ address: String, _ zone: String) -> String?
    ) -> [Question] {
        var questions: [Question] = []
        for (purpose, subject) in subjects where purposes.contains(purpose) && questions.count < limit {
            guard let (shown, name) = asked(subject, rules, reverse), name.utf8.count <= 253 else { continue }
            if questions.contains(where: { $0.name == name }) { continue }
            questions.append(Question(list: self, purpose: purpose, shown: shown, name: name))
        }
        return questions
    }

    /// Nil: the list is not asked for such as this.
    private func asked(
        _ subject: Subject, _ rules: DomainRules, _ reverse: (String, String) -> String?
    ) -> (shown: String, name: String)? {
        switch subject {
        case .domain(let domain):
            guard let shown = stripsHosts ? rules.organizational(domain) : domain else { return nil }
            return (shown, shown + "." + zone)
        case .address(let text, let address):
            guard takesAddresses, takesIPv6 || address.isIPv4 else { return nil }
            return reverse(text, zone).map { (text, $0) }
        }
    }

    enum Verdict: Equatable {
        case clean, listed
        /// The list cannot mean this.
        case nonsense(String)
        case unknown(String)
    }

    /// What an answer means.
    func verdict(on answer: DNSAnswer) -> Verdict {
        if answer.isTemporaryFailure { return .unknown(answer.status == .timedOut ? "timeout" : "dns error") }
        guard answer.status == .found, let first = answer.texts.first, let octets = IPAddress(first)?.octets,
            octets.count == 4
        else { return .clean }
        // In this way lists say that they do not answer such as us, or not so often.
        if octets[..<3] == [127, 255, 255] { return .nonsense(first) }
        if first == "127.0.0.1", bitmask & 1 == 0 { return .nonsense(first) }
        if validation.isEmpty ? octets[0] != 127 : !validates(first) { return .nonsense(first) }
        return bitmask == 0 || octets[3] & bitmask != 0 ? .listed : .clean
    }

    /// Takes the section; what makes no sense is described.
    mutating func read(_ ini: ValueView) -> [String] {
        var reader = SwitchReader(ini)
        for purpose in Purpose.allCases {
            var isWanted = false
            reader.read(name, purpose.rawValue, &isWanted)
            if isWanted { purposes.append(purpose) }
        }
        var (refusesAddresses, refusesIPv6) = (false, false)
        reader.read(name, "strip_to_domain", &stripsHosts)
        reader.read(name, "no_ip_lookups", &refusesAddresses)
        reader.read(name, "not_ipv6_compatible", &refusesIPv6)
        (takesAddresses, takesIPv6) = (!refusesAddresses, !refusesIPv6)
        var mistakes = reader.mistakes
        let section = ini[name]
        (key, message) = (section["dqs_key"].text.trimmed.string, section["custom_msg"].text.trimmed.string)
        validation = section["validate"].text.string
        if !section["bitmask"].isNull {
            let bits = section["bitmask"].integer(or: -1)
            if (0...255).contains(bits) {
                bitmask = UInt8(bits)
            } else {
                mistakes.append("[\(name)] bitmask is none of 0 to 255")
            }
        }
        return mistakes
    }
}

/// Every place of `word` in a text, replaced.
private func replaced(_ text: String, _ word: String, _ other: String) -> String {
    let bytes = Array(text.utf8), word = Array(word.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index...].starts(with: word) {
            result += Array(other.utf8)
            index += word.count
        } else {
            result.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: result, as: UTF8.self)
}
