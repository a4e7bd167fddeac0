// A server reply as a value (RFC 5321 section 4.2).

import Glibc

/// What the server answers: a code and one or more lines of text.
public struct Reply: Hashable, Sendable {
    /// Three-digit code, 200 to 599.
    public var code: Int
    /// Enhanced status that belongs to the reply. The encoder sends it if ``showsStatus``.
    public var status: EnhancedStatus?
    /// The client gets the status too (RFC 2034). Not in the lines then.
    public var showsStatus = false
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

    /// The status as the client gets it, before each line; nil: it gets none. 3xx replies have none, and the class is
    /// always that of the code (RFC 2034 section 4).
    public var shownStatus: EnhancedStatus? {
        guard showsStatus, let status else { return nil }
        let first = UInt8(truncatingIfNeeded: wireCode / 100)
        guard first != 3 else { return nil }
        return status.class == first
            ? status : EnhancedStatus(class: first, subject: status.subject, detail: status.detail)
    }

    /// What stands behind the code, as the client gets it: lines joined with LF, each behind the status if it is shown.
    public var shownText: String {
        guard let status = shownStatus else { return text }
        return lines.map { "\(status) \($0)" }.joined(separator: "\n")
    }

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

extension Reply: CustomStringConvertible {
    /// `250 2.1.0 sender <a@b> OK`, for logs and records.
    public var description: String { "\(code) \(shownText)" }
}

extension Reply {
    /// With codes: a status that the words begin with is taken out of them, and counts; else ``status``, else `fitting`
    /// is what the client gets. So no line has two.
    public mutating func showStatus(orElse fitting: @autoclosure () -> EnhancedStatus) {
        showsStatus = true
        for line in lines {
            guard let own = EnhancedStatus.leading(line) else { continue }
            status = own.status
            for index in lines.indices { lines[index].dropStatus() }
            return
        }
        if status == nil { status = fitting() }
    }
}

extension String {
    fileprivate mutating func dropStatus() {
        guard let own = EnhancedStatus.leading(self) else { return }
        self = String(Substring(utf8.dropFirst(own.count)))
    }
}
