// Content-Type (RFC 2045 section 5) and Content-Disposition (RFC 2183).

/// The value of a Content-Type field.
public struct ContentType {
    /// `type/subtype` in lower case; `text/plain` if the value does not begin with a type (RFC 2045 section 5.2).
    public let type: String
    let parameters: MIMEParameters

    /// - Parameter value: What stands behind the colon, folded as it is.
    public init(_ value: UnsafeRawBufferPointer) {
        var lexer = MIMEFieldLexer(value)
        type = lexer.mediaType().map { String(decoding: $0, as: UTF8.self) } ?? "text/plain"
        parameters = MIMEParameters(&lexer)
    }

    /// In lower case; empty if the value does not say, or says more than any name of a charset has.
    public var charset: String { shortWord(parameters.bytes("charset") ?? []) }

    /// Of a multipart that can be taken apart, else empty.
    ///
    /// Longer ones than the 70 characters of RFC 2046 section 5.1.1 are good, too, up to what fits into a line of 998
    /// (RFC 5322 section 2.1.1) with two dashes on both sides. Blanks at the end are no part of it.
    public var boundary: [UInt8] {
        guard type.utf8.starts(with: "multipart/".utf8), var boundary = parameters.bytes("boundary") else { return [] }
        while let last = boundary.last, isWhiteSpace(last) { boundary.removeLast() }
        guard boundary.count <= OpenBoundaries.longestBoundary else { return [] }
        // RFC 2231 could smuggle line ends in.
        return boundary.contains { $0 == 0x0D || $0 == 0x0A } ? [] : boundary
    }
}

/// The value of a Content-Disposition field.
public struct ContentDisposition {
    /// `inline`, `attachment` ... in lower case; empty if the value begins with a parameter.
    public let disposition: String
    let parameters: MIMEParameters

    /// - Parameter value: What stands behind the colon, folded as it is.
    public init(_ value: UnsafeRawBufferPointer) {
        var lexer = MIMEFieldLexer(value)
        disposition = shortWord(lexer.word() ?? [])
        parameters = MIMEParameters(&lexer)
    }
}

/// A name from a registry: in lower case, without surrounding white space. What is longer than 127 bytes is no name,
/// and gives "".
func shortWord(_ bytes: [UInt8]) -> String {
    var word = bytes[...]
    while let first = word.first, isWhiteSpace(first) { word.removeFirst() }
    while let last = word.last, isWhiteSpace(last) { word.removeLast() }
    guard word.count < 128 else { return "" }
    return String(decoding: word.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
}
