// What a server sent instead of a reply.

/// Why it is none, and what it was.
public struct MalformedReply: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// No code, or none of SMTP's.
        case unrecognized
        /// The lines of a reply must all have the same code (RFC 5321 section 4.2.1).
        case differingCodes
        case tooManyLines
        case tooLong
    }

    public let reason: Reason
    /// The line at which it was found out: at most 256 bytes of it, control characters as blanks.
    public let line: String

    /// For reports and logs, in Haraka's words where it has some.
    public var text: String {
        switch reason {
        case .unrecognized, .differingCodes: "Unrecognized response from upstream server: \(line)"
        case .tooManyLines: "Response of too many lines from upstream server: \(line)"
        case .tooLong: "Response too long from upstream server: \(line)"
        }
    }

    init(_ reason: Reason, _ line: some Collection<UInt8>) {
        self.reason = reason
        let text = MalformedReply.clean(line.prefix(256))
        self.line = line.count > 256 ? text + ReplyDecoder.cutMark : text
    }

    /// Text without control characters, those from U+0080 to U+009F included: whatever a server says can end no line of
    /// ours, nor tell a terminal what to do.
    static func clean(_ bytes: some Collection<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let isPlain = bytes.allSatisfy { $0 >= .space && $0 != .delete && $0 != 0xC2 }
        if isPlain { return text }
        let scalars = text.unicodeScalars.map { isControl($0) ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}
