// What of the network is this server itself. RFC 5321 section 5.1: mail must not be sent in circles.

import Glibc
import HarakaCore
import HarakaQueue
import NIOCore

/// The server's names, and the addresses of this machine's interfaces, which are read anew now and then, because they
/// come and go. On one loop.
/// A mail whose best MX is ourselves would come back to us, at once and for ever; so our own addresses are left out of
/// its route, and with them all hosts that are no better.
public final class OwnHost {
    /// Seconds for which the interfaces are believed to stay as they are.
    private static let validity = TimeAmount.seconds(60)

    private let fixed: OwnNames
    /// A call of the system: tests have other networks.
    private let read: () -> Set<IPAddress>
    private var known: Set<IPAddress> = []
    private var end = NIODeadline.uptimeNanoseconds(0)

    /// - Parameters:
    ///   - names: `me` and other names of this server; any case.
    ///   - listeners: Addresses on which it takes mail, when they are no interface's: behind a translation of
    ///     addresses.
    public convenience init(names: [String], listeners: [String] = []) {
        self.init(names: names, listeners: listeners, read: OwnHost.interfaces)
    }

    init(names: [String], listeners: [String], read: @escaping () -> Set<IPAddress>) {
        fixed = OwnNames(
            names: Set(names.map { $0.lowercased() }), addresses: Set(listeners.compactMap { IPAddress($0) }))
        self.read = read
    }

    func names(now: NIODeadline = .now()) -> OwnNames {
        // Reading takes some microseconds, and routes are asked for thousands of times a second.
        if now >= end {
            known = read()
            end = now + OwnHost.validity
        }
        return OwnNames(names: fixed.names, addresses: fixed.addresses.union(known))
    }

    /// The addresses of all interfaces that are up. None if the system does not say.
    static func interfaces() -> Set<IPAddress> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: Set<IPAddress> = []
        var next = first
        while let interface = next {
            next = interface.pointee.ifa_next
            if let address = interface.pointee.ifa_addr, let text = text(address), let own = IPAddress(text) {
                found.insert(own)
            }
        }
        return found
    }

    /// Nil: neither IPv4 nor IPv6.
    private static func text(_ address: UnsafeMutablePointer<sockaddr>) -> String? {
        let size: Int
        switch CInt(address.pointee.sa_family) {
        case AF_INET: size = MemoryLayout<sockaddr_in>.size
        case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var room = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let flags = CInt(NI_NUMERICHOST)
        // In numbers only: no name is looked up here.
        guard getnameinfo(address, socklen_t(size), &room, socklen_t(room.count), nil, 0, flags) == 0 else {
            return nil
        }
        return String(decoding: room.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
