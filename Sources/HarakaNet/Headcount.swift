// Who is here: clients and handshakes, counted in total and by address.

import Glibc
import HarakaCore
import NIOCore

/// What limits by address go by: an IPv4 address, or an IPv6 network of /64, which one client can fill.
struct ClientAddress: Hashable {
    private let bits: UInt64
    private let isIPv4: Bool

    private init(_ bytes: some Collection<UInt8>, isIPv4: Bool) {
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
        self.isIPv4 = isIPv4
    }

    init(_ address: IPAddress) { self.init(address.bytes.prefix(8), isIPv4: address.bytes.count == 4) }

    /// Nil: a unix socket.
    init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let ip):
            self.init(withUnsafeBytes(of: ip.address.sin_addr) { Array($0) }, isIPv4: true)
        case .v6(let ip):
            self = withUnsafeBytes(of: ip.address.sin6_addr) { bytes in
                let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] & bytes[11] == 255
                return isMapped ? ClientAddress(bytes[12...], isIPv4: true) : ClientAddress(bytes[..<8], isIPv4: false)
            }
        default: return nil
        }
    }
}

/// How many are inside, and how many of them from where.
struct Headcount {
    enum Full { case all, address }

    private(set) var total = 0
    private var byAddress: [ClientAddress: Int] = [:]

    /// Whether one more has no room. Limits of 0 are none.
    func full(for address: ClientAddress?, total limit: Int, perAddress: Int) -> Full? {
        if limit > 0, total >= limit { return .all }
        guard perAddress > 0, let address else { return nil }
        return byAddress[address, default: 0] >= perAddress ? .address : nil
    }

    mutating func enter(_ address: ClientAddress?) {
        total += 1
        count(address)
    }

    mutating func leave(_ address: ClientAddress?) {
        total -= 1
        guard let address, let count = byAddress[address] else { return }
        byAddress[address] = count > 1 ? count - 1 : nil
    }

    /// One who is inside already, and whose address becomes known only now.
    mutating func count(_ address: ClientAddress?) {
        if let address { byAddress[address, default: 0] += 1 }
    }
}
