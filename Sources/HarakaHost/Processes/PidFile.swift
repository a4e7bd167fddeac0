// daemon_pid_file: the number of the running server, and a lock that tells a living one from a leftover.

import Glibc

/// Held open and locked for as long as the server runs.
final class PidFile {
    private let path: String
    private let descriptor: Int32

    /// Throws if a server holds it. A file that nobody has locked is a leftover and is taken over.
    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw CommandError("cannot open daemon_pid_file \(path): \(errnoText())") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = TextFile.read(path).map { $0.prefix { $0.isNumber } } ?? ""
            close(descriptor)
            throw CommandError("a server runs already (daemon_pid_file \(path) is held by process \(owner))")
        }
        ftruncate(descriptor, 0)
        Terminal.write("\(getpid())\n", to: descriptor)
    }

    /// At the end. Whoever has given up root cannot remove a file of root's folder, but can empty it.
    func remove() {
        if unlink(path) != 0 { ftruncate(descriptor, 0) }
        close(descriptor)
    }
}
