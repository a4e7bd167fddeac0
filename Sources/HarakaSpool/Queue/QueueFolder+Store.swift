// Storing a mail: whole and on disk, or not at all. docs/outbound.md "The queue's files".

import Glibc
public import HarakaCore
public import HarakaQueue

extension QueueFolder {
    /// Makes the file of a mail. When this returns, head, message and name survive a power cut; if it throws, nothing is left
    /// behind, unless the error says so.
    ///
    /// The file gets its name when all bytes are written, and both are synced then: on journaling file systems one commit
    /// does for both. A power cut in between may leave the name and a part of the bytes, which the missing end mark tells.
    /// - Parameters:
    ///   - mail: `size` is that of `head` and message together
    ///   - head: comes before the message
    ///   - offset: where the message is read from
    /// - Throws: `exists` if there is a mail of that uuid, which is left as it is
    public func store(
        _ mail: QueuedMail, head: [UInt8], _ message: any MessageView, from offset: Int
    ) throws(QueueFolderError) {
        try check(mail.uuid)
        let start = QueueFileHead.framed(mail)
        guard start.count - QueueFileHead.lengthBytes <= QueueFileHead.maximumBytes else {
            throw QueueFolderError(.refused, path(of: mail.uuid), "its head has \(start.count) bytes")
        }
        guard offset >= 0, offset <= message.size, head.count + message.size - offset == mail.size else {
            throw QueueFolderError(.refused, path(of: mail.uuid), "its size is not what its head says")
        }
        let content = QueueContent(start: start, head: head, message: message, offset: offset)
        var isStored = false
        if !needsNames.load(ordering: .relaxed) { isStored = try storeNameless(mail.uuid, content) }
        if !isStored {
            needsNames.store(true, ordering: .relaxed)
            try storeNamed(mail.uuid, content)
        }
        if mail.size >= OwnMails.smallest { own.add(mail.uuid) }
    }

    /// False: this folder cannot have files without names.
    private func storeNameless(_ uuid: String, _ content: QueueContent) throws(QueueFolderError) -> Bool {
        let opened = calls.nameless(descriptor)
        if opened == -Int(EOPNOTSUPP) { return false }
        guard opened >= 0 else { throw QueueFolderError(.nameless, path(of: uuid), -opened) }
        let file = Int32(opened)
        defer { close(file) }
        try write(content, to: file, uuid)
        let result = calls.name(file, descriptor, uuid)
        // Neither /proc nor the right to do without.
        if result == -Int(ENOENT) { return false }
        guard result >= 0 else { throw QueueFolderError(.name, path(of: uuid), -result) }
        try settle(file, uuid)
        return true
    }

    private func storeNamed(_ uuid: String, _ content: QueueContent) throws(QueueFolderError) {
        let temporary = QueueFolder.temporary + uuid
        let opened = calls.open(descriptor, temporary, O_RDWR | O_CREAT | O_EXCL)
        guard opened >= 0 else { throw QueueFolderError(.open, path(of: temporary), -opened) }
        let file = Int32(opened)
        defer { close(file) }
        do throws(QueueFolderError) {
            try write(content, to: file, temporary)
            let result = calls.rename(descriptor, temporary, uuid)
            guard result >= 0 else { throw QueueFolderError(.rename, path(of: uuid), -result) }
        } catch {
            throw afterwards(error, removing: temporary)
        }
        try settle(file, uuid)
    }

    /// Syncs file and name. A file whose sync failed is never synced again and hoped for: it goes.
    private func settle(_ file: Int32, _ uuid: String) throws(QueueFolderError) {
        var result = calls.syncFile(file)
        guard result >= 0 else {
            throw afterwards(QueueFolderError(.syncFile, path(of: uuid), -result), removing: uuid)
        }
        result = calls.syncFolder(descriptor)
        guard result >= 0 else { throw afterwards(QueueFolderError(.syncFolder, path, -result), removing: uuid) }
    }

