// IP addresses and networks, for lists of clients: who may relay, who is greylisted, who is let in.

/// An IPv4 or IPv6 address. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
///
///     guard let client = IPAddress(call.connection.remoteIP) else { return .continue }
///     if trusted.contains(client) { ... }
public struct IPAddress: Hashable, Sendable {
    /// IPv4 addresses stand at `::ffff:0:0/96` (RFC 4291 section 2.5.5.2), so that one comparison serves both.
    fileprivate let bits: UInt128

    fileprivate init(bits: UInt128) { self.bits = bits }

    /// From `192.0.2.1`, `2001:db8::1` or `fe80::1%eth0`, whose zone does not count; nil if it is anything else.
    /// Numbers with a leading zero are refused, because programs disagree whether those are octal.
    public init?(_ text: Text) {
        let bytes = text.bytes
        let end = bytes.firstIndex(of: UInt8(ascii: "%")) ?? bytes.endIndex
        let isColon = bytes[..<end].contains(UInt8(ascii: ":"))
        guard isColon || end == bytes.endIndex else { return nil }
        guard let bits = isColon ? ipv6(bytes[..<end]) : ipv4(bytes[...]).map(mapped) else { return nil }
        self.init(bits: bits)
    }

    /// The same from a string of the plugin's own.
    public init?(_ text: String) {
        let address = Array(text.utf8).withUnsafeBytes { IPAddress(Text($0)) }
        guard let address else { return nil }
        self = address
    }

    public var isIPv4: Bool { bits >> 32 == 0xFFFF }

    /// In network order: 4 of an IPv4 address, else 16.
    public var octets: [UInt8] {
        let count = isIPv4 ? 4 : 16
        return (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt128(8 * (count - 1 - $0))) }
    }
}

/// A network in CIDR notation.
///
///     let home = IPNetwork("192.168.0.0/16")
///     if home?.contains(call.connection.remoteIP) == true { ... }
public struct IPNetwork: Hashable, Sendable {
    /// Without the bits of hosts.
    fileprivate let base: IPAddress
    /// Bits that count, of 128.
    fileprivate let length: Int

    /// The addresses that share their first `length` bits (of 32 or 128) with `address`; nil if there are not so many.
    public init?(_ address: IPAddress, length: Int) {
        let all = address.isIPv4 ? 32 : 128
        guard length >= 0, length <= all else { return nil }
        self.init(address, of128: length + 128 - all)
    }

    private init(_ address: IPAddress, of128 length: Int) {
        base = IPAddress(bits: address.bits & mask(length))
        self.length = length
    }

    /// From `address/length`, or an address alone, which is a network of one. Bits of hosts in the address do not
    /// count, as in Haraka: `192.168.7.1/16` is `192.168.0.0/16`.
    public init?(_ text: Text) {
        let trimmed = text.trimmed.bytes
        guard let slash = trimmed.firstIndex(of: UInt8(ascii: "/")) else {
            guard let address = IPAddress(Text(trimmed)) else { return nil }
            self.init(address, of128: 128)
            return
        }
        guard let address = IPAddress(Text(UnsafeRawBufferPointer(rebasing: trimmed[..<slash]))),
            let length = decimal(trimmed[(slash + 1)...], atMost: 128)
        else { return nil }
        // An IPv4 network that is written as IPv6 counts its bits as IPv6 does.
        let isWrittenAsIPv6 = trimmed[..<slash].contains(UInt8(ascii: ":"))
        if address.isIPv4, isWrittenAsIPv6 {
            guard length >= 96 else { return nil }
            self.init(address, of128: length)
        } else {
            self.init(address, length: length)
        }
    }

    /// The same from a string of the plugin's own.
    public init?(_ text: String) {
        let network = Array(text.utf8).withUnsafeBytes { IPNetwork(Text($0)) }
        guard let network else { return nil }
        self = network
    }

    /// Whether the address is in the network. IPv4 addresses are in no IPv6 network, `::/0` included.
    public func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == isIPv4 && address.bits & mask(length) == base.bits
    }

    /// The same for an address as the host hands it out; false if it is none.
    public func contains(_ address: Text) -> Bool { IPAddress(address).map(contains) ?? false }

    public var isIPv4: Bool { base.isIPv4 && length >= 96 }
}

