// Why a file of the queue cannot be read. docs/outbound.md "The queue's files".

/// A file that is not what was written, in words for the log.
public struct QueueFileError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// It ends too early: it was never acknowledged.
        case torn
        /// It has its length, but not the bytes that were written.
        case damaged
        /// It could not be read; whoever read it knows why.
        case unreadable
    }

    public let kind: Kind
    /// What is wrong with it, without the file's name.
    public let reason: String

    public var description: String { reason }

    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    static func damaged(_ reason: String) -> QueueFileError { QueueFileError(.damaged, reason) }
}
