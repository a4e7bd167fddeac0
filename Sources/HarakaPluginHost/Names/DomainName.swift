// Names as plugins give them, brought to the one form that is asked for: A-labels, lower case, no dot at the end.

import CIDN2
import Glibc
import HarakaCore

/// A domain name (RFC 1034 section 3.1, RFC 5890). Nothing of it needs an escape in any notation.
struct DomainName {
    let text: String

    /// - Parameter isHost: only letters, digits, `-` and `_`; else every visible character but `\`, which zone files use to
    ///   escape others.
    init?(_ bytes: UnsafeRawBufferPointer, isHost: Bool) {
        guard !bytes.isEmpty, bytes.count <= 1024 else { return nil }
        if bytes.contains(where: { $0 >= 0x80 }) {
            guard let ascii = DomainName.ascii(bytes), let name = DomainName.lowerCase(ascii, isHost) else {
                return nil
            }
            text = name
        } else {
            guard let name = DomainName.lowerCase(bytes, isHost) else { return nil }
            text = name
        }
    }

    /// The labels, checked.
    private static func lowerCase(_ bytes: some BidirectionalCollection<UInt8>, _ isHost: Bool) -> String? {
        let end = bytes.last == UInt8(ascii: ".") ? bytes.count - 1 : bytes.count
        guard (1...253).contains(end) else { return nil }
        var label = 0
        let name = String(unsafeUninitializedCapacity: end) { out in
            var count = 0
            for byte in bytes.prefix(end) {
                if byte == UInt8(ascii: ".") {
                    guard label > 0 else { return 0 }
                    label = 0
                } else {
                    label += 1
                    guard label <= 63, isPart(byte, isHost) else { return 0 }
                }
                out[count] = (65...90).contains(byte) ? byte | 0x20 : byte
                count += 1
            }
            return label > 0 ? count : 0
        }
        return name.isEmpty ? nil : name
    }

    private static func isPart(_ byte: UInt8, _ isHost: Bool) -> Bool {
        guard isHost else { return (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "\\") }
        return (97...122).contains(byte | 0x20) || (48...57).contains(byte) || byte == 45 || byte == 95
    }

    /// RFC 5891 section 5, as names are looked up.
    private static func ascii(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        // What C would take for the end, and what could hide behind a mapping.
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        guard let text = String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self) else { return nil }
        var out: UnsafeMutablePointer<CChar>?
        let flags = CInt(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        guard idn2_to_ascii_8z(text, &out, flags) == CInt(IDN2_OK.rawValue), let out else { return nil }
        defer { idn2_free(out) }
        return Array(UnsafeRawBufferPointer(start: out, count: strlen(out)))
    }
}

extension IPAddress {
    /// Its labels for a reverse lookup (RFC 1035 section 3.5, RFC 3596 section 2.5), with a dot at the end.
    var reversedLabels: String {
        if bytes.count == 4 { return bytes.reversed().map { "\($0)." }.joined() }
        return bytes.reversed().map { "\(String($0 & 15, radix: 16)).\(String($0 >> 4, radix: 16))." }.joined()
    }

    /// The zone in which the names of such addresses are.
    var reverseZone: String { bytes.count == 4 ? "in-addr.arpa" : "ip6.arpa" }
}
