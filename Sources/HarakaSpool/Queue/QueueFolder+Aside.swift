// Files that are kept from being delivered.

import Glibc
import HarakaQueue

/// Why a file is kept but not delivered: the beginning of its new name.
public enum SetAside: String, Sendable, CaseIterable {
    /// Torn or damaged.
    case error
    /// It ended the process that delivered it, more than once.
    case quarantine

    /// `error.`
    public var prefix: String { rawValue + "." }
}

extension QueueFolder {
    static let temporary = "__tmp__."

    /// Renames a mail's file, so that no scan finds it. The reason is written behind the records of one that is put into
    /// quarantine, for whoever looks; a damaged file is not touched.
    /// - Throws: `exists` if a file of that name was set aside before
    public func setAside(
        _ uuid: String, as prefix: SetAside, because reason: String
    ) throws(QueueFolderError) {
        try check(uuid)
        if prefix == .quarantine {
            // Nobody needs it to be there.
            try? append(QueueRecordLine.remark("quarantine", reason), uuid, false)
        }
        own.forget(uuid)
        try inTurn(uuid) { () throws(QueueFolderError) in
            let result = calls.rename(descriptor, uuid, prefix.prefix + uuid)
            guard result >= 0 else { throw QueueFolderError(.rename, path(of: uuid), -result) }
        }
    }

    /// Gives a file that was set aside its name back. The next scan finds it.
    public func restore(_ uuid: String, from prefix: SetAside) throws(QueueFolderError) {
        try check(uuid)
        let result = calls.rename(descriptor, prefix.prefix + uuid, uuid)
        guard result >= 0 else { throw QueueFolderError(.rename, path(of: prefix.prefix + uuid), -result) }
    }
}
