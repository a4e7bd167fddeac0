// Whether the disk has room for more mails.

import Glibc

/// What was found last, and when.
struct SpaceSeen: Sendable {
    /// Seconds of the monotonic clock; 0: never looked.
    var time = 0
    var shortage: String?
}

extension QueueFolder {
    /// Why nothing should be accepted now: too little space, too few inodes, or the disk does not answer. Nil: all is well.
    /// Looked up at most once in a second.
    public var isShort: String? {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        // 0 stands for never.
        let second = now.tv_sec + 1
        return space.withLock { seen in
            if seen.time != second { seen = SpaceSeen(time: second, shortage: shortage()) }
            return seen.shortage
        }
    }

    private func shortage() -> String? {
        var found = statvfs()
        let result = calls.space(descriptor, &found)
        guard result >= 0 else { return QueueFolderError(.space, path, -result).description }
        let bytes = Int64(
            clamping: UInt64(found.f_bavail).multipliedReportingOverflow(by: UInt64(found.f_frsize)).partialValue)
        let options = limits.withLock { $0 }
        if bytes < options.minimumFreeBytes {
            return "\(path): \(bytes >> 20) MiB are free, \(options.minimumFreeBytes >> 20) MiB are wanted"
        }
        // Some file systems make inodes as they need them and count none.
        guard found.f_files > 0, Int64(clamping: found.f_favail) < options.minimumFreeFiles else { return nil }
        return "\(path): \(found.f_favail) inodes are free, \(options.minimumFreeFiles) are wanted"
    }
}
