// Owners of what the system must get back: a descriptor and a mapping.

import CHarakaFile
import Glibc

/// A file descriptor that is closed when its owner goes.
struct OwnedDescriptor: ~Copyable {
    let number: Int32

    /// Takes ownership of an open descriptor; nil for -1, with errno untouched.
    init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit {
        close(number)
    }

    /// An empty memory file that may be sealed, closed on exec; nil with errno.
    ///
    /// - Parameter name: for /proc/self/maps, at most 249 bytes.
    static func memory(_ name: String) -> OwnedDescriptor? {
        OwnedDescriptor(haraka_memfd(name))
    }

    /// What fstat(2) says; nil with errno.
    borrowing func status() -> stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }
}

/// The bytes of a sealed memory file, mapped for reading, unmapped when their owner goes.
///
/// Sendable, because the pages are read-only here and the seals forbid anyone to write to or shorten the file.
struct OwnedMapping: ~Copyable, @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer

    /// Maps `size` bytes, at least 1; nil with errno.
    init?(_ file: borrowing OwnedDescriptor, size: Int) {
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0), start != MAP_FAILED else {
            return nil
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}
