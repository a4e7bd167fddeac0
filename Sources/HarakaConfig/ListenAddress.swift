// Where the server listens: the forms of `listen` in smtp.ini, and Internet addresses as text.

import Glibc

/// An address to listen on.
public enum ListenAddress: Sendable, Hashable {
    /// A host name or an Internet address (an IPv6 address without brackets), and a port; 0 lets the system choose.
    case tcp(host: String, port: UInt16)
    /// A socket in the file system and, where given, its permissions.
    case unix(path: String, mode: UInt32?)

    /// Why a text is no address to listen on.
    public struct Malformed: Error, Sendable, Equatable {
        /// What was expected, as the end of a sentence.
        public let expected: String
    }

    /// The system chooses the port, so that two of them are not one.
    var isAnyPort: Bool {
        if case .tcp(_, 0) = self { true } else { false }
    }

    /// Reads one address: `ip:port`, `host:port`, `[v6]:port`, a bare port (on `::`), `/path/socket`, or
    /// `/path/socket:777` with the permissions in octal. A host alone has `defaultPort`.
    ///
    /// An IPv6 address without brackets is refused, because `::0:25` could mean two things.
    public static func parse(_ text: String, defaultPort: UInt16 = 25) throws(Malformed) -> ListenAddress {
        if text.hasPrefix("/") { return try unix(text) }
        if text.utf8.allSatisfy(isDigit), !text.isEmpty { return .tcp(host: "::", port: try port(text[...])) }
        if text.hasPrefix("[") { return try bracketed(text, defaultPort) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw Malformed(expected: "expected an IPv6 address in brackets: [::1]:25") }
        let host = String(parts[0])
        guard IPText.isV4(host) || isHostName(host) else {
            throw Malformed(expected: "expected ip:port, [ipv6]:port, host:port, a port, or /path/socket:mode")
        }
        return .tcp(host: host, port: parts.count == 2 ? try port(parts[1]) : defaultPort)
    }

    /// A path; what follows its last colon is the mode if it is three or four octal digits.
    private static func unix(_ text: String) throws(Malformed) -> ListenAddress {
        var path = text[...]
        var mode: UInt32?
        if let colon = text.lastIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            let isMode = (3...4).contains(digits.utf8.count) && digits.utf8.allSatisfy(isDigit)
            if isMode, let octal = UInt32(digits, radix: 8) {
                path = text[..<colon]
                mode = octal
            }
        }
        // sun_path holds 108 bytes with the NUL at its end.
        guard path.utf8.count <= 107 else { throw Malformed(expected: "expected a socket path of at most 107 bytes") }
        guard !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw Malformed(expected: "expected the path of a socket")
        }
        return .unix(path: String(path), mode: mode)
    }

    /// `[v6]` or `[v6]:port`.
    private static func bracketed(_ text: String, _ defaultPort: UInt16) throws(Malformed) -> ListenAddress {
        guard let close = text.firstIndex(of: "]") else { throw Malformed(expected: "expected [ipv6]:port") }
        let host = String(text[text.index(after: text.startIndex)..<close])
        guard IPText.isV6(host) else { throw Malformed(expected: "expected an IPv6 address within the brackets") }
        let rest = text[text.index(after: close)...]
        if rest.isEmpty { return .tcp(host: host, port: defaultPort) }
        guard rest.first == ":" else { throw Malformed(expected: "expected [ipv6]:port") }
        return .tcp(host: host, port: try port(rest.dropFirst()))
    }

    /// Digits only: no sign, no service names.
    private static func port(_ text: Substring) throws(Malformed) -> UInt16 {
        guard text.utf8.allSatisfy(isDigit), let port = UInt16(text) else {
            throw Malformed(expected: "expected a port, 0 to 65535")
        }
        return port
    }

    /// Letters, digits, hyphens, dots, underscores; not digits and dots alone: that is a broken IPv4 address.
    private static func isHostName(_ text: String) -> Bool {
        let bytes = text.utf8
        let isNumeric = bytes.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        guard (1...253).contains(bytes.count), !isNumeric else { return false }
        // What a key may hold and a host name may not.
        return bytes.allSatisfy { Byte.isKey($0) } && !bytes.contains { "/:@+[]".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The address in the form that ``parse(_:defaultPort:)`` reads.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path, nil): path
        case .unix(let path, let mode?):
            // Three digits at least: fewer would be read back as part of the path.
            "\(path):" + String("00" + String(mode, radix: 8)).suffix(max(3, String(mode, radix: 8).count))
        }
    }
}

/// Internet addresses as they are written.
enum IPText {
    /// Four decimal numbers.
    static func isV4(_ text: String) -> Bool {
        var address = in_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET, text, &address) == 1
    }

    /// With or without a zone (`fe80::1%eth0`).
    static func isV6(_ text: String) -> Bool {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bare = parts.first, parts.dropFirst().allSatisfy(isZone) else { return false }
        var address = in6_addr()
        return !bare.utf8.contains(0) && inet_pton(AF_INET6, String(bare), &address) == 1
    }

    /// The name of an interface: letters, digits and little else.
    private static func isZone(_ text: Substring) -> Bool {
        (1...15).contains(text.utf8.count) && text.utf8.allSatisfy { Byte.isKey($0) && !"[]".utf8.contains($0) }
    }

    /// An address, alone or with a prefix length: `192.0.2.0/24`, `2001:db8::/32`.
    static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let address = String(parts[0])
        guard parts.count == 2 else { return isV4(address) || isV6(address) }
        guard let length = UInt8(parts[1]), parts[1].first != "+" else { return false }
        return isV4(address) ? length <= 32 : isV6(address) && length <= 128
    }
}
