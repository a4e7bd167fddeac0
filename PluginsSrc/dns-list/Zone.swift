// One list.
import HarakaPluginKit

/// What a list is for.
enum Kind: String {
    case block, allow, karma, backscatterer
}

/// A list, as its section says.
struct Zone: Equatable {
    let name: String
    /// Its place in the file.
    let number: Int
    var kind: Kind
    var hasIPv6 = true
    /// Whether it says something about 127.0.0.1 without being mad.
    var listsLoopback = false
    fileprivate var isInformal = false
    /// What its answers mean.
    fileprivate var meanings: [String: String] = [:]

    init(_ name: String, _ number: Int) {
        (self.name, self.number) = (name, number)
        kind = name == "ips.backscatterer.org" ? .backscatterer : .block
    }

    /// Whether a client is refused that it lists.
    var refuses: Bool { (kind == .block || kind == .backscatterer) && !isInformal }

    func meaning(of address: String) -> String { meanings[address] ?? address }

    /// Why an answer says nothing about the client; nil if it does. RFC 5782 section 2.3: answers are in 127.0.0.0/8. Some
    /// lists use addresses of it to say that they do not answer such as us.
    func nonsense(in address: String) -> String? {
        guard isLoopback(address) else { return "answers \(address), not 127.0.0.0/8" }
        let isSpamhaus = isBelow("spamhaus.org") || isBelow("spamhaus.net")
        switch address {
        case "127.255.255.252" where isSpamhaus: return "answers \(address): the name of the list is wrong"
        case "127.255.255.254" where isSpamhaus: return "answers \(address): it does not answer this resolver"
        case "127.255.255.255" where isSpamhaus: return "answers \(address): too many questions"
        case "127.0.0.255" where isBelow("dnswl.org"): return "answers \(address): it does not answer this resolver"
        default: return nil
        }
    }

    private func isBelow(_ domain: String) -> Bool {
        let (name, domain) = (Array(self.name.utf8), Array(("." + domain).utf8))
        return name.count >= domain.count && name.suffix(domain.count) == domain[...]
    }
}

/// In 127.0.0.0/8.
private func isLoopback(_ address: String) -> Bool {
    guard let octets = IPAddress(address)?.octets else { return false }
    return octets.count == 4 && octets[0] == 127
}

extension Zone {
    /// Takes the section of the list; what makes no sense is described.
    mutating func read(_ ini: ValueView) -> [String] {
        var reader = SwitchReader(ini)
        var isRefusing = true
        reader.read(name, "reject", &isRefusing)
        isInformal = !isRefusing
        reader.read(name, "ipv6", &hasIPv6)
        reader.read(name, "loopback_is_rejected", &listsLoopback)
        var mistakes = reader.mistakes
        let section = ini[name]
        if !section["type"].isNull {
            let word = section["type"].text.trimmed.asciiLowercased
            if let kind = Kind(rawValue: word) {
                self.kind = kind
            } else {
                mistakes.append("[\(name)] type is none of block, allow, karma, backscatterer")
            }
        }
        for index in 0..<section.count {
            let (key, value) = section.entry(index)
            if IPAddress(key) != nil { meanings[key.string] = value.text.string }
        }
        return mistakes
    }
}
