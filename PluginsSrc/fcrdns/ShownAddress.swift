// IPv4 addresses in names of hosts.

/// The labels before those that an organization holds; all of the name if it is not known what those are.
func hostPart(of name: String, _ organizational: String?) -> String {
    guard let organizational else { return name }
    return String(decoding: name.utf8.dropLast(organizational.utf8.count), as: UTF8.self)
}

/// Whether the text has the word in it.
func holds(_ text: String, _ word: String) -> Bool {
    let (text, word) = (Array(text.utf8), Array(word.utf8))
    guard text.count >= word.count else { return false }
    return (0...(text.count - word.count)).contains { text[$0..<($0 + word.count)] == word[...] }
}

/// Whether the host's part of a name shows an IPv4 address, as those of lines that change hands do: two neighbouring
/// parts of it in either order, all of it in zero-padded decimals, or in hexadecimal. The name is in lower case.
func showsAddress(_ host: String, _ octets: [UInt8]) -> Bool {
    guard octets.count == 4 else { return false }
    let numbers = decimals(host)
    let (a, b, c, d) = (Int(octets[0]), Int(octets[1]), Int(octets[2]), Int(octets[3]))
    for (one, two) in zip(numbers, numbers.dropFirst()) {
        if (one, two) == (c, d) || (one, two) == (d, c) || (one, two) == (a, b) || (one, two) == (b, a) { return true }
    }
    return holds(host, hexadecimal(octets))
}

private func hexadecimal(_ octets: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The numbers in a text; one of twelve digits is four.
private func decimals(_ host: String) -> [Int] {
    var numbers: [Int] = []
    for run in host.utf8.split(whereSeparator: { $0 < 0x30 || $0 > 0x39 }) {
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