/// Many networks. A question costs one look-up for each length of prefix that occurs, however many networks there are.
///
///     var allowed = IPNetworks()
///     for line in lines { if let network = IPNetwork(line) { allowed.insert(network) } }
public struct IPNetworks: Sendable {
    private var networks: Set<IPNetwork> = []
    /// The lengths of prefixes that occur.
    private var lengths: [Int] = []

    public init() {}

    public var count: Int { networks.count }
    public var isEmpty: Bool { networks.isEmpty }

    public mutating func insert(_ network: IPNetwork) {
        networks.insert(network)
        if !lengths.contains(network.length) { lengths.append(network.length) }
    }

    /// Whether the address is in one of the networks.
    public func contains(_ address: IPAddress) -> Bool {
        for length in lengths where length >= 96 || !address.isIPv4 {
            guard let network = IPNetwork(address, length: address.isIPv4 ? length - 96 : length) else { continue }
            if networks.contains(network) { return true }
        }
        return false
    }

    /// The same for an address as the host hands it out; false if it is none.
    public func contains(_ address: Text) -> Bool { !isEmpty && IPAddress(address).map(contains) ?? false }
}

// ---- reading ----

private func mask(_ length: Int) -> UInt128 { length == 0 ? 0 : UInt128.max << UInt128(128 - length) }

private func mapped(_ ipv4: UInt32) -> UInt128 { 0xFFFF_0000_0000 | UInt128(ipv4) }

/// Digits alone, without a leading zero.
private func decimal(_ digits: Slice<UnsafeRawBufferPointer>, atMost limit: Int) -> Int? {
    guard let first = digits.first, digits.count <= 3, first != UInt8(ascii: "0") || digits.count == 1 else {
        return nil
    }
    var number = 0
    for digit in digits {
        guard digit >= 0x30, digit <= 0x39 else { return nil }
        number = number * 10 + Int(digit - 0x30)
    }
    return number <= limit ? number : nil
}

/// Four decimal numbers.
private func ipv4(_ text: Slice<UnsafeRawBufferPointer>) -> UInt32? {
    var address: UInt32 = 0
    var count = 0
    for part in text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
        guard count < 4, let number = decimal(part, atMost: 255) else { return nil }
        address = address << 8 | UInt32(number)
        count += 1
    }
    return count == 4 ? address : nil
}

private func hexadecimal(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt128? {
    guard !digits.isEmpty, digits.count <= 4 else { return nil }
    var number: UInt128 = 0
    for digit in digits {
        switch digit {
        case 0x30...0x39: number = number << 4 | UInt128(digit - 0x30)
        case 0x41...0x46, 0x61...0x66: number = number << 4 | UInt128((digit | 0x20) - 0x61 + 10)
        default: return nil
        }
    }
    return number
}

/// RFC 4291 section 2.2: eight groups, of which `::` leaves out one or more, and the last two of which may be IPv4.
private func ipv6(_ text: Slice<UnsafeRawBufferPointer>) -> UInt128? {
    let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var bits: UInt128 = 0
    var count = 0
    var gap: Int?
    for (index, group) in groups.enumerated() {
        // At an end `::` leaves two empty pieces, elsewhere one.
        if group.isEmpty {
            let isEnd = index == 0 || index == groups.count - 1
            guard !isEnd || isDoubled(groups, index) else { return nil }
            if isEnd { continue }
            guard gap == nil else { return nil }
            gap = count
        } else if index == groups.count - 1, let last = ipv4(group) {
            (bits, count) = (bits << 32 | UInt128(last), count + 2)
        } else {
            guard count < 8, let number = hexadecimal(group) else { return nil }
            (bits, count) = (bits << 16 | number, count + 1)
        }
    }
    guard let gap else { return count == 8 ? bits : nil }
    guard count < 8 else { return nil }
    let behind = UInt128(16 * (count - gap))
    return (bits >> behind) << UInt128(16 * (8 - gap)) | bits & ((1 << behind) - 1)
}

/// Whether the empty piece at an end has an empty neighbour: a single colon at an end is a mistake.
private func isDoubled(_ groups: [Slice<UnsafeRawBufferPointer>], _ index: Int) -> Bool {
    groups.count > 2 && groups[index == 0 ? 1 : groups.count - 2].isEmpty
}
