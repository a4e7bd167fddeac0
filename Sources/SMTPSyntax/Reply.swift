// A server reply as a value (RFC 5321 section 4.2).

import Glibc

/// What the server answers: a code and one or more lines of text.
public struct Reply: Hashable, Sendable {
    /// Three-digit code, 200 to 599.
    public var code: Int
    /// Enhanced status that belongs to the reply. It is carried for results and logs; the encoder does not send it.
    public var status: EnhancedStatus?
    /// Lines without code and line end. Whatever stands in them, the encoder sends well-formed replies.
    public var lines: [String]

    /// A reply of the lines of `text`, which is split at LF (as Haraka splits the `msg` of `next`).
    public init(_ code: Int, _ text: String, status: EnhancedStatus? = nil) {
        self.init(code, lines: Reply.lines(of: text), status: status)
    }

    /// A reply of these lines.
    public init(_ code: Int, lines: [String], status: EnhancedStatus? = nil) {
        self.code = code
        self.status = status
        self.lines = lines
    }

    /// The lines, joined with LF.
    public var text: String { lines.count == 1 ? lines[0] : lines.joined(separator: "\n") }

    /// `text` split at LF. Not by Character: CR LF is one Character, which is no LF.
    static func lines(of text: String) -> [String] {
        let separator = UInt8.lineFeed
        let holdsSeparator = text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, Int32(separator), bytes.count) != nil } ?? false
        }
        guard holdsSeparator ?? text.utf8.contains(separator) else { return [text] }
        return text.utf8.split(separator: separator, omittingEmptySubsequences: false).map { String(Substring($0)) }
    }
}
