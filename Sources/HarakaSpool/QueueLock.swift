// One process delivers from a queue folder at a time.

import Dispatch
import Glibc

/// Held by the process that delivers from a queue folder, until it is let go or the process ends, however that comes.
///
/// A delivery worker that is being replaced finishes what it has begun while the new one waits for this lock: two would
/// deliver everything twice.
public final class QueueLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The lock's file in the folder.
    public static let fileName = ".lock"

    /// Waits on a thread of its own, then calls `done` there.
    public static func take(
        _ folder: String, _ done: @escaping @Sendable (Result<QueueLock, QueueLockError>) -> Void
    ) {
        let thread = DispatchQueue(label: "queue lock")
        thread.async {
            do throws(QueueLockError) { done(.success(try wait(for: folder))) } catch { done(.failure(error)) }
        }
    }

    /// The lock if nobody has it; nil: somebody does.
    public static func tryTake(_ folder: String) throws(QueueLockError) -> QueueLock? {
        let descriptor = try open(folder)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw QueueLockError(path: "\(folder)/\(fileName)", code: code)
        }
        return QueueLock(descriptor)
    }

    private static func wait(for folder: String) throws(QueueLockError) -> QueueLock {
        let descriptor = try open(folder)
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno != EINTR else { continue }
            let code = errno
            close(descriptor)
            throw QueueLockError(path: "\(folder)/\(fileName)", code: code)
        }
        return QueueLock(descriptor)
    }

    private static func open(_ folder: String) throws(QueueLockError) -> Int32 {
        let path = "\(folder)/\(fileName)"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw QueueLockError(path: path, code: errno) }
        return descriptor
    }
}

/// The lock's file cannot be made or locked.
public struct QueueLockError: Error, Sendable, CustomStringConvertible {
    public let path: String
    /// errno
    public let code: Int32

    public var description: String { "cannot lock \(path): \(String(cString: strerror(code)))" }
}
