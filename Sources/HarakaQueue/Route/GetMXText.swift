// A get_mx answer that is a text.

import HarakaCore

/// Reads `host:port`, URLs and paths. Of a URL only what mail needs: no query, no path behind a host.
enum GetMXText {
    typealias Malformed = GetMXAnswer.Malformed

    static func mx(_ text: String) throws(Malformed) -> MX {
        let text = text[...].trimmed
        if text.isEmpty { throw Malformed(text: "get_mx: the text is empty") }
        if let scheme = text.firstRange(of: "://") {
            return try url(text[..<scheme.lowerBound].lowercased(), text[scheme.upperBound...])
        }
        var mx = MX()
        if text.hasPrefix("/") {
            mx.path = try path(String(text))
        } else if text.hasPrefix("unix:") {
            mx.path = try path(String(text.dropFirst(5)))
        } else {
            (mx.exchange, mx.port) = try endpoint(text, in: text)
        }
        return mx
    }

    // MARK: parts

    /// An absolute path that fits into a socket's address (108 bytes with the NUL behind it).
    static func path(_ path: String) throws(Malformed) -> String {
        guard path.hasPrefix("/"), path.utf8.count > 1, path.utf8.count < 108, !path.utf8.contains(0) else {
            throw Malformed(text: "get_mx: \(GetMXAnswer.shown(path)) is no path of a socket")
        }
        return path
    }

    /// A name in lower case, or an address without brackets.
    static func host(_ text: String) throws(Malformed) -> String {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        if IPAddress(bare) != nil { return bare }
        let name = (bare == text && bare.hasSuffix(".") ? String(bare.dropLast()) : bare).lowercased()
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName = bare == text && name.utf8.count <= 253 && labels.allSatisfy(isLabel)
        // A name of nothing but numbers is an address that somebody has mistyped.
        guard isName, !(labels.last.map { $0.allSatisfy(isDigit) } ?? true) else {
            throw Malformed(text: "get_mx: \(GetMXAnswer.shown(text)) is no host")
        }
        return name
    }

    private static func isLabel(_ label: Substring.UTF8View.SubSequence) -> Bool {
        (1...63).contains(label.count)
            && label.allSatisfy { byte in
                isDigit(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// 1 to 65535.
    static func port(_ digits: Substring) throws(Malformed) -> Int {
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(isDigit), let port = Int(digits),
            (1...65_535).contains(port)
        else { throw Malformed(text: "get_mx: \(GetMXAnswer.shown(String(digits))) is no port") }
        return port
    }

    /// `host`, `host:port`, `[v6]:port`, or an address with all its colons. The port is 0 if there is none.
    static func endpoint(_ text: Substring, in whole: Substring) throws(Malformed) -> (String, Int) {
        if IPAddress(String(text)) != nil { return (String(text), 0) }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            let address = try host(String(text[...end]))
            if rest.isEmpty { return (address, 0) }
            guard rest.hasPrefix(":") else {
                throw Malformed(text: "get_mx: \(GetMXAnswer.shown(String(whole))) is no host")
            }
            return (address, try port(rest.dropFirst()))
        }
        guard let colon = text.lastIndex(of: ":") else { return (try host(String(text)), 0) }
        return (try host(String(text[..<colon])), try port(text[text.index(after: colon)...]))
    }

    // MARK: URLs

    private static func url(_ scheme: String, _ rest: Substring) throws(Malformed) -> MX {
        var mx = MX()
        switch scheme {
        case "smtp": break
        case "lmtp": mx.usesLMTP = true
        case "unix":
            mx.path = try path(try decoded(rest))
            return mx
        default: throw Malformed(text: "get_mx: \(GetMXAnswer.shown(scheme)):// is neither smtp:// nor lmtp://")
        }
        if rest.hasPrefix("/") {
            mx.path = try path(try decoded(rest))
            return mx
        }
        let authority = rest.prefix { $0 != "/" }
        // Not a word of it in the text: it may hold a password.
        guard rest.dropFirst(authority.count).drop(while: { $0 == "/" }).isEmpty else {
            throw Malformed(text: "get_mx: the URL has a path behind its host")
        }
        let at = authority.lastIndex(of: "@")
        if let at { (mx.authUser, mx.authPassword) = try credentials(authority[..<at]) }
        let place = at.map { authority[authority.index(after: $0)...] } ?? authority
        (mx.exchange, mx.port) = try endpoint(place, in: place)
        return mx
    }

    private static func credentials(_ text: Substring) throws(Malformed) -> (String, String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try decoded(parts.first ?? "")
        let password = parts.count == 2 ? try decoded(parts[1]) : ""
        guard !user.isEmpty, !password.isEmpty else {
            throw Malformed(text: "get_mx: a URL with @ must have user and password before it")
        }
        return (user, password)
    }

    /// Without percent-encoding (RFC 3986 section 2.1).
    private static func decoded(_ text: Substring) throws(Malformed) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            let isHex = digits.count == 2 && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0 | 0x20) }
            guard isHex, let value = UInt8(Substring(digits), radix: 16) else {
                throw Malformed(text: "get_mx: a % in the URL is not followed by two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Malformed(text: "get_mx: what is encoded in the URL is no UTF-8")
        }
        return decoded
    }
}

extension Substring {
    /// Without blanks and line ends around it.
    var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
