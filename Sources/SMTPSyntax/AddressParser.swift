// The grammar of Path and Mailbox (RFC 5321 section 4.1.2, with UTF-8 from RFC 6531 section 3.3).

extension Address {
    /// Parses a path: `<user@host>`, `<@a,@b:user@host>` (the source route is dropped), `<>`, `<postmaster>`, each also
    /// without its angle brackets, except the route.
    ///
    /// Refused as in Haraka: a trailing dot, an underscore or a hyphen at an end of a label, empty labels, dots at the
    /// ends of an unquoted local part, blanks outside quotes, missing or doubled brackets. Refused beyond Haraka: a
    /// local part of more than 64 octets, a label of more than 63, a domain of more than 255 (RFC 5321
    /// section 4.5.3.1, RFC 1035 section 2.3.4; for a non-ASCII domain in its A-label form), `[IPv6:...]` without a
    /// valid IPv6 address, and U+FFFD, which stands where the client sent invalid UTF-8.
    /// - Parameters:
    ///   - text: The path as sent.
    ///   - idna: Gives the A-label form of a non-ASCII domain, nil if it has none (RFC 5891).
    public static func parse(_ text: String, idna: (String) -> String?) throws(SyntaxError) -> Address {
        let bytes = text.utf8.span
        let inside = AddressParser.inside(bytes)
        if inside.isEmpty { return Address(original: text, user: "", host: "", originalHost: "") }
        if AddressParser.isPostmaster(bytes, inside) {
            return Address(original: text, user: "postmaster", host: "", originalHost: "")
        }
        let start = try AddressParser.routeEnd(bytes, inside)
        guard let at = AddressParser.localPartEnd(bytes, start..<inside.upperBound) else {
            throw SyntaxError(message: "Invalid local part in address: \(text)")
        }
        guard at - start <= 64 else { throw SyntaxError(message: "Local part of more than 64 octets") }
        guard at + 1 < inside.upperBound, bytes[at] == UInt8(ascii: "@") else {
            throw SyntaxError(message: "Invalid domain in address: \(text)")
        }
        let domain = bytes.string((at + 1)..<inside.upperBound)
        let host = try AddressParser.host(domain, idna)
        let address = Address(original: text, user: bytes.string(start..<at), host: host, originalHost: domain)
        if address.isUTF8, text.unicodeScalars.contains("\u{FFFD}") {
            throw SyntaxError(message: "Invalid UTF-8 in address")
        }
        return address
    }
}

/// The pieces of the grammar. All offsets are into the UTF-8 of the whole text.
enum AddressParser {
    /// The text without its angle brackets, or all of it if it has not both.
    static func inside(_ bytes: Span<UInt8>) -> Range<Int> {
        let end = bytes.count
        guard end >= 2, bytes[0] == UInt8(ascii: "<"), bytes[end - 1] == UInt8(ascii: ">") else { return 0..<end }
        return 1..<(end - 1)
    }

    /// The one local part that needs no domain (RFC 5321 section 4.5.1), in any letter case.
    static func isPostmaster(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count == 10 && bytes.string(range).lowercasedASCII == "postmaster"
    }

    /// Checks the source route and steps over it: `@a,@b:`. Only a path in angle brackets can have one.
    static func routeEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(SyntaxError) -> Int {
        guard range.lowerBound > 0, bytes[range.lowerBound] == UInt8(ascii: "@") else { return range.lowerBound }
        var offset = range.lowerBound
        while offset < range.upperBound, bytes[offset] == UInt8(ascii: "@") {
            let end = domainEnd(bytes, (offset + 1)..<range.upperBound).end
            guard end > offset + 1, end < range.upperBound else { break }
            if bytes[end] == UInt8(ascii: ":") { return end + 1 }
            guard bytes[end] == UInt8(ascii: ",") else { break }
            offset = end + 1
        }
        throw SyntaxError(message: "Invalid source route in address")
    }

