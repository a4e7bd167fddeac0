// Header to facts.

extension PartFacts {
    /// A longer file name loses its beginning, not its end, which holds what programs go by. In bytes of UTF-8.
    static let longestFilename = 1024

    /// What a header says about the content behind it; ``index`` and ``depth`` are 0.
    ///
    /// Of several fields of one name the first counts. The file name is `filename` or `name` of Content-Disposition,
    /// else `name` of Content-Type, whichever is the first that is not empty.
    /// - Parameters:
    ///   - header: Of a message or of a part.
    ///   - isInDigest: A part of a multipart/digest is a message if it does not say (RFC 2046 section 5.1.5).
    public init(_ header: HeaderBlock, isInDigest: Bool = false) {
        self.init(header, isInDigest: isInDigest, decode: PartFacts.text)
    }

    init(_ header: HeaderBlock, isInDigest: Bool = false, decode: MIMEParameters.Decode) {
        self.init()
        if isInDigest { contentType = "message/rfc822" }
        let type = header.withFirst("content-type") { ContentType($0) }
        if let type {
            contentType = type.type
            charset = type.charset
            boundaryBytes = type.boundary
        }
        encoding = header.withFirst("content-transfer-encoding", Self.encoding) ?? encoding
        let placed = header.withFirst("content-disposition") { ContentDisposition($0) }
        disposition = placed?.disposition ?? ""
        filename = Self.filename(placed?.parameters, type?.parameters, decode)
    }

    /// A parameter as text. One that does not say its charset as RFC 2231 wants it may hold encoded words, though RFC
    /// 2047 section 5 forbids them there: it is what most senders write.
    static func text(_ bytes: [UInt8], _ charset: String) -> String {
        guard charset.isEmpty else { return bytes.withUnsafeBytes { Charset.text($0, charset: charset) } }
        return EncodedWords.decode(bytes)
    }

    /// RFC 2045 section 6.1.
    private static func encoding(_ value: UnsafeRawBufferPointer) -> String {
        var lexer = MIMEFieldLexer(value)
        let word = shortWord(lexer.word() ?? [])
        return word.isEmpty ? "7bit" : word
    }

    private static func filename(
        _ disposition: MIMEParameters?, _ type: MIMEParameters?, _ decode: MIMEParameters.Decode
    ) -> String {
        let placed = disposition?.text("filename", decode) ?? disposition?.text("name", decode)
        let name = placed ?? type?.text("name", decode)
        guard let name, name.utf8.count > longestFilename else { return name ?? "" }
        // Not inside a character: bytes in front that continue one go, too.
        return String(decoding: name.utf8.suffix(longestFilename).drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
    }
}

extension HeaderBlock {
    /// The value of the topmost field of that name as it stands, valid during the call.
    /// - Parameter name: In lower case.
    func withFirst<Result>(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        storage.withUnsafeBytes { bytes in
            for entry in entries where entry.nameLength == name.utf8CodeUnitCount {
                let start = entry.range.lowerBound
                let isNamed = (0..<entry.nameLength).allSatisfy { offset in
                    let octet = bytes[start + offset]
                    return (octet &- 0x41 < 26 ? octet | 0x20 : octet) == name.utf8Start[offset]
                }
                guard isNamed else { continue }
                let value = bytes[(start + entry.valueOffset)..<entry.range.upperBound]
                return body(UnsafeRawBufferPointer(rebasing: value))
            }
            return nil
        }
    }
}
