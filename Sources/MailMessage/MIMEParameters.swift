// The parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231).

/// Parameters as they stand, looked up with their continuations put together. Of several with one name the first counts.
struct MIMEParameters {
    /// Turns bytes into text: their charset if the parameter says it, else "".
    typealias Decode = (_ bytes: [UInt8], _ charset: String) -> String

    private struct Parameter {
        /// Without `*` and section.
        var name: [UInt8]
        /// `name*1`; nil if there is only one.
        var section: Int?
        /// Ends in `*`: percent-encoded.
        var isExtended: Bool
        var value: [UInt8]
    }

    private var list: [Parameter] = []
    /// More are not looked at: nobody needs them, and they would cost time.
    private static let most = 1000

    /// The parameters from where the cursor stands.
    init(_ lexer: inout MIMEFieldLexer) {
        while list.count < Self.most, let (name, value) = lexer.parameter() {
            list.append(Self.split(name, value))
        }
    }

    /// `name*`, `name*0`, `name*0*` (RFC 2231 sections 3 and 4). Anything else with a `*` is a name like others.
    private static func split(_ name: [UInt8], _ value: [UInt8]) -> Parameter {
        let plain = Parameter(name: name, section: nil, isExtended: false, value: value)
        guard let star = name.firstIndex(of: 0x2A), star > 0 else { return plain }
        var rest = name[(star + 1)...]
        let isExtended = rest.isEmpty || rest.last == 0x2A
        if rest.last == 0x2A { rest.removeLast() }
        let section = number(rest)
        guard section != nil || rest.isEmpty else { return plain }
        return Parameter(name: Array(name[..<star]), section: section, isExtended: isExtended, value: value)
    }

    /// Up to five digits: a header has no room for more sections.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// The value without its encoding, as bytes.
    func bytes(_ name: String) -> [UInt8]? { value(name)?.bytes }

    /// The value as text; nil if there is none or if it is empty.
    func text(_ name: String, _ decode: Decode) -> String? {
        guard let (bytes, charset) = value(name), !bytes.isEmpty else { return nil }
        return decode(bytes, charset)
    }

    /// What is encoded as RFC 2231 wants it goes before what is not: a sender who writes both writes the plain form for
    /// old readers.
    private func value(_ name: String) -> (bytes: [UInt8], charset: String)? {
        let matching = list.filter { $0.name.elementsEqual(name.utf8) }
        if let single = matching.first(where: { $0.section == nil && $0.isExtended }) { return Self.joined([single]) }
        let sections = Self.consecutive(matching.filter { $0.section != nil })
        if !sections.isEmpty { return Self.joined(sections) }
        let plain = matching.first { $0.section == nil } ?? matching.first
        return plain.map { ($0.value, "") }
    }

    /// In the order of their numbers, however they came, up to the first that is missing. Some count from 1.
    private static func consecutive(_ sections: [Parameter]) -> [Parameter] {
        var result: [Parameter] = []
        // The sort is stable, so that the first of equals stays the first.
        for parameter in sections.sorted(by: { ($0.section ?? 0) < ($1.section ?? 0) }) {
            guard let number = parameter.section else { continue }
            guard let last = result.last?.section else {
                if number > 1 { return [] }
                result.append(parameter)
                continue
            }
            if number > last + 1 { break }
            if number > last { result.append(parameter) }
        }
        return result
    }

    /// The first section, if it is extended, begins with `charset'language'`.
    private static func joined(_ sections: [Parameter]) -> (bytes: [UInt8], charset: String) {
        var charset = ""
        var bytes: [UInt8] = []
        for (number, section) in sections.enumerated() {
            var value = section.value[...]
            if number == 0, section.isExtended { charset = takeCharset(from: &value) }
            if section.isExtended { appendDecoded(value, to: &bytes) } else { bytes += value }
        }
        return (bytes, charset)
    }

    private static func takeCharset(from value: inout ArraySlice<UInt8>) -> String {
        guard let first = value.firstIndex(of: 0x27) else { return "" }
        guard let second = value[(first + 1)...].firstIndex(of: 0x27) else { return "" }
        let charset = String(decoding: value[..<first], as: UTF8.self)
        value = value[(second + 1)...]
        return charset
    }

    /// `%C3` becomes its byte; a `%` without two digits stays.
    private static func appendDecoded(_ value: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        var rest = value
        while let octet = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(hexValue)
            if octet == 0x25, digits.count == 2 {
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(octet)
            }
        }
    }

    private static func hexValue(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x37
        case 0x61...0x66: octet - 0x57
        default: nil
        }
    }
}
