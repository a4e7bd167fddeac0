// Names of hosts, and IP addresses in them.
import HarakaPluginKit

/// Private by RFC 1918 and RFC 4193.
let privateNetworks: IPNetworks = {
    var networks = IPNetworks()
    for text in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] {
        if let network = IPNetwork(text) { networks.insert(network) }
    }
    return networks
}()

/// Whether a name is `domain` or below it. A name that merely ends like it is not.
func isInside(_ name: Text, domain: String) -> Bool {
    let name = Array(name.asciiLowercased.utf8), domain = Array(domain.utf8)
    guard !domain.isEmpty, name.count >= domain.count, name.suffix(domain.count) == domain[...] else { return false }
    return name.count == domain.count || name[name.count - domain.count - 1] == UInt8(ascii: ".")
}

/// The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]`. RFC 5321 section 4.1.3.
func literalAddress(_ literal: Text) -> IPAddress? {
    let bytes = literal.bytes
    guard bytes.count > 2, bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") else { return nil }
    let inner = Text(UnsafeRawBufferPointer(rebasing: bytes.dropFirst().dropLast()))
    guard inner.asciiLowercased.utf8.starts(with: "ipv6:".utf8) else {
        return IPAddress(inner).flatMap { $0.isIPv4 ? $0 : nil }
    }
    let address = Text(UnsafeRawBufferPointer(rebasing: inner.bytes.dropFirst(5)))
    return address.bytes.contains(UInt8(ascii: ":")) ? IPAddress(address) : nil
}

/// Why a name can be no host's.
enum HostNameProblem {
    case noDot, malformed
}

/// RFC 1123 section 2.1, RFC 5321 section 2.3.5: labels of letters, digits and hyphens, the last no number. Whether the
/// name exists is not known here, nor whether its last label is in use.
func hostNameProblem(_ name: Text) -> HostNameProblem? {
    guard name.count <= 255 else { return .malformed }
    let labels = name.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.allSatisfy({ isLabel($0) }) else { return .malformed }
    guard labels.count > 1, let last = labels.last else { return .noDot }
    let isInternational = last.count > 4 && last.starts(with: [0x78, 0x6E, 0x2D, 0x2D]) { ($0 | 0x20) == ($1 | 0x20) }
    return isInternational || last.count > 1 && last.allSatisfy(isLetter) ? nil : .malformed
}

private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

/// RFC 1035 section 2.3.1, with digits in front as RFC 1123 allows.
private func isLabel(_ label: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
    let hyphen = UInt8(ascii: "-")
    return first != hyphen && last != hyphen && label.allSatisfy { isLetter($0) || isDigit($0) || $0 == hyphen }
}

/// What is known of domains: the host's service domains/1, or a guess.
struct NameRules {
    /// The part of a name that one organization holds; nil: nobody can hold such a name.
    let organizational: (Text) -> String?
    /// Whether the last label is in use.
    let hasKnownTop: (Text) -> Bool

    init(organizational: @escaping (Text) -> String?, hasKnownTop: @escaping (Text) -> Bool) {
        (self.organizational, self.hasKnownTop) = (organizational, hasKnownTop)
    }

    init(_ domains: Domains) {
        self.init(
            organizational: { domains.organizational($0)?.asciiLowercased }, hasKnownTop: { domains.hasKnownTop($0) })
    }

    /// Without a list of public suffixes.
    static var guessed: NameRules { NameRules(organizational: guessedOrganization, hasKnownTop: { _ in true }) }

    /// Whether a host can have such a name.
    func isPossible(_ name: Text) -> Bool { hasKnownTop(name) && organizational(name) != nil }

    /// Whether one organization holds both.
    func share(_ name: Text, _ other: Text) -> Bool {
        guard let domain = organizational(name), let second = organizational(other) else { return false }
        return domain == second
    }
}

/// Two labels, or three where the last is a country's and the one before has at most three letters (`co.uk`, `com.au`,
/// `ac.jp`), in lower case. Nil: no dot.
private func guessedOrganization(_ name: Text) -> String? {
    let labels = name.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.count > 1 else { return nil }
    let isShort = labels[labels.count - 1].count == 2 && labels[labels.count - 2].count <= 3
    let count = isShort && labels.count > 2 ? 3 : 2
    return Text(UnsafeRawBufferPointer(rebasing: name.bytes[labels[labels.count - count].startIndex...]))
        .asciiLowercased
}

/// Whether a name shows the IPv4 address of its client, as those of lines that change hands do. The organization's own
/// labels do not count.
func shows(_ name: Text, _ client: IPAddress, _ rules: NameRules) -> Bool {
    guard let domain = rules.organizational(name) else { return false }
    let host = name.bytes[..<max(0, name.count - domain.utf8.count)]
    return client.isShown(in: Text(UnsafeRawBufferPointer(rebasing: host)))
}
