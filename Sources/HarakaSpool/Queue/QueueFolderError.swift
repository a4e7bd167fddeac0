// What can go wrong in the queue's folder.

import Glibc
import HarakaQueue

/// A system call that failed and its path, or a file that is not what was written. For the log; clients are told less.
public struct QueueFolderError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The system said no: disk full, no descriptor left, read error.
        case system
        /// There is a mail of that uuid.
        case exists
        /// There is no such mail (any more).
        case missing
        /// The file is torn or damaged: set it aside.
        case damaged
        /// Not tried: no name for a file, a mail whose sizes do not fit, a folder that is not ours.
        case refused
    }

    public let kind: Kind
    /// The system call; empty: none failed.
    public let call: String
    /// What it was about.
    public let path: String
    /// errno; 0: `reason` says it all.
    public let code: Int32
    public private(set) var reason: String

    public var description: String { call.isEmpty ? "\(path): \(reason)" : "\(call) \(path): \(reason)" }

    init(_ call: QueueCall, _ path: String, _ code: Int) {
        kind = code == Int(EEXIST) ? .exists : code == Int(ENOENT) ? .missing : .system
        self.call = call.rawValue
        self.path = path
        self.code = Int32(clamping: code)
        reason = String(cString: strerror(self.code))
    }

    init(_ kind: Kind, _ path: String, _ reason: String) {
        self.kind = kind
        self.call = ""
        self.path = path
        code = 0
        self.reason = reason
    }

    /// The same, and cleaning up after it did not work either.
    func andThen(_ other: QueueFolderError) -> QueueFolderError {
        var both = self
        both.reason += "; then \(other.description)"
        return both
    }
}
