// What stands behind XCLIENT: NAME=value, blank separated, values as xtext (RFC 3461 section 4).
import HarakaPluginKit

/// What a proxy says of its client. Attributes that make no sense are as if they were not there.
struct ClientAttributes: Equatable, Sendable {
    /// ADDR.
    var address: String?
    /// NAME, in lower case.
    var name: String?
    /// PORT.
    var port: Int64?
    /// PROTO: `smtp` or `esmtp`. For the log only: the client says HELO or EHLO after this, and that counts.
    var proto: String?
    /// HELO.
    var hello: String?
    /// LOGIN.
    var login: String?
    /// DESTADDR, DESTPORT: ours.
    var ownAddress: String?
    var ownPort: Int64?
    /// For the log.
    var ignored: [String] = []

    /// From the rest of the line.
    init(_ line: Text) {
        for word in line.bytes.split(separator: UInt8(ascii: " ")) {
            let word = Text(UnsafeRawBufferPointer(rebasing: word))
            if !take(word) { ignored.append(word.string) }
        }
    }

    /// False: no attribute that can be used.
    private mutating func take(_ word: Text) -> Bool {
        guard let equals = word.bytes.firstIndex(of: UInt8(ascii: "=")) else { return false }
        let key = Text(UnsafeRawBufferPointer(rebasing: word.bytes[..<equals])).asciiLowercased
        let rest = Text(UnsafeRawBufferPointer(rebasing: word.bytes[(equals + 1)...]))
        guard let value = decodedXtext(rest), !value.isEmpty else { return false }
        // The proxy does not know: that is no mistake.
        guard !isUnavailable(value) else { return Self.keys.contains(key) }
        return set(key, value)
    }

    private static let keys = ["addr", "name", "port", "proto", "helo", "login", "destaddr", "destport"]

    private mutating func set(_ key: String, _ value: String) -> Bool {
        switch key {
        case "addr": return set(&address, ipAddress(value))
        case "destaddr": return set(&ownAddress, ipAddress(value))
        case "name": return set(&name, isHost(value) ? value.asciiLowercased : nil)
        case "helo": return set(&hello, isHost(value) ? value : nil)
        case "login": return set(&login, value)
        case "port": return set(&port, portNumber(value))
        case "destport": return set(&ownPort, portNumber(value))
        case "proto":
            let word = value.asciiLowercased
            return set(&proto, word.hasPrefix("smtp") || word.hasPrefix("esmtp") ? word : nil)
        default: return false
        }
    }

    /// For the log.
    var line: String {
        var line = address ?? "nobody"
        if let port { line += ":\(port)" }
        if let name { line += " name=\(name)" }
        if let hello { line += " helo=\(hello)" }
        if let proto { line += " proto=\(proto)" }
        if let login { line += " login=\(login)" }
        return line
    }

    /// Whether there is anything to set.
    private func set<Attribute>(_ place: inout Attribute?, _ value: Attribute?) -> Bool {
        if let value { place = value }
        return value != nil
    }
}

/// `[UNAVAILABLE]` or `[TEMPUNAVAIL]`.
private func isUnavailable(_ value: String) -> Bool {
    let word = value.asciiLowercased
    return word == "[unavailable]" || word == "[tempunavail]"
}

/// `192.0.2.1`, `IPV6:2001:db8::1`, in any case; nil if it is neither. An IPv4 address that is written as IPv6 becomes IPv4, so
/// that no list of clients is fooled.
private func ipAddress(_ value: String) -> String? {
    let lower = value.asciiLowercased
    let isIPv6 = lower.hasPrefix("ipv6:")
    let text = isIPv6 ? String(lower.dropFirst(5)) : lower
    // A zone would mean an interface of the proxy's.
    guard text.utf8.contains(UInt8(ascii: ":")) == isIPv6, !text.utf8.contains(UInt8(ascii: "%")),
        let address = IPAddress(text)
    else { return nil }
    return address.isIPv4 ? address.octets.map { String($0) }.joined(by: ".") : text
}

private func portNumber(_ value: String) -> Int64? {
    guard value.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int64(value) else { return nil }
    return (0...65535).contains(number) ? number : nil
}

/// A name as it may stand in a header or a log: no blanks, 255 bytes (RFC 1035). Address literals are names, too.
private func isHost(_ value: String) -> Bool { value.utf8.count <= 255 && !value.utf8.contains(0x20) }

/// Undoes xtext: `+XX` is a byte, in two upper case hexadecimal digits; lower case ones are understood. nil if it is no xtext,
/// or not UTF-8, or has control characters in it, which no attribute may have.
func decodedXtext(_ text: Text) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text.bytes[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "+") {
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else {
                return nil
            }
            bytes.append(high << 4 | low)
        } else {
            bytes.append(byte)
        }
    }
    guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
    // What is not UTF-8 would come out longer or other than it went in.
    let string = String(decoding: bytes, as: UTF8.self)
    return Array(string.utf8) == bytes ? string : nil
}

private func hexadecimal(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
}
