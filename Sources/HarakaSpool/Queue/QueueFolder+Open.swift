// Opening a queued mail for delivery.

import Glibc
import HarakaQueue
import MailMessage

extension QueueFolder {
    /// Opens a mail and checks all its bytes, unless this process has written them itself.
    /// - Throws: `missing` if it is gone; `damaged` if it is to be set aside
    public func open(_ uuid: String) throws(QueueFolderError) -> StoredMail {
        try check(uuid)
        let file = try openFile(uuid, O_RDONLY)
        let found = try read(file, uuid)
        let reader = QueueMessageReader(file, found)
        let bodyStart = try reader.bodyStart(isChecked: !own.has(uuid))
        return StoredMail(file, found, bodyStart: bodyStart)
    }

    /// Head and records of a mail. Its message is not looked at: `open` does that.
    /// - Throws: `missing` if it is gone; `damaged` if it is to be set aside
    public func look(at uuid: String) throws(QueueFolderError) -> FoundMail {
        try check(uuid)
        var chunk = QueueChunk()
        let found = try chunk.read(try openFile(uuid, O_RDONLY), uuid)
        return FoundMail(mail: found.mail, states: found.states)
    }

    func openFile(_ uuid: String, _ flags: Int32) throws(QueueFolderError) -> QueueDescriptor {
        let opened = calls.open(descriptor, uuid, flags)
        guard opened >= 0 else { throw QueueFolderError(.open, path(of: uuid), -opened) }
        return QueueDescriptor(Int32(opened), calls, path(of: uuid))
    }

    /// Head and records.
    func read(_ file: QueueDescriptor, _ uuid: String) throws(QueueFolderError) -> QueueFile {
        var chunk = QueueChunk()
        return try chunk.read(file, uuid, size: try file.size())
    }
}

/// An open file of the queue, closed with its last owner. Any thread.
final class QueueDescriptor: Sendable {
    let number: Int32
    let calls: QueueCalls
    let path: String

    init(_ number: Int32, _ calls: QueueCalls, _ path: String) {
        (self.number, self.calls, self.path) = (number, calls, path)
    }

    deinit { close(number) }

    func size() throws(QueueFolderError) -> Int {
        var found = stat()
        let result = calls.status(number, &found)
        guard result >= 0 else { throw QueueFolderError(.status, path, -result) }
        guard found.st_mode & S_IFMT == S_IFREG else { throw QueueFolderError(.refused, path, "is not a file") }
        return Int(found.st_size)
    }

    /// As many bytes as there are, at most those of the buffer.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(QueueFolderError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = calls.read(number, rest, at: offset + done)
            guard count >= 0 else { throw QueueFolderError(.read, path, -count) }
            if count == 0 { break }
            done += count
        }
        return done
    }
}

/// The beginning of a file, which mostly is all that has to be read. Used again for the next file.
struct QueueChunk {
    /// Head and records of most mails, and all of a small one.
    static let size = 16 * 1024
    private var bytes = [UInt8](repeating: 0, count: QueueChunk.size)
    /// Of the file at hand.
    private var filled = 0

    /// Head and records of a file.
    /// - Parameter size: nil: not known yet
    mutating func read(
        _ file: QueueDescriptor, _ uuid: String, size known: Int? = nil
    ) throws(QueueFolderError) -> QueueFile {
        filled = try QueueChunk.fill(&bytes, file, at: 0)
        var size = known ?? filled
        if known == nil, filled == bytes.count { size = try file.size() }
        var failure: QueueFolderError?
        let found: QueueFile
        do throws(QueueFileError) {
            found = try QueueFile(size: size) { range in
                if range.upperBound <= filled { return bytes[range] }
                do throws(QueueFolderError) { return try QueueChunk.bytes(range, file) } catch {
                    failure = error
                    return nil
                }
            }
        } catch {
            if let failure { throw failure }
            throw QueueFolderError(.damaged, file.path, error.reason)
        }
        guard found.mail.uuid == uuid else {
            throw QueueFolderError(.damaged, file.path, "it is the file of another mail")
        }
        return found
    }

    private static func bytes(_ range: Range<Int>, _ file: QueueDescriptor) throws(QueueFolderError) -> ArraySlice<
        UInt8
    > {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = try fill(&bytes, file, at: range.lowerBound)
        return bytes[..<count]
    }

    private static func fill(
        _ bytes: inout [UInt8], _ file: QueueDescriptor, at offset: Int
    ) throws(QueueFolderError) -> Int {
        try bytes.withUnsafeMutableBytes { buffer -> Result<Int, QueueFolderError> in
            Result { () throws(QueueFolderError) in try file.read(buffer, at: offset) }
        }.get()
    }
}

/// Looks at the bytes of a message before it is handed out.
struct QueueMessageReader {
    private static let piece = 256 * 1024
    /// A header that has not ended here is not looked at further: all is header then.
    private static let longestHeader = 4 * 1024 * 1024
    private let file: QueueDescriptor
    private let found: QueueFile

    init(_ file: QueueDescriptor, _ found: QueueFile) { (self.file, self.found) = (file, found) }

    /// Where the body begins.
    /// - Parameter isChecked: the sum over all bytes is compared as well
    func bodyStart(isChecked: Bool) throws(QueueFolderError) -> Int {
        let size = found.mail.size
        var header: [UInt8] = []
        var scanner = HeaderScanner()
        var start: Int?
        var sum = found.headSum
        var offset = 0
        while offset < size, isChecked || start == nil {
            let piece = try bytes(
                at: offset, min(size - offset, isChecked ? QueueMessageReader.piece : QueueChunk.size))
            if isChecked { sum.add(piece) }
            if start == nil {
                header.append(contentsOf: piece)
                start = header.withUnsafeBytes { scanner.scan($0)?.bodyStart }
                if header.count > QueueMessageReader.longestHeader { start = size }
            }
            offset += piece.count
        }
        guard !isChecked || sum.value == found.mark.whole else {
            throw QueueFolderError(.damaged, file.path, "the checksum of its message is wrong")
        }
        return start ?? size
    }

    private func bytes(at offset: Int, _ count: Int) throws(QueueFolderError) -> [UInt8] {
        var failure: QueueFolderError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(QueueFolderError) {
                filled = try file.read(UnsafeMutableRawBufferPointer(buffer), at: found.messageStart + offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard bytes.count == count else { throw QueueFolderError(.damaged, file.path, "it ends in its message") }
        return bytes
    }
}
