// Finding what is queued, when a process begins to deliver.

import Glibc
public import HarakaQueue

/// A mail that a scan has found. Its message was not looked at: `open` does that.
public struct FoundMail: Sendable {
    public let mail: QueuedMail
    public let states: RecipientStates
}

/// What a scan came upon.
public struct ScanReport: Sendable {
    /// Mails that were handed out.
    public var good = 0
    /// Files that were torn or damaged and have the prefix `error.` now, with the reason.
    public var torn: [(name: String, reason: String)] = []
    /// Files that could not be read, or not be set aside: they are as they were, and should be looked for again.
    public var unreadable: [(name: String, reason: String)] = []
    /// Files in quarantine.
    public var quarantined = 0
    /// Files that were set aside as torn or damaged before.
    public var setAside = 0
    /// Files with names that no mail has. They are left alone.
    public var unknown: [String] = []
    /// Left behind by a process that ended while it wrote them; removed.
    public var temporaries = 0
    /// Of the files of mails that were handed out.
    public var bytes = 0
    /// `found` said that it is enough.
    public var wasStopped = false

    public init() {}
}

extension QueueFolder {
    /// Reads head and records of every mail and hands them out in no particular order. Others may store, append and remove
    /// meanwhile; what they do may be seen or not.
    /// - Parameter found: false: enough
    /// - Throws: if the folder cannot be read, or no file can be opened for lack of descriptors or memory
    public func scan(_ found: (FoundMail) -> Bool) throws(QueueFolderError) -> ScanReport {
        var report = ScanReport()
        let names = try sorted(&report)
        var chunk = QueueChunk()
        for name in names {
            guard let file = try look(at: name, &chunk, &report) else { continue }
            report.good += 1
            report.bytes += file.end
            guard found(FoundMail(mail: file.mail, states: file.states)) else {
                report.wasStopped = true
                break
            }
        }
        return report
    }

    /// Nil: not a mail to hand out; the report says why.
    private func look(
        at uuid: String, _ chunk: inout QueueChunk, _ report: inout ScanReport
    ) throws(QueueFolderError) -> QueueFile? {
        do throws(QueueFolderError) {
            return try chunk.read(try openFile(uuid, O_RDONLY), uuid)
        } catch {
            if [EMFILE, ENFILE, ENOMEM].contains(error.code) { throw error }
            note(error, uuid, &report)
            return nil
        }
    }

    private func note(_ error: QueueFolderError, _ uuid: String, _ report: inout ScanReport) {
        switch error.kind {
        // Delivered or set aside since its name was read.
        case .missing: break
        case .damaged:
            do throws(QueueFolderError) {
                try setAside(uuid, as: .error, because: error.reason)
                report.torn.append((uuid, error.reason))
            } catch {
                if error.kind != .missing { report.unreadable.append((uuid, error.description)) }
            }
        default: report.unreadable.append((uuid, error.description))
        }
    }

    // MARK: - Names

    /// Names of mails in the order in which their inodes lie on the disk, which is how they are read fastest.
    private func sorted(_ report: inout ScanReport) throws(QueueFolderError) -> [String] {
        var mails: [(inode: UInt, name: String)] = []
        try forEachName { inode, name, isFile in
            if !isFile {
                report.unknown.append(name)
            } else if QueueFolder.isName(name) {
                mails.append((inode, name))
            } else if name.hasPrefix(QueueFolder.temporary) {
                report.temporaries += removeIfOld(name) ? 1 : 0
            } else if name.hasPrefix(SetAside.quarantine.prefix) {
                report.quarantined += 1
            } else if name.hasPrefix(SetAside.error.prefix) {
                report.setAside += 1
            } else {
                report.unknown.append(name)
            }
        }
        mails.sort { $0.inode < $1.inode }
        return mails.map(\.name)
    }

    /// Everything in the folder but what begins with a dot.
    private func forEachName(_ body: (UInt, String, Bool) -> Void) throws(QueueFolderError) {
        let opened = calls.open(descriptor, ".", O_RDONLY | O_DIRECTORY)
        guard opened >= 0 else { throw QueueFolderError(.open, path, -opened) }
        guard let list = fdopendir(Int32(opened)) else {
            let code = Int(errno)
            close(Int32(opened))
            throw QueueFolderError(.list, path, code)
        }
        defer { closedir(list) }
        while true {
            let (entry, code) = calls.next(list)
            guard code == 0 else { throw QueueFolderError(.list, path, code) }
            guard let entry else { return }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let isFile = entry.pointee.d_type == DT_REG || entry.pointee.d_type == DT_UNKNOWN
            if !name.hasPrefix(".") { body(UInt(entry.pointee.d_ino), name, isFile) }
        }
    }

    /// Somebody may be writing a younger one at this moment.
    private func removeIfOld(_ name: String) -> Bool {
        var found = stat()
        guard fstatat(descriptor, name, &found, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        guard time(nil) - found.st_mtim.tv_sec > 3600 else { return false }
        return calls.unlink(descriptor, name) >= 0
    }
}
