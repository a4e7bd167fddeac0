// The folder of queued mails: one file each, named by the transaction. docs/outbound.md "The queue's files".

import Glibc
import Synchronization

/// What may be set of a folder.
public struct QueueFolderOptions: Sendable {
    /// With less free space nothing should be accepted any more; see ``QueueFolder/isShort``.
    public var minimumFreeBytes: Int64 = 64 << 20
    /// The same of inodes, where the file system counts them.
    public var minimumFreeFiles: Int64 = 1000

    public init() {}
}

/// `queue_dir`. Every call may wait for the disk: the caller chooses the thread, any will do, several at once as well.
public final class QueueFolder: Sendable {
    /// As it was given.
    public let path: String
    let limits: Mutex<QueueFolderOptions>
    let calls: QueueCalls
    let descriptor: Int32
    /// Files belong to the folder's owner, also when root stores them.
    let owner: uid_t
    /// Appends to one file take turns; most files do not share a lock.
    private let turns = (0..<64).map { _ in QueueTurn() }
    let own = OwnMails()
    let space = Mutex(SpaceSeen())
    /// Files cannot be without a name here: they are `__tmp__.<uuid>` while they are written.
    let needsNames = Atomic(false)

    /// Opens the folder, or makes it with mode 0700; the folder above it must exist.
    /// - Throws: `refused` if it belongs to somebody else and we are not root, or others may write to it
    public convenience init(_ path: String, _ options: QueueFolderOptions = .init()) throws(QueueFolderError) {
        try self.init(path, options, QueueCalls())
    }

    init(_ path: String, _ options: QueueFolderOptions, _ calls: QueueCalls) throws(QueueFolderError) {
        limits = Mutex(options)
        (self.path, self.calls) = (path, calls)
        let made = calls.makeFolder(path)
        guard made >= 0 || made == -Int(EEXIST) else { throw QueueFolderError(.makeFolder, path, -made) }
        (descriptor, owner) = try QueueFolder.open(path, calls)
        // From here on an error closes it: all members are set, so there is an end.
        if made >= 0 { try syncAbove() }
    }

    deinit { close(descriptor) }

    /// From now on.
    public func change(_ options: QueueFolderOptions) {
        limits.withLock { $0 = options }
        space.withLock { $0 = SpaceSeen() }
    }

    private static func open(
        _ path: String, _ calls: QueueCalls
    ) throws(QueueFolderError) -> (descriptor: Int32, owner: uid_t) {
        let opened = calls.openFolder(path)
        guard opened >= 0 else { throw QueueFolderError(.openFolder, path, -opened) }
        var found = stat()
        let result = calls.status(Int32(opened), &found)
        let isOurs = found.st_uid == geteuid() || geteuid() == 0
        guard result >= 0, isOurs, found.st_mode & 0o022 == 0 else {
            close(Int32(opened))
            if result < 0 { throw QueueFolderError(.status, path, -result) }
            throw QueueFolderError(.refused, path, "must belong to the server's user, and nobody else may write to it")
        }
        return (Int32(opened), found.st_uid)
    }

    /// A folder that is lost in a power cut takes all mails with it.
    private func syncAbove() throws(QueueFolderError) {
        let above = calls.openFolder(path + "/..")
        guard above >= 0 else { throw QueueFolderError(.openFolder, path + "/..", -above) }
        defer { close(Int32(above)) }
        let result = calls.syncFolder(Int32(above))
        guard result >= 0 else { throw QueueFolderError(.syncFolder, path + "/..", -result) }
    }

    // MARK: - Names

    /// The path of a mail's file.
    public func path(of uuid: String) -> String { "\(path)/\(uuid)" }

    /// Whether this can be the name of a mail's file: 1 to 200 letters, digits, dots and hyphens, the first a letter or
    /// digit, and not one of the folder's own names.
    public static func isName(_ uuid: String) -> Bool {
        let bytes = uuid.utf8
        guard (1...200).contains(bytes.count), let first = bytes.first, first != 0x2E, first != 0x2D else {
            return false
        }
        return bytes.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x2E || $0 == 0x2D }
            && !SetAside.allCases.contains { uuid.hasPrefix($0.prefix) }
    }

    func check(_ uuid: String) throws(QueueFolderError) {
        guard QueueFolder.isName(uuid) else {
            throw QueueFolderError(.refused, path, "not a name for a mail: \(uuid.debugDescription)")
        }
    }

    /// Runs alone among all that change this mail's file.
    func inTurn<Result>(
        _ uuid: String, _ work: () throws(QueueFolderError) -> Result
    ) throws(QueueFolderError) -> Result {
        let turn = turns[Int(UInt(bitPattern: uuid.hashValue) % UInt(turns.count))]
        pthread_mutex_lock(turn.mutex)
        defer { pthread_mutex_unlock(turn.mutex) }
        return try work()
    }

    // MARK: - The end of a mail

    /// Nobody waits for it any more. It may be back after a power cut, so nothing is synced here: the worst is a mail that
    /// arrives twice. One that is gone already is no error.
    public func remove(_ uuid: String) throws(QueueFolderError) {
        try check(uuid)
        own.forget(uuid)
        let result = calls.unlink(descriptor, uuid)
        guard result >= 0 || result == -Int(ENOENT) else { throw QueueFolderError(.unlink, path(of: uuid), -result) }
    }
}

/// One at a time. A lock of the C library, since it is held while the disk works.
private final class QueueTurn: @unchecked Sendable {
    let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { pthread_mutex_init(mutex, nil) }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }
}

/// The large mails that this process has stored itself, whose bytes need no second look. Any thread.
final class OwnMails: Sendable {
    /// When there are more, all are looked at again.
    private static let most = 10_000
    /// Bytes of a message. Smaller ones are summed in no time, and all would be remembered for nothing in a process that
    /// delivers none.
    static let smallest = 64 * 1024
    private let names = Mutex<Set<String>>([])

    func add(_ uuid: String) {
        names.withLock {
            if $0.count >= OwnMails.most { $0 = [] }
            $0.insert(uuid)
        }
    }

    func forget(_ uuid: String) { _ = names.withLock { $0.remove(uuid) } }

    func has(_ uuid: String) -> Bool { names.withLock { $0.contains(uuid) } }
}
