// IPv4 addresses in names of hosts.

extension IPAddress {
    /// Whether the host's part of a name shows this IPv4 address, as names of lines that change hands do: two neighbouring
    /// parts of it in either order, all of it in zero-padded decimals, or in hexadecimal, whatever stands around. ASCII case does
    /// not count. Give it the labels before those that an organization holds (``Domains/organizational(_:)``).
    ///
    ///     IPAddress("192.0.2.1")?.isShown(in: "dsl-2-1.pool.")          // true
    public func isShown(in host: some Lendable) -> Bool {
        let octets = self.octets
        guard octets.count == 4 else { return false }
        return host.lend { host in
            let numbers = decimals(host)
            let (a, b, c, d) = (Int(octets[0]), Int(octets[1]), Int(octets[2]), Int(octets[3]))
            for (one, two) in zip(numbers, numbers.dropFirst()) {
                if (one, two) == (c, d) || (one, two) == (d, c) { return true }
                if (one, two) == (a, b) || (one, two) == (b, a) { return true }
            }
            return holdsHexadecimal(host, octets)
        }
    }
}

/// The numbers in a text; one of twelve digits is four.
private func decimals(_ host: Text) -> [Int] {
    var numbers: [Int] = []
    for run in host.bytes.split(whereSeparator: { $0 < 0x30 || $0 > 0x39 }) {
        let digits = run.map { Int($0 - 0x30) }
        if digits.count <= 3 {
            numbers.append(digits.reduce(0) { $0 * 10 + $1 })
        } else if digits.count == 12 {
            for start in stride(from: 0, to: 12, by: 3) {
                numbers.append(digits[start] * 100 + digits[start + 1] * 10 + digits[start + 2])
            }
        } else {
            // Too long to be part of an address; whatever stands beside it is no neighbour.
            numbers.append(-1)
        }
    }
    return numbers
}

/// Eight digits in a row, whatever stands around them.
private func holdsHexadecimal(_ host: Text, _ octets: [UInt8]) -> Bool {
    let digits = Array("0123456789abcdef".utf8)
    let wanted = octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    let text = host.bytes.map { lowered($0) }
    guard text.count >= wanted.count else { return false }
    return (0...(text.count - wanted.count)).contains { text[$0..<($0 + wanted.count)] == wanted[...] }
}