    /// The error, with what became of the file if it could not be removed.
    private func afterwards(_ error: QueueFolderError, removing name: String) -> QueueFolderError {
        let result = calls.unlink(descriptor, name)
        return result >= 0 ? error : error.andThen(QueueFolderError(.unlink, path(of: name), -result))
    }

    private func write(_ content: QueueContent, to file: Int32, _ name: String) throws(QueueFolderError) {
        if owner != geteuid() {
            let result = calls.give(file, to: owner)
            guard result >= 0 else { throw QueueFolderError(.give, path(of: name), -result) }
        }
        var output = QueueOutput(size: content.size, file, calls, path(of: name))
        try output.append(content.start)
        let head = try output.sum()
        try output.append(content.head)
        try output.append(content.message, from: content.offset)
        try output.append(QueueEndMark(head: head, whole: try output.sum()).encode())
        try output.flush()
    }
}

/// What a file is made of, but for its end mark.
private struct QueueContent {
    let start: [UInt8]
    let head: [UInt8]
    let message: any MessageView
    let offset: Int

    var size: Int { start.count + head.count + message.size - offset + QueueEndMark.byteCount }
}

/// Gathers and sums the bytes of a file: a small mail is one system call.
private struct QueueOutput: ~Copyable {
    private static let largest = 256 * 1024
    private let buffer: UnsafeMutableRawBufferPointer
    private let file: Int32
    private let calls: QueueCalls
    private let path: String
    private var filled = 0
    /// Bytes of the buffer that are in the sum.
    private var summed = 0
    private var written = 0
    private var crc = CRC32C()

    init(size: Int, _ file: Int32, _ calls: QueueCalls, _ path: String) {
        buffer = .allocate(byteCount: min(size, QueueOutput.largest), alignment: 16)
        (self.file, self.calls, self.path) = (file, calls, path)
    }

    deinit { buffer.deallocate() }

    /// Of all bytes so far.
    mutating func sum() throws(QueueFolderError) -> UInt32 {
        crc.add(UnsafeRawBufferPointer(rebasing: buffer[summed..<filled]))
        summed = filled
        return crc.value
    }

    mutating func append(_ bytes: [UInt8]) throws(QueueFolderError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = try room()
            let piece = rest.prefix(room.count)
            room.copyBytes(from: piece)
            filled += piece.count
            rest = rest.dropFirst(piece.count)
        }
    }

    /// The bytes go from the message into the buffer without a stop.
    mutating func append(_ message: any MessageView, from start: Int) throws(QueueFolderError) {
        var offset = start
        while offset < message.size {
            let room = try room()
            let count = try read(
                message, offset, UnsafeMutableRawBufferPointer(rebasing: room.prefix(message.size - offset)))
            filled += count
            offset += count
        }
    }

    private func read(
        _ message: any MessageView, _ offset: Int, _ room: UnsafeMutableRawBufferPointer
    ) throws(QueueFolderError) -> Int {
        var count = 0
        do { count = try message.read(at: offset, into: room) } catch {
            throw QueueFolderError(.system, path, "the message cannot be read: \(error)")
        }
        guard count > 0, count <= room.count else {
            throw QueueFolderError(.system, path, "the message ends at \(offset) of \(message.size) bytes")
        }
        return count
    }

    /// Never empty.
    private mutating func room() throws(QueueFolderError) -> UnsafeMutableRawBufferPointer {
        if filled == buffer.count { try flush() }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
    }

    mutating func flush() throws(QueueFolderError) {
        _ = try sum()
        var done = 0
        while done < filled {
            let count = calls.write(file, UnsafeRawBufferPointer(rebasing: buffer[done..<filled]), at: written + done)
            // A file system that takes nothing and says nothing has no room either.
            guard count > 0 else { throw QueueFolderError(.write, path, count == 0 ? Int(ENOSPC) : -count) }
            done += count
        }
        written += filled
        (filled, summed) = (0, 0)
    }
}
