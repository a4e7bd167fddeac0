// Names and addresses, in the form in which lists have them.
import HarakaPluginKit

/// What is known of domains: the host's service domains/1.
struct DomainRules {
    let organizational: (String) -> String?
    let hasKnownTop: (String) -> Bool
    let toASCII: (String) -> String?
}

extension DomainRules {
    init(_ domains: Domains) {
        self.init(
            organizational: { domains.organizational($0) }, hasKnownTop: { domains.hasKnownTop($0) },
            toASCII: { domains.toASCII($0) })
    }
}

/// What lists are asked about.
enum Subject: Equatable {
    /// Lower case, A-labels, below something that somebody can register.
    case domain(String)
    case address(String, IPAddress)

    /// Nil: nothing that a list could have. `host` is a name or an address in any of the forms that a URI may have.
    init?(_ host: String, _ rules: DomainRules) {
        var name = host.asciiLowercased
        while name.utf8.last == UInt8(ascii: ".") { name = String(decoding: name.utf8.dropLast(), as: UTF8.self) }
        if let address = reversed(name) ?? IPAddress(name) ?? looseAddress(name) {
            guard !isOurs(address) else { return nil }
            self = .address(text(of: address, name), address)
            return
        }
        if name.utf8.contains(where: { $0 >= 0x80 }) { name = rules.toASCII(name) ?? "" }
        guard !name.isEmpty, rules.hasKnownTop(name), rules.organizational(name) != nil else { return nil }
        self = .domain(name)
    }
}

/// IPv4 in its usual form, IPv6 as it came.
private func text(of address: IPAddress, _ name: String) -> String {
    guard address.isIPv4 else { return name }
    return address.octets.map { String($0) }.joined(by: ".")
}

/// `4.3.2.1.in-addr.arpa` is about 1.2.3.4.
private func reversed(_ name: String) -> IPAddress? {
    let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    guard labels.count >= 6, labels.suffix(2) == ["in-addr", "arpa"] else { return nil }
    return IPAddress(labels.dropLast(2).suffix(4).reversed().joined(by: "."))
}

/// An IPv4 address as browsers read it: one to four numbers, decimal, octal or hexadecimal, the last of which fills what is
/// left (`3221225985`, `0xC0.0.0x201`).
private func looseAddress(_ name: String) -> IPAddress? {
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        .map { number(Array($0)) }
    guard parts.count <= 4, let last = parts.last ?? nil else { return nil }
    var bits: UInt64 = 0
    for part in parts.dropLast() {
        guard let part, part <= 255 else { return nil }
        bits = bits << 8 | part
    }
    let room = UInt64(8 * (5 - parts.count))
    guard last >> room == 0 else { return nil }
    bits = bits << room | last
    return IPAddress([24, 16, 8, 0].map { String(bits >> UInt64($0) & 255) }.joined(by: "."))
}

private func number(_ digits: [UInt8]) -> UInt64? {
    guard let first = digits.first, digits.count <= 16 else { return nil }
    var (rest, radix) = (digits[...], 10)
    if first == UInt8(ascii: "0"), digits.count > 1 {
        radix = digits[1] == UInt8(ascii: "x") ? 16 : 8
        rest = rest.dropFirst(radix == 16 ? 2 : 1)
    }
    guard rest.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
    return UInt64(String(decoding: rest, as: UTF8.self), radix: radix)
}

/// Addresses that mean another host to everybody.
private func isOurs(_ address: IPAddress) -> Bool { privateNetworks.contains(address) }

private let privateNetworks: IPNetworks = {
    var networks = IPNetworks()
    for text in [
        "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
        "::/127", "fc00::/7", "fe80::/10",
    ] {
        if let network = IPNetwork(text) { networks.insert(network) }
    }
    return networks
}()

/// What follows each `@` of a field: `a@example.com, "x" <b@example.org>`.
func hostsOfAddresses(_ field: Text) -> [String] {
    var hosts: [String] = []
    for part in field.bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).dropFirst() {
        let host = part.prefix { isHostByte($0) || $0 >= 0x80 || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: ":") }
        let name = String(decoding: host.first == UInt8(ascii: "[") ? host.dropFirst() : host, as: UTF8.self)
        if !name.isEmpty, !hosts.contains(name), hosts.count < 100 { hosts.append(name) }
    }
    return hosts
}
