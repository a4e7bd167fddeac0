// The system calls of the queue's folder, all in one place, so that tests can let each of them fail.

import CHarakaFile
import Glibc

/// Names as errors show them.
enum QueueCall: String, Sendable, CaseIterable {
    case makeFolder = "mkdir"
    case openFolder = "open"
    case nameless = "openat(O_TMPFILE)"
    case open = "openat"
    case write = "pwrite"
    case read = "pread"
    case status = "fstat"
    case truncate = "ftruncate"
    case give = "fchown"
    case name = "linkat"
    case rename = "renameat2"
    case unlink = "unlinkat"
    case syncFile = "fdatasync"
    case syncFolder = "fsync"
    case list = "readdir"
    case space = "fstatvfs"
}

/// What they return is the kernel's: negative numbers are errors, for errno would not survive what Swift does behind a call.
/// Any thread.
struct QueueCalls: Sendable {
    /// For tests: asked before each call. A number is returned instead of the call; one of 0 or more is the most bytes that a
    /// write or a read moves, which is made then.
    var fault: (@Sendable (QueueCall) -> Int?)?

    /// Makes the call, again for as long as a signal interrupts it.
    private func make(_ name: QueueCall, _ call: () -> Int) -> Int {
        while true {
            let result = once(name, call)
            if result != -Int(EINTR) { return result }
        }
    }

    private func once(_ name: QueueCall, _ call: () -> Int) -> Int {
        if let fault, let result = fault(name) { return result }
        let result = call()
        return result < 0 ? -Int(errno) : result
    }

    /// How many bytes a call may move.
    private func limited(_ name: QueueCall, _ count: Int, _ call: (Int) -> Int) -> Int {
        while true {
            let most = fault?(name)
            if let most, most < 0 {
                if most == -Int(EINTR) { continue }
                return most
            }
            let result = call(min(count, most ?? count))
            if result >= 0 { return result }
            let code = Int(errno)
            if code != Int(EINTR) { return -code }
        }
    }

    // MARK: - Folders

    func makeFolder(_ path: String) -> Int { make(.makeFolder) { Int(mkdir(path, 0o700)) } }

    func openFolder(_ path: String) -> Int {
        make(.openFolder) { Int(Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
    }

    func space(_ folder: Int32, _ found: inout statvfs) -> Int { make(.space) { Int(fstatvfs(folder, &found)) } }

    // MARK: - Files in a folder

    func nameless(_ folder: Int32) -> Int { make(.nameless) { Int(haraka_nameless(folder)) } }

    /// Never through a symbolic link, and never waiting for somebody at a pipe's other end. When a file was read last nobody
    /// asks, and to note it would be one more thing for the disk with each mail.
    func open(_ folder: Int32, _ name: String, _ flags: Int32) -> Int {
        make(.open) { Int(haraka_open_unnoted(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)) }
    }

    func name(_ file: Int32, _ folder: Int32, _ name: String) -> Int {
        make(.name) { Int(haraka_name_file(file, folder, name)) }
    }

    func rename(_ folder: Int32, _ from: String, _ to: String) -> Int {
        make(.rename) { Int(haraka_rename_new(folder, from, to)) }
    }

    func unlink(_ folder: Int32, _ name: String) -> Int { make(.unlink) { Int(unlinkat(folder, name, 0)) } }

    func status(_ file: Int32, _ found: inout stat) -> Int { make(.status) { Int(fstat(file, &found)) } }

    /// The next entry of a folder, nil at its end; or an errno.
    func next(_ list: OpaquePointer) -> (UnsafeMutablePointer<dirent>?, Int) {
        var entry: UnsafeMutablePointer<dirent>?
        let result = make(.list) {
            errno = 0
            entry = readdir(list)
            return entry == nil && errno != 0 ? -1 : 0
        }
        return (result < 0 ? nil : entry, -min(result, 0))
    }

    // MARK: - Bytes

    /// Some of the bytes, at least one.
    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        limited(.write, bytes.count) { pwrite(file, bytes.baseAddress, $0, off_t(offset)) }
    }

    func read(_ file: Int32, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        limited(.read, bytes.count) { pread(file, bytes.baseAddress, $0, off_t(offset)) }
    }

    func give(_ file: Int32, to owner: uid_t) -> Int { make(.give) { Int(fchown(file, owner, .max)) } }

    func truncate(_ file: Int32, _ size: Int) -> Int { make(.truncate) { Int(ftruncate(file, off_t(size))) } }

    /// Once: what a sync that failed has not written, the next one does not write either, and says nothing.
    func syncFile(_ file: Int32) -> Int { once(.syncFile) { Int(fdatasync(file)) } }

    /// Once, for the same reason.
    func syncFolder(_ folder: Int32) -> Int { once(.syncFolder) { Int(fsync(folder)) } }
}
