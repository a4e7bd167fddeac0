// A plugin's bytes in a memory file that can't change any more: checked, hashed and loaded from one place.

import CHarakaFault
import CHarakaFile
import Glibc

/// A sealed copy of a plugin's file.
///
/// A file that is mapped must not change: overwriting it in place kills the process, and what was checked must be
/// what is loaded. So the bytes are copied once into a memory file, which is sealed and never leaves the process but
/// by ``descriptor``. The owner keeps this value for as long as the library is mapped: glibc takes a number under
/// /proc/self/fd for the same library as long as it has that one open, so the number must not be reused.
///
/// Making one blocks (it reads and hashes the file): keep it off the event loop. A finished one is safe on any thread.
public struct SealedFile: ~Copyable, Sendable {
    /// The most bytes that a plugin may have: 256 MiB.
    public static let maximumSize: UInt64 = 256 << 20
    /// How an error calls the making of the memory file.
    static let memoryAction = "copied into memory"

    /// The file that was copied: absolute, without symbolic links.
    public let origin: String
    /// The SHA-256 hash of the bytes, in hexadecimal.
    public let hash: String
    private let file: OwnedDescriptor
    private let mapping: OwnedMapping

    /// Copies and seals a file.
    ///
    /// - Parameter path: the file; symbolic links are followed.
    /// - Throws: why it can't be read, who else could change it, or that it did change.
    public init(_ path: String) throws(PluginFileError) {
        try self.init(path, afterCopy: {})
    }

    /// Takes over a memory file that another process of this server has sealed.
    ///
    /// - Parameters:
    ///   - descriptor: owned by the new value from now on, and closed if this throws.
    ///   - origin: ``origin`` in the process that sealed it.
    ///   - hash: ``hash`` in that process: bytes that cannot have changed need not be hashed again. Nil: they are.
    public init(inherited descriptor: Int32, origin: String, hash: String? = nil) throws(PluginFileError) {
        guard let file = OwnedDescriptor(descriptor), haraka_memfd_is_sealed(file.number) == 1,
            let status = file.status()
        else { throw PluginFileError(path: origin, reason: .notSealed) }
        try self.init(sealed: file, size: status.st_size, origin: origin, hash: hash)
    }

    /// The same bytes in a memory file of its own: glibc knows a library by its inode, so one file mapped twice in a
    /// process would be one library with one set of variables.
    public borrowing func resealed() throws(PluginFileError) -> SealedFile {
        guard let file = OwnedDescriptor.memory(Self.memoryName(origin)),
            Self.writeAll(mapping.bytes, to: file), haraka_memfd_seal(file.number) == 0
        else { throw .system(origin, Self.memoryAction) }
        return try SealedFile(sealed: file, size: mapping.bytes.count, origin: origin, hash: hash)
    }

    /// The path to load it by, in this process only.
    public var path: String { "/proc/self/fd/\(file.number)" }

    /// The memory file itself, to be handed to a worker. Closed on exec, and with this value.
    public var descriptor: Int32 { file.number }

    /// Lends the bytes.
    public borrowing func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(mapping.bytes)
    }

    /// - Parameter afterCopy: runs between copying and the question whether the file has changed: for tests.
    init(_ path: String, afterCopy: () -> Void) throws(PluginFileError) {
        let origin = try Self.realPath(path)
        // Not blocking, so that a pipe in the place of a plugin does not stop the host.
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        guard let source = OwnedDescriptor(open(origin, flags)), let before = source.status() else {
            throw .system(origin, "opened")
        }
        let size = try Self.checkedSize(origin, before)
        guard let file = OwnedDescriptor.memory(Self.memoryName(origin)) else {
            throw .system(origin, Self.memoryAction)
        }
        let copied = try Self.copy(from: source, to: file, limit: size, origin)
        afterCopy()
        guard let after = source.status() else { throw .system(origin, "examined") }
        guard copied == size, after.isUnchanged(since: before) else {
            throw PluginFileError(path: origin, reason: .changedWhileCopied)
        }
        guard haraka_memfd_seal(file.number) == 0 else { throw .system(origin, "sealed") }
        try self.init(sealed: file, size: size, origin: origin)
    }

    private init(
        sealed file: consuming OwnedDescriptor, size: Int, origin: String, hash: String? = nil
    ) throws(PluginFileError) {
        guard let mapping = OwnedMapping(file, size: size) else { throw .system(origin, "mapped") }
        // A plugin that closes it would make its number another file's, while the loader takes it for this library.
        haraka_fault_protect(file.number)
        self.origin = origin
        self.hash = hash ?? SHA256.hex(mapping.bytes)
        self.file = file
        self.mapping = mapping
    }

    private static func realPath(_ path: String) throws(PluginFileError) -> String {
        guard let real = realpath(path, nil) else { throw .system(path, "opened") }
        defer { free(real) }
        return String(cString: real)
    }

    private static func checkedSize(_ path: String, _ status: stat) throws(PluginFileError) -> Int {
        guard status.st_mode & S_IFMT == S_IFREG else { throw PluginFileError(path: path, reason: .notRegular) }
        try FileTrust(user: geteuid()).check(path, status)
        let size = UInt64(clamping: status.st_size)
        guard size > 0 else { throw PluginFileError(path: path, reason: .elf(.empty)) }
        guard size <= maximumSize else { throw PluginFileError(path: path, reason: .tooLarge(size)) }
        return status.st_size
    }

    /// The file's own name, as /proc/self/maps and debuggers will show it; the kernel takes at most 249 bytes.
    private static func memoryName(_ path: String) -> String {
        let name = path.utf8.split(separator: 0x2f).last ?? path.utf8[...]
        return String(decoding: name.suffix(200), as: UTF8.self)
    }

    /// Copies until the end, or until there is more than `limit`. Returns the bytes read.
    private static func copy(
        from source: borrowing OwnedDescriptor, to target: borrowing OwnedDescriptor, limit: Int, _ path: String
    ) throws(PluginFileError) -> Int {
        var total = 0
        var buffer = [UInt8](repeating: 0, count: min(limit &+ 1, 1 << 20))
        while total <= limit {
            let count = read(source.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(path, "read") }
            if count == 0 { break }
            let isWritten = buffer.withUnsafeBytes {
                writeAll(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: target)
            }
            guard isWritten else { throw .system(path, memoryAction) }
            total &+= count
        }
        return total
    }

    /// False with errno.
    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to target: borrowing OwnedDescriptor) -> Bool {
        var done = 0
        while done < bytes.count {
            let written = write(target.number, bytes.baseAddress.map { $0 + done }, bytes.count &- done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            done &+= written
        }
        return true
    }
}

extension PluginFileError {
    /// The error for a system call that has just failed, from errno.
    fileprivate static func system(_ path: String, _ action: String) -> PluginFileError {
        PluginFileError(path: path, reason: .system(action: action, code: errno))
    }
}

extension stat {
    /// Whether size and time of modification are what they were.
    fileprivate func isUnchanged(since before: stat) -> Bool {
        st_size == before.st_size && st_mtim.tv_sec == before.st_mtim.tv_sec
            && st_mtim.tv_nsec == before.st_mtim.tv_nsec
    }
}
