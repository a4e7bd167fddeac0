// Domain names as text and as on the wire. RFC 1035 section 3.1, RFC 4343.

import Glibc

/// Domain names. Values, without state.
public enum DomainName {
    /// The name as it is asked for: lower case, without a dot at its end. Nil: it is none (an empty or long label, a
    /// long name, blanks, control characters, or anything that is not ASCII). Any other character may stand in a label.
    static func normal(_ name: String) -> String? {
        var label = 0
        var total = 0
        var isNormal = true
        for byte in name.utf8 {
            total += 1
            switch byte {
            case UInt8(ascii: "."):
                // The root is a dot alone.
                guard label > 0 || name.utf8.count == 1 else { return nil }
                label = 0
                continue
            case 0...0x20, 0x7f..., UInt8(ascii: "\\"): return nil
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): isNormal = false
            default: break
            }
            label += 1
            if label > 63 { return nil }
        }
        guard total > 0 else { return nil }
        if name == "." { return name }
        let length = label == 0 ? total - 1 : total
        guard length <= 253 else { return nil }
        if label > 0, isNormal { return name }
        return String(decoding: name.utf8.prefix(length).map(lower), as: UTF8.self)
    }

    /// The name at the beginning of `wire`, lower case, without a dot at its end; "." for the root. What does not
    /// belong in a line of text is written `\DDD` (RFC 1035 section 5.1). Nil: `wire` ends before the name does.
    static func text(_ wire: ArraySlice<UInt8>) -> String? {
        var text: [UInt8] = []
        var at = wire.startIndex
        while at < wire.endIndex {
            let length = Int(wire[at])
            if length == 0 { return text.isEmpty ? "." : String(decoding: text, as: UTF8.self) }
            guard length <= 63, at + length < wire.endIndex else { return nil }
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            for byte in wire[(at + 1)...(at + length)] { append(byte, to: &text) }
            at += 1 + length
        }
        return nil
    }

    /// The wire form of a name that `normal` has let through.
    static func wire(_ name: String) -> [UInt8] {
        var wire: [UInt8] = []
        for label in name.utf8.split(separator: UInt8(ascii: ".")) {
            wire.append(UInt8(truncatingIfNeeded: label.count))
            wire += label
        }
        return wire + [0]
    }

    private static func append(_ byte: UInt8, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "\\"), 0...0x20, 0x7f...:
            text += [UInt8(ascii: "\\"), 48 + byte / 100, 48 + byte / 10 % 10, 48 + byte % 10]
        default: text.append(lower(byte))
        }
    }

    /// What is asked for the name of an address (RFC 1035 section 3.5, RFC 3596 section 2.5); nil: it is no address.
    public static func reverse(_ address: String) -> String? {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            let bytes = withUnsafeBytes(of: &four) { Array($0) }
            return bytes.reversed().map { "\($0)." }.joined() + "in-addr.arpa"
        }
        // An address of a link has its interface behind it.
        let bare = String(address.prefix { $0 != "%" })
        guard inet_pton(AF_INET6, bare, &six) == 1 else { return nil }
        var name: [UInt8] = []
        for byte in withUnsafeBytes(of: &six, { Array($0) }).reversed() {
            name += [hexDigit(byte & 15), UInt8(ascii: "."), hexDigit(byte >> 4), UInt8(ascii: ".")]
        }
        return String(decoding: name, as: UTF8.self) + "ip6.arpa"
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
