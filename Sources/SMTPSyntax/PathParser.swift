// The arguments of MAIL and RCPT: a path and its parameters (RFC 5321 section 4.1.2, formerly RFC 1869 section 6).

/// One ESMTP parameter of MAIL or RCPT.
public struct Parameter: Hashable, Sendable {
    /// Keyword in upper case.
    public let name: String
    /// What stands behind `=`; nil for a bare keyword.
    public let value: String?

    /// A parameter; `name` is taken as it is.
    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

/// The argument of MAIL or RCPT, taken apart. The address is not yet checked; ``Address/parse(_:idna:)`` does that.
public struct PathArgument: Hashable, Sendable {
    /// The path as sent; RCPT paths without angle brackets have got them.
    public let address: String
    /// In the order sent. A keyword may stand twice.
    public let parameters: [Parameter]

    /// An argument of these parts.
    public init(address: String, parameters: [Parameter] = []) {
        self.address = address
        self.parameters = parameters
    }
}

/// Haraka's parser for the arguments of MAIL and RCPT (`rfc1869.js`).
///
/// `FROM:` or `TO:` is taken off the front, then ` KEY` and ` KEY=VALUE` off the end for as long as there are any;
/// what is left is the path. Two differences from Haraka, both towards RFC 5321: `FROM:` and `TO:` count at the
/// beginning only (Haraka removes the first one found anywhere, even inside a quoted local part), and they must be
/// there when `strict` or when nothing else is.
public enum PathParser {
    /// Parses what follows `MAIL`. A bare `FROM:` is the null path, unless `strict`.
    /// - Parameters:
    ///   - argument: Without surrounding blanks, as ``CommandLine`` hands it over.
    ///   - strict: `strict_rfc1869` of connection.ini: no blanks behind the colon, and angle brackets are required.
    public static func mail(_ argument: String, strict: Bool) throws(SyntaxError) -> PathArgument {
        let parts = try split(argument, Command(name: "mail", keyword: "FROM:", strict: strict)).parts
        return parts.address.isEmpty ? PathArgument(address: "<>") : parts
    }

    /// Parses what follows `RCPT`. A path without `@` must be `<postmaster>` or `<abuse>`; one without angle brackets
    /// gets them, unless `strict`; a blank inside the path is refused even in a quoted local part.
    /// - Parameters:
    ///   - argument: Without surrounding blanks, as ``CommandLine`` hands it over.
    ///   - strict: `strict_rfc1869` of connection.ini: no blanks behind the colon, and angle brackets are required.
    public static func rcpt(_ argument: String, strict: Bool) throws(SyntaxError) -> PathArgument {
        let (parts, shape) = try split(argument, Command(name: "rcpt", keyword: "TO:", strict: strict))
        let path = parts.address
        guard !shape.hasBlank else { throw SyntaxError(message: "Syntax error in parameters") }
        if shape.hasAt {
            return isBracketed(path) ? parts : PathArgument(address: "<\(path)>", parameters: parts.parameters)
        }
        guard isRole(path) else { throw SyntaxError(message: "Syntax error in address: \(path)") }
        return parts
    }
}

extension PathParser {
    /// What differs between MAIL and RCPT while their argument is split.
    private struct Command {
        let name: String
        let keyword: StaticString
        let strict: Bool
    }

    /// What the checks of Haraka's regular expressions come to, found in one pass.
    private struct Shape {
        var hasAt = false
        var hasBlank = false
        var hasBlankBehindAt = false

        @inline(__always)
        mutating func add(_ octet: UInt8) {
            if octet == UInt8(ascii: "@") { hasAt = true }
            if octet.isWhiteSpace {
                hasBlank = true
                hasBlankBehindAt = hasBlankBehindAt || hasAt
            }
        }
    }

    private static func split(
        _ argument: String, _ command: Command
    ) throws(SyntaxError) -> (parts: PathArgument, shape: Shape) {
        let bytes = argument.utf8.span
        var start = keywordEnd(bytes, command.keyword)
        guard start > 0 || (!bytes.isEmpty && !command.strict) else { throw invalid(command, argument) }
        while !command.strict, start < bytes.count, bytes[start].isWhiteSpace { start += 1 }
        var end = bytes.count
        while end > start, bytes[end - 1].isWhiteSpace { end -= 1 }
        let parameters = takeParameters(bytes, start, &end)
        var shape = Shape()
        for offset in start..<end { shape.add(bytes[offset]) }
        let path = bytes.string(start..<end)
        guard !shape.hasBlankBehindAt else {
            throw SyntaxError(message: "Syntax error in parameters (\"\(path)\")")
        }
        if command.strict, !isBracketed(path) { throw invalid(command, path) }
        return (PathArgument(address: path, parameters: parameters), shape)
    }

    private static func invalid(_ command: Command, _ text: String) -> SyntaxError {
        SyntaxError(message: "Invalid format of \(command.name) command: \(text)")
    }

    /// Length of `keyword` if the argument begins with it in any letter case, else 0.
    private static func keywordEnd(_ bytes: Span<UInt8>, _ keyword: StaticString) -> Int {
        let wanted = UnsafeBufferPointer(start: keyword.utf8Start, count: keyword.utf8CodeUnitCount)
        guard bytes.count >= wanted.count else { return 0 }
        for offset in wanted.indices where bytes[offset].asciiUppercased != wanted[offset] { return 0 }
        return wanted.count
    }

    /// Takes parameters off the end of `bytes[start..<end]` and moves `end` before them.
    private static func takeParameters(_ bytes: Span<UInt8>, _ start: Int, _ end: inout Int) -> [Parameter] {
        var parameters: [Parameter] = []
        while true {
            var word = end
            while word > start, !bytes[word - 1].isWhiteSpace { word -= 1 }
            // The first word is the path, even if it looks like a parameter (`FROM:user=name@example.net`).
            guard word > start, let parameter = parameter(bytes, word..<end) else { break }
            parameters.append(parameter)
            end = word
            while end > start, bytes[end - 1].isWhiteSpace { end -= 1 }
        }
        if parameters.count > 1 { parameters.reverse() }
        return parameters
    }

    /// `KEY` or `KEY=VALUE`; nil if the word is neither.
    private static func parameter(_ bytes: Span<UInt8>, _ word: Range<Int>) -> Parameter? {
        guard !word.isEmpty, bytes[word.lowerBound].isLetDig else { return nil }
        var nameEnd = word.lowerBound + 1
        while nameEnd < word.upperBound, bytes[nameEnd].isLetDig || bytes[nameEnd] == UInt8(ascii: "-") {
            nameEnd += 1
        }
        let name = bytes.string(word.lowerBound..<nameEnd).uppercasedASCII
        if nameEnd == word.upperBound { return Parameter(name: name, value: nil) }
        let value = (nameEnd + 1)..<word.upperBound
        guard bytes[nameEnd] == UInt8(ascii: "="), !value.isEmpty else { return nil }
        for offset in value where bytes[offset].isControl || bytes[offset] == UInt8(ascii: "=") { return nil }
        return Parameter(name: name, value: bytes.string(value))
    }

    private static func isBracketed(_ path: String) -> Bool {
        let bytes = path.utf8.span
        return bytes.count >= 2 && bytes[0] == UInt8(ascii: "<") && bytes[bytes.count - 1] == UInt8(ascii: ">")
    }

    private static func isRole(_ path: String) -> Bool {
        let lower = path.lowercasedASCII
        return lower == "<postmaster>" || lower == "<abuse>"
    }
}
