// Permissions of socket files.

import Glibc
import NIOCore

enum UnixSocket {
    static func setMode(_ path: String, _ mode: UInt16) throws {
        guard chmod(path, mode_t(mode)) == 0 else { throw IOError(errnoCode: errno, reason: "chmod \(path)") }
    }
}
