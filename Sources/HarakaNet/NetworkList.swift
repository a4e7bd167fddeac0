// Networks in configuration: read once, asked for each client.

public import HarakaCore

/// Addresses and networks: `192.0.2.1`, `198.51.100.0/24`, `2001:db8::/32`. Without a length an IPv4 address is itself
/// and an IPv6 address stands for its /64, as in Haraka.
public struct NetworkList: Sendable, Equatable {
    private struct Network: Sendable, Equatable {
        let address: IPAddress
        let prefix: Int
    }

    private var networks: [Network] = []

    /// Nothing is in it.
    public init() {}

    /// What is no network is left out: configuration has told the administrator.
    public init(_ texts: [String]) {
        networks = texts.compactMap { text in
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
            let whole = address.bytes.count * 8
            guard parts.count == 2 else { return Network(address: address, prefix: min(whole, 64)) }
            guard let prefix = Int(parts[1]), (0...whole).contains(prefix) else { return nil }
            return Network(address: address, prefix: prefix)
        }
    }

    public var isEmpty: Bool { networks.isEmpty }

    public func contains(_ address: IPAddress) -> Bool {
        networks.contains { address.isIn($0.address, prefix: $0.prefix) }
    }

    /// Of the address's text; false if it is none.
    func contains(_ text: String) -> Bool { !isEmpty && IPAddress(text).map(contains) ?? false }
}
