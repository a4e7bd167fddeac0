// One field of a message header (RFC 5322 section 2.2).

/// A header field as it stands in the message.
public struct HeaderField: Sendable, Hashable {
    /// Name as written, without the colon.
    public let name: String
    /// The bytes from behind the colon to before the final line end; folding, charset and outer blanks are kept.
    public let value: [UInt8]

    /// A field of these parts, which are taken as they are.
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// The value as text without surrounding white space; bytes that are no UTF-8 become U+FFFD.
    public var text: String { value.withUnsafeBytes { HeaderLine.text($0) } }
}
