// Where bodies go that do not fit into memory: nameless files in a private folder. Nothing here survives the process.

import CHarakaFile
import Glibc

/// Why a message could not be kept: a system call that failed, or a plugin.
public struct SpoolError: Error, Sendable, CustomStringConvertible {
    public let action: String
    /// errno; 0: `action` says it all.
    public let code: Int32

    public var description: String { code == 0 ? action : "\(action): \(String(cString: strerror(code)))" }

    init(_ action: String) {
        self.action = action
        code = errno
    }

    init(reason: String) {
        action = reason
        code = 0
    }
}

/// `spool_dir`: a folder of our own inside it, mode 0700, made when first needed. Any thread.
public struct SpoolFolder: Sendable {
    public let path: String

    /// - Parameter parent: connection.ini `main.spool_dir`
    public init(in parent: String) { path = "\(parent)/haraka-spool-\(geteuid())" }

    /// An empty file without a name.
    func open() throws(SpoolError) -> SpoolFile {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SpoolError("cannot make the spool folder \(path)") }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SpoolError("cannot see the spool folder \(path)") }
        // In a folder that all may write to, somebody else may have made it first.
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            errno = EPERM
            throw SpoolError("the spool folder \(path) must be a folder of the server's user with mode 0700")
        }
        let descriptor = haraka_temporary(path)
        guard descriptor >= 0 else { throw SpoolError("cannot make a file in the spool folder \(path)") }
        return SpoolFile(descriptor)
    }
}

/// An open spool file, closed (and so gone) with its last owner. Reading is safe on any thread; one writer appends.
final class SpoolFile: Sendable {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        var done = 0
        while done < bytes.count {
            let count = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SpoolError("cannot write to the spool") }
            done += count
        }
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SpoolError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SpoolError("cannot read from the spool") }
            return count
        }
    }
}