    /// End of the local part at the beginning of `range`; nil if there is none.
    static func localPartEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard let first = range.first else { return nil }
        return bytes[first] == UInt8(ascii: "\"") ? quotedEnd(bytes, range) : dotStringEnd(bytes, range)
    }

    /// `Dot-string`: atoms with single dots between them.
    private static func dotStringEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var atomStart = range.lowerBound
        var offset = range.lowerBound
        while offset < range.upperBound {
            let octet = bytes[offset]
            if octet == UInt8(ascii: ".") {
                if offset == atomStart { return nil }
                atomStart = offset + 1
            } else if !octet.isAtext {
                break
            }
            offset += 1
        }
        return offset == atomStart ? nil : offset
    }

    /// `Quoted-string`, quotes included.
    private static func quotedEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var offset = range.lowerBound + 1
        while offset < range.upperBound {
            var octet = bytes[offset]
            if octet == UInt8(ascii: "\"") { return offset + 1 }
            if octet == UInt8(ascii: "\\") {
                offset += 1
                guard offset < range.upperBound else { return nil }
                octet = bytes[offset]
                // Only graphic ASCII and SP may be quoted by a backslash.
                if !octet.isASCII { return nil }
            }
            if octet.isControl { return nil }
            offset += 1
        }
        return nil
    }
}

extension AddressParser {
    /// The checked host of a mailbox: lower case, A-labels. Address literals stay literals.
    static func host(_ text: String, _ idna: (String) -> String?) throws(SyntaxError) -> String {
        let bytes = text.utf8.span
        if bytes[0] == UInt8(ascii: "[") {
            guard AddressLiteral.isValid(bytes) else { throw SyntaxError(message: "Invalid address literal: \(text)") }
            return text.lowercasedASCII
        }
        let found = domainEnd(bytes, 0..<bytes.count)
        guard found.end == bytes.count else { throw SyntaxError(message: "Invalid domain in address: \(text)") }
        if found.isASCII {
            try checkLengths(bytes, found.longestLabel)
            return text.lowercasedASCII
        }
        // What the converter returns is not trusted to be a domain name either.
        guard let ascii = idna(text) else { throw SyntaxError(message: "Invalid domain in address: \(text)") }
        let converted = ascii.utf8.span
        let checked = domainEnd(converted, 0..<converted.count)
        guard checked.isASCII, checked.end == converted.count, checked.end > 0 else {
            throw SyntaxError(message: "Invalid domain in address: \(text)")
        }
        try checkLengths(converted, checked.longestLabel)
        return ascii.lowercasedASCII
    }

    private static func checkLengths(_ domain: Span<UInt8>, _ longestLabel: Int) throws(SyntaxError) {
        if longestLabel > 63 { throw SyntaxError(message: "Domain label of more than 63 octets") }
        if domain.count > 255 { throw SyntaxError(message: "Domain of more than 255 octets") }
    }

    /// A `Domain` at the beginning of `range`: where it ends, `range.lowerBound` if there is none.
    static func domainEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (end: Int, longestLabel: Int, isASCII: Bool) {
        var labelStart = range.lowerBound
        var offset = range.lowerBound
        var longest = 0
        var bits: UInt8 = 0
        while offset < range.upperBound {
            let octet = bytes[offset]
            if octet == UInt8(ascii: ".") {
                guard isLabel(bytes, labelStart..<offset) else { return (range.lowerBound, 0, true) }
                longest = max(longest, offset - labelStart)
                labelStart = offset + 1
            } else if !octet.isLetDig && octet != UInt8(ascii: "-") && octet.isASCII {
                break
            }
            bits |= octet
            offset += 1
        }
        guard isLabel(bytes, labelStart..<offset) else { return (range.lowerBound, 0, true) }
        return (offset, max(longest, offset - labelStart), bits.isASCII)
    }

    /// Not empty, and no hyphen at either end.
    private static func isLabel(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let first = range.first, let last = range.last else { return false }
        return bytes[first] != UInt8(ascii: "-") && bytes[last] != UInt8(ascii: "-")
    }
}
