// Writing down what happened to a mail.

import Glibc
public import HarakaQueue

extension QueueFolder {
    /// Appends records to a mail's file: all of them, or none. Half a record that a power cut left is cut off first.
    /// - Parameter sync: they survive a power cut when this returns. Without, all of them may be lost, never a part of the
    ///   mail: that is enough for an attempt that failed and will be tried again
    /// - Throws: `missing` if the mail is gone, `damaged` if its file is to be set aside
    public func append(_ records: [QueueRecord], to uuid: String, sync: Bool) throws(QueueFolderError) {
        try append(records.flatMap { QueueRecordLine.encode($0) }, uuid, sync)
    }

    func append(_ lines: [UInt8], _ uuid: String, _ sync: Bool) throws(QueueFolderError) {
        try check(uuid)
        try inTurn(uuid) { () throws(QueueFolderError) in
            let file = try openFile(uuid, O_RDWR)
            let end = try repairedEnd(file, uuid)
            do throws(QueueFolderError) {
                try write(lines, file, at: end)
                let result = sync ? calls.syncFile(file.number) : 0
                guard result >= 0 else { throw QueueFolderError(.syncFile, file.path, -result) }
            } catch {
                // Whether those bytes are on disk nobody knows now: they go, and are written anew when it is tried again.
                let result = calls.truncate(file.number, end)
                throw result >= 0 ? error : error.andThen(QueueFolderError(.truncate, file.path, -result))
            }
        }
    }

    private func write(_ lines: [UInt8], _ file: QueueDescriptor, at end: Int) throws(QueueFolderError) {
        var done = 0
        while done < lines.count {
            let count = lines.withUnsafeBytes {
                calls.write(file.number, UnsafeRawBufferPointer(rebasing: $0[done...]), at: end + done)
            }
            guard count > 0 else { throw QueueFolderError(.write, file.path, count == 0 ? Int(ENOSPC) : -count) }
            done += count
        }
    }

    /// Where the next record belongs. Mostly one look at the last line says that nothing is torn.
    private func repairedEnd(_ file: QueueDescriptor, _ uuid: String) throws(QueueFolderError) -> Int {
        let size = try file.size()
        if try endsWhole(file, size) { return size }
        let found = try read(file, uuid)
        if found.hasTornTail {
            let result = calls.truncate(file.number, found.end)
            guard result >= 0 else { throw QueueFolderError(.truncate, file.path, -result) }
        }
        return found.end
    }

    private func endsWhole(_ file: QueueDescriptor, _ size: Int) throws(QueueFolderError) -> Bool {
        var failure: QueueFolderError?
        let start = max(size - 2048, 0)
        let tail = [UInt8](unsafeUninitializedCapacity: size - start) { buffer, filled in
            do throws(QueueFolderError) {
                filled = try file.read(UnsafeMutableRawBufferPointer(buffer), at: start)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return QueueRecordLine.endsWhole(tail)
    }
}
