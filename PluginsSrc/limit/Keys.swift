// Under which keys clients and addresses are looked up, most specific first.
import HarakaPluginKit

/// A client as the sections about hosts know it.
struct HostKeys {
    /// `1.2.3.4`, or of an IPv6 client its first four groups and `/64`: whoever has one such address has the rest, too.
    let alone: String
    private let address: String
    private let isIPv4: Bool
    /// Decimal numbers, or groups without leading zeros.
    private let groups: [String]
    private let name: String

    /// nil on a unix socket: there is nobody to count. `name` is the reverse name.
    init?(address: String, name: String) {
        guard let parsed = IPAddress(address) else { return nil }
        let octets = parsed.octets
        isIPv4 = parsed.isIPv4
        groups =
            isIPv4
            ? octets.map { String($0) }
            : stride(from: 0, to: octets.count, by: 2).map {
                String(UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]), radix: 16)
            }
        alone = isIPv4 ? address : groups.prefix(4).joined(by: ":") + "/64"
        self.address = address
        // What the core says when it found none.
        self.name = ["Unknown", "NXDOMAIN", "DNSERROR"].contains(name) ? "" : name.asciiLowercased
    }

    /// The address, its beginnings from long to short, the name, the domains above it.
    var all: [String] {
        // An IPv6 address may be written in the file as the log shows it, or with all its groups.
        var keys = isIPv4 ? [] : [address.asciiLowercased]
        for count in stride(from: groups.count, to: 0, by: -1) {
            keys.append(groups.prefix(count).joined(by: isIPv4 ? "." : ":"))
        }
        return keys + domains(name)
    }
}

/// A mailbox: itself, its domain, and the domains above.
func mailboxKeys(_ mailbox: String, host: String) -> [String] { [mailbox] + domains(host) }

/// A name and the domains above it, the top-level domain included.
func domains(_ name: String) -> [String] {
    var domains: [String] = []
    var rest = name.utf8[...]
    while !rest.isEmpty {
        domains.append(String(decoding: rest, as: UTF8.self))
        guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else { break }
        rest = rest[rest.index(after: dot)...]
    }
    return domains
}
